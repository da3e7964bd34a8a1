"""Sums of cost and tokens over buckets of units: guardrails compare their ratios."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0006"
down_revision = "telemetry_0005"
branch_labels = None
depends_on = None

_KEY = ("project_id", "release", "bucket", "stratum", "metric", "arm")
_COUNTED = ("calls", "total", "squares_high", "squares_low", "products_high", "products_low", "call_squares")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "unit_sum",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("bucket", sa.Integer, nullable=False),
        sa.Column("stratum", sa.Integer, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("arm", sa.Integer, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _COUNTED),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_unit_sum"),
        sqlite_with_rowid=False,
    )
