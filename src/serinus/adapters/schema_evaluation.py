"""Tables of evaluation: what is evaluated with and the work to do (control store), and what is kept of runs."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, MetaData, PrimaryKeyConstraint, Table

from serinus.adapters.schema import NAMING, control, number, project_column, text

data_sets = Table(
    "data_set",
    control,
    project_column(),
    text("app"),
    text("digest"),
    number("ordinal"),
    number("cases"),
    number("size_bytes"),
    number("created_at_us"),
    text("created_by"),
    Column("packed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project_id", "app", "digest"),
)

suites = Table(
    "suite",
    control,
    project_column(),
    number("ordinal"),
    text("app"),
    text("name"),
    text("digest"),
    Column("content", LargeBinary, nullable=False),
    number("created_at_us"),
    text("created_by"),
    PrimaryKeyConstraint("project_id", "ordinal"),
    Index(None, "project_id", "app", "name", "ordinal"),
    Index(None, "project_id", "app", "digest"),
)

jobs = Table(
    "job",
    control,
    project_column(),
    text("key"),
    text("kind"),
    Column("payload", LargeBinary, nullable=False),
    number("enqueued_at_us"),
    number("visible_at_us"),
    number("attempts"),
    text("holder"),
    number("done_at_us"),
    text("fault"),
    PrimaryKeyConstraint("project_id", "key"),
    Index(None, "project_id", "done_at_us", "visible_at_us"),
)

stage_results = Table(
    "stage_result",
    control,
    project_column(),
    text("release"),
    number("stage"),
    number("attempt"),
    text("outcome"),
    text("text"),
    text("evidence_digest"),
    text("evidence"),
    number("at_us"),
    PrimaryKeyConstraint("project_id", "release", "stage", "attempt"),
)

evaluation = MetaData(naming_convention=NAMING)

results = Table(
    "evaluation_result",
    evaluation,
    project_column(),
    text("target"),
    text("case_digest"),
    number("repeat"),
    Column("answer", LargeBinary, nullable=False),
    Column("scores", LargeBinary, nullable=False),
    number("at_us"),
    PrimaryKeyConstraint("project_id", "target", "case_digest", "repeat"),
    Index(None, "project_id", "at_us"),
    sqlite_with_rowid=False,
)
