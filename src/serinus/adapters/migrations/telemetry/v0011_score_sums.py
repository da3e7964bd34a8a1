"""What scores add up to by minute and arm: limits and monitors on a mean read a window of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0011"
down_revision = "telemetry_0010"
branch_labels = None
depends_on = None

_COUNTED = ("count", "total", "squares")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "score_sum",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("arm", sa.Integer, nullable=False),
        sa.Column("start_us", sa.BigInteger, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _COUNTED),
        sa.PrimaryKeyConstraint("project_id", "release", "metric", "arm", "start_us", "app", name="pk_score_sum"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_score_sum_project_id_app_metric_start_us", "score_sum", ["project_id", "app", "metric", "start_us"]
    )
    op.create_index("ix_score_sum_project_id_start_us", "score_sum", ["project_id", "start_us"])
