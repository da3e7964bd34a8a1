"""Approvals; and a rejected release makes room for the next one of its app."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0005"
down_revision = "control_0004"
branch_labels = None
depends_on = None

ACTIVE = "(state NOT IN ('aborted', 'promoted', 'rejected', 'rolled_back'))"


def upgrade() -> None:
    """Create `approval`; build the index of active releases anew, with the new final state."""
    op.create_table(
        "approval",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("stage", sa.BigInteger, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "release", "stage", "evidence", "role", "identity", "verdict", name="pk_approval"
        ),
    )
    op.drop_index("uq_release_active", "release")
    op.create_index(
        "uq_release_active",
        "release",
        ["project_id", "app"],
        unique=True,
        sqlite_where=sa.text(ACTIVE),
        postgresql_where=sa.text(ACTIVE),
    )
