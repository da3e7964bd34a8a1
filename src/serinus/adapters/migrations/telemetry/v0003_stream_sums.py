"""How fast streams were: for limits on tokens per second. Rows of an older agent have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0003"
down_revision = "telemetry_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    for name in ("streams", "stream_tokens", "stream_us"):
        op.add_column("traffic_rollup", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
