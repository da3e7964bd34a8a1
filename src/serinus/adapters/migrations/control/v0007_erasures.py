"""Whose kept texts are to be gone, so that none comes back from a host that ships late."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0007"
down_revision = "control_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `erasure`."""
    op.create_table(
        "erasure",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "unit", name="pk_erasure"),
    )
