"""How many calls the cost is of: for the mean. Rows of an older agent have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0004"
down_revision = "telemetry_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("traffic_rollup", sa.Column("priced", sa.BigInteger, nullable=False, server_default="0"))
