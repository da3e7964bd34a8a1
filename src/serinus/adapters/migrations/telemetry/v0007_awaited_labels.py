"""Whose labels are awaited, and which came: scores of units are compared in the order of exposure."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0007"
down_revision = "telemetry_0006"
branch_labels = None
depends_on = None

_ORDER = ("project_id", "release", "metric", "exposed_at_us", "unit")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "awaited_label",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("unit", sa.LargeBinary, nullable=False),
        sa.Column("exposed_at_us", sa.BigInteger, nullable=False),
        sa.Column("stratum", sa.Integer, nullable=False),
        sa.Column("arm", sa.Integer, nullable=False),
        sa.Column("value", sa.Integer, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "release", "metric", "unit", name="pk_awaited_label"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_awaited_label_project_id_release_metric_exposed_at_us_unit", "awaited_label", list(_ORDER))
