"""Data sets, suites, jobs for workers, and the results of stages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0004"
down_revision = "control_0003"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "data_set",
        *(_text("project_id"), _text("app"), _text("digest"), _number("ordinal"), _number("cases")),
        *(_number("size_bytes"), _number("created_at_us"), _text("created_by")),
        sa.Column("packed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "app", "digest", name="pk_data_set"),
    )
    op.create_table(
        "suite",
        *(_text("project_id"), _number("ordinal"), _text("app"), _text("name"), _text("digest")),
        sa.Column("content", sa.LargeBinary, nullable=False),
        *(_number("created_at_us"), _text("created_by")),
        sa.PrimaryKeyConstraint("project_id", "ordinal", name="pk_suite"),
    )
    op.create_index("ix_suite_project_id_app_name_ordinal", "suite", ["project_id", "app", "name", "ordinal"])
    op.create_index("ix_suite_project_id_app_digest", "suite", ["project_id", "app", "digest"])
    op.create_table(
        "job",
        *(_text("project_id"), _text("key"), _text("kind")),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        *(_number("enqueued_at_us"), _number("visible_at_us"), _number("attempts"), _text("holder")),
        *(_number("done_at_us"), _text("fault")),
        sa.PrimaryKeyConstraint("project_id", "key", name="pk_job"),
    )
    op.create_index("ix_job_project_id_done_at_us_visible_at_us", "job", ["project_id", "done_at_us", "visible_at_us"])
    op.create_table(
        "stage_result",
        *(_text("project_id"), _text("release"), _number("stage"), _number("attempt"), _text("outcome")),
        *(_text("text"), _text("evidence_digest"), _text("evidence"), _number("at_us")),
        sa.PrimaryKeyConstraint("project_id", "release", "stage", "attempt", name="pk_stage_result"),
    )
