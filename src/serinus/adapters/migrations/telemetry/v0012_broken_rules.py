"""Which rules with zero tolerance the answers of a release broke, and the newest call of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0012"
down_revision = "telemetry_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "broken_rule",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("arm", sa.Integer, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "release", "arm", "rule", name="pk_broken_rule"),
        sqlite_with_rowid=False,
    )
