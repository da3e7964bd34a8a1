"""Answers and scores that are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "evaluation_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "evaluation_result",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("case_digest", sa.Text, nullable=False),
        sa.Column("repeat", sa.BigInteger, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("scores", sa.LargeBinary, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "target", "case_digest", "repeat", name="pk_evaluation_result"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_evaluation_result_project_id_at_us", "evaluation_result", ["project_id", "at_us"])
