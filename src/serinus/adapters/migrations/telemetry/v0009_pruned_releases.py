"""Which releases' units are forgotten: what comes late of them counts no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0009"
down_revision = "telemetry_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "pruned_release",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "release", name="pk_pruned_release"),
        sqlite_with_rowid=False,
    )
