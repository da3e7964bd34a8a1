"""Incidents: what remains to be done after a candidate was taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0011"
down_revision = "control_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create `incident`."""
    op.create_table(
        "incident",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("ordinal", sa.BigInteger, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("open", sa.Integer, nullable=False),
        sa.Column("opened_at_us", sa.BigInteger, nullable=False),
        sa.Column("next_at_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_incident"),
        sa.UniqueConstraint("project_id", "ordinal", name="uq_incident_project_id_ordinal"),
    )
    op.create_index("ix_incident_project_id_open_next_at_us", "incident", ["project_id", "open", "next_at_us"])
    op.create_index("ix_incident_project_id_app_ordinal", "incident", ["project_id", "app", "ordinal"])
