"""The first tables of the telemetry store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "enrolled_unit",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("unit", sa.LargeBinary, nullable=False),
        sa.Column("arm", sa.Integer, nullable=False),
        sa.Column("stratum", sa.Integer, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "release", "unit", name="pk_enrolled_unit"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "evidence_sum",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("stratum", sa.Integer, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("arm", sa.Integer, nullable=False),
        sa.Column("bucket", sa.Integer, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("squares_high", sa.BigInteger, nullable=False),
        sa.Column("squares_low", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "release", "stratum", "metric", "arm", "bucket", name="pk_evidence_sum"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "host_report",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "host", name="pk_host_report"),
    )
    op.create_table(
        "shipped_offset",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("spool", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "spool", name="pk_shipped_offset"),
    )
    op.create_table(
        "traffic_rollup",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("width_s", sa.Integer, nullable=False),
        sa.Column("start_us", sa.BigInteger, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("stratum", sa.Integer, nullable=False),
        sa.Column("arm", sa.Integer, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("tokens_in", sa.BigInteger, nullable=False),
        sa.Column("tokens_out", sa.BigInteger, nullable=False),
        sa.Column("cost_nano", sa.BigInteger, nullable=False),
        sa.Column("latency", sa.LargeBinary, nullable=False),
        sa.Column("ttft", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id",
            "host",
            "width_s",
            "start_us",
            "app",
            "release",
            "stratum",
            "arm",
            "version",
            name="pk_traffic_rollup",
        ),
    )
    op.create_index(
        "ix_traffic_rollup_project_id_app_width_s_start_us",
        "traffic_rollup",
        ["project_id", "app", "width_s", "start_us"],
    )
    op.create_index(
        "ix_traffic_rollup_project_id_release_width_s_start_us",
        "traffic_rollup",
        ["project_id", "release", "width_s", "start_us"],
    )
    op.create_index(
        "ix_traffic_rollup_project_id_width_s_start_us", "traffic_rollup", ["project_id", "width_s", "start_us"]
    )
