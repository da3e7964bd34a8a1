"""Which units have a pair in a release: one pair of each counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0005"
down_revision = "telemetry_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "paired_unit",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("unit", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "release", "unit", name="pk_paired_unit"),
        sqlite_with_rowid=False,
    )
