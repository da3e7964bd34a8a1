"""Which part of units the events of a minute come from. Rows of an older agent have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0013"
down_revision = "telemetry_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("traffic_rollup", sa.Column("event_parts", sa.LargeBinary))
