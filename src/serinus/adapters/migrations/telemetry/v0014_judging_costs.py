"""What of a judgement's cost is estimated, and the last error of each live judge."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0014"
down_revision = "telemetry_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("judgement", sa.Column("estimated_nano", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "judging_trouble",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("judge", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "app", "metric", "judge", name="pk_judging_trouble"),
        sqlite_with_rowid=False,
    )
