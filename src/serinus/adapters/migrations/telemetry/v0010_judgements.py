"""Live judgements: sampled calls that wait for a judge, and what came of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "telemetry_0010"
down_revision = "telemetry_0009"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_judgement_begun": ("begun_at_us",),
    "ix_judgement_settled": ("app", "settled_at_us", "begun_at_us"),
    "ix_judgement_unlogged": ("unlogged",),
    "ix_judgement_unit": ("unit",),
    "ix_judgement_holder": ("holder",),
}


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "judgement",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("call", sa.LargeBinary, nullable=False),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("judge", sa.Text, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("arm", sa.Integer, nullable=False),
        sa.Column("unit", sa.LargeBinary, nullable=False),
        sa.Column("begun_at_us", sa.BigInteger, nullable=False),
        sa.Column("sampled_at_us", sa.BigInteger, nullable=False),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("visible_at_us", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("settled_at_us", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Integer, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("cost_nano", sa.BigInteger, nullable=False),
        sa.Column("unlogged", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "call", "metric", "judge", name="pk_judgement"),
        sqlite_with_rowid=False,
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, "judgement", ["project_id", *columns])
    op.create_table(
        "judgement_look",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("spool", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "spool", name="pk_judgement_look"),
        sqlite_with_rowid=False,
    )
