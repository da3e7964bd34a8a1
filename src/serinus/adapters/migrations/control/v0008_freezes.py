"""The freeze of a project, and releases that wait to be started."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0008"
down_revision = "control_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `project_freeze` and `waiting_release`."""
    op.create_table(
        "project_freeze",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_project_freeze"),
    )
    op.create_table(
        "waiting_release",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "app", name="pk_waiting_release"),
    )
