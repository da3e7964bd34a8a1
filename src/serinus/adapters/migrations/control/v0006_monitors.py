"""Readings of monitors: the newest of each, and their history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0006"
down_revision = "control_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `monitor_newest` and `monitor_reading`."""
    op.create_table(
        "monitor_newest",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("monitor", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "app", "monitor", "subject", name="pk_monitor_newest"),
    )
    op.create_table(
        "monitor_reading",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("monitor", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_monitor_reading"),
    )
    op.create_index("ix_monitor_reading_of", "monitor_reading", ["project_id", "app", "monitor", "id"])
    op.create_index("ix_monitor_reading_project_id_at_us", "monitor_reading", ["project_id", "at_us"])
