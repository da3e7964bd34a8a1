"""Signatures of versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0003"
down_revision = "control_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "version_signature",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("public_key", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("signed_at_us", sa.BigInteger, nullable=False),
        sa.Column("signed_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "app", "digest", "key_id", name="pk_version_signature"),
    )
