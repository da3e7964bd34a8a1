"""Suspicions that were raised about calls, and wait to be taken in by the control plane."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0008"
down_revision = "telemetry_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "raised_suspicion",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("arm", sa.Integer, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "call", "kind", "by", name="pk_raised_suspicion"),
    )
    op.create_index("ix_raised_suspicion_project_id_at_us", "raised_suspicion", ["project_id", "at_us"])
