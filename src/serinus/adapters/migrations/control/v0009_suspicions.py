"""Suspicions about answers, and what people answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0009"
down_revision = "control_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `suspicion`."""
    op.create_table(
        "suspicion",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("ordinal", sa.BigInteger, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("holds", sa.Integer, nullable=False),
        sa.Column("open", sa.Integer, nullable=False),
        sa.Column("pending", sa.Integer, nullable=False),
        sa.Column("raised_at_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_suspicion"),
        sa.UniqueConstraint("project_id", "ordinal", name="uq_suspicion_project_id_ordinal"),
    )
    op.create_index("ix_suspicion_project_id_open", "suspicion", ["project_id", "open"])
    op.create_index("ix_suspicion_project_id_app_ordinal", "suspicion", ["project_id", "app", "ordinal"])
    op.create_index("ix_suspicion_project_id_release_ordinal", "suspicion", ["project_id", "release", "ordinal"])
