"""Notices know whom they were told to and whether somebody has seen them.

The outbox is built anew with its rows: SQLite can add a column only behind the constraints, which would leave a table
that reads differently from a new one. Notices from before count as told: nobody wants a month of old news at once.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0002"
down_revision = "control_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rebuild `outbox_notice`, create `outbox_delivery`."""
    rows = [dict(row) for row in op.get_bind().execute(sa.text("SELECT * FROM outbox_notice")).mappings()]
    op.drop_table("outbox_notice")
    outbox = op.create_table(
        "outbox_notice",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("delivered_at_us", sa.BigInteger, nullable=False),
        sa.Column("app", sa.Text, nullable=False, server_default=""),
        sa.Column("actor", sa.Text, nullable=False, server_default=""),
        sa.Column("routed_at_us", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("acknowledge_by_us", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("acknowledged_at_us", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("acknowledged_by", sa.Text, nullable=False, server_default=""),
        sa.Column("escalated_at_us", sa.BigInteger, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_outbox_notice"),
        sa.UniqueConstraint(
            "project_id",
            "release",
            "seq",
            "kind",
            "subject",
            name="uq_outbox_notice_project_id_release_seq_kind_subject",
        ),
    )
    unseen = ("project_id", "acknowledged_at_us", "escalated_at_us", "acknowledge_by_us")
    op.create_index("ix_outbox_notice_unseen", "outbox_notice", unseen)
    for name in ("delivered_at_us", "routed_at_us"):
        op.create_index(f"ix_outbox_notice_project_id_{name}_id", "outbox_notice", ["project_id", name, "id"])
    op.bulk_insert(outbox, [{**row, "routed_at_us": row["at_us"], "delivered_at_us": row["at_us"]} for row in rows])
    op.create_table(
        "outbox_delivery",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("notice", sa.BigInteger, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("next_at_us", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("delivered_at_us", sa.BigInteger, nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "notice", "target", name="pk_outbox_delivery"),
    )
    op.create_index("ix_outbox_delivery_project_id_next_at_us", "outbox_delivery", ["project_id", "next_at_us"])
