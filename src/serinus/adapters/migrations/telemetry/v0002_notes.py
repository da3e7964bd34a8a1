"""Keys that were seen once: an event that several scores report counts once in rollups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0002"
down_revision = "telemetry_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "note",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "key", name="pk_note"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_note_project_id_at_us", "note", ["project_id", "at_us"])
