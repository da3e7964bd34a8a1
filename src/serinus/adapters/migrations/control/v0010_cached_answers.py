"""Answers that may stand in where no version answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0010"
down_revision = "control_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `cached_answer`."""
    op.create_table(
        "cached_answer",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("ordinal", sa.BigInteger, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("behaviour", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("approved", sa.Integer, nullable=False),
        sa.Column("from_call", sa.Integer, nullable=False),
        sa.Column("proposed_at_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_cached_answer"),
        sa.UniqueConstraint("project_id", "ordinal", name="uq_cached_answer_project_id_ordinal"),
    )
    op.create_index("ix_cached_answer_project_id_app_ordinal", "cached_answer", ["project_id", "app", "ordinal"])
    op.create_index("ix_cached_answer_project_id_unit", "cached_answer", ["project_id", "unit"])
