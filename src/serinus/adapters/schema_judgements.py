"""Tables of live judgements, in the telemetry store."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table

from serinus.adapters.schema import number, project_column, text
from serinus.adapters.schema_telemetry import telemetry

# `settled_at_us` 0: it waits. `value` is in millionths of the scale, −1 for none. `unlogged` 1: it is scored and not in
# the event log yet.
judgements = Table(
    "judgement",
    telemetry,
    project_column(),
    Column("call", LargeBinary, nullable=False),
    text("metric"),
    text("judge"),
    text("app"),
    text("release"),
    Column("arm", Integer, nullable=False),
    Column("unit", LargeBinary, nullable=False),
    number("begun_at_us"),
    number("sampled_at_us"),
    Column("share", Float, nullable=False),
    number("visible_at_us"),
    Column("attempts", Integer, nullable=False),
    text("holder"),
    number("settled_at_us"),
    Column("value", Integer, nullable=False),
    text("label"),
    text("reason"),
    text("evidence"),
    number("cost_nano"),
    Column("unlogged", Integer, nullable=False),
    number("estimated_nano", 0),
    PrimaryKeyConstraint("project_id", "call", "metric", "judge"),
    Index("ix_judgement_begun", "project_id", "begun_at_us"),
    Index("ix_judgement_settled", "project_id", "app", "settled_at_us", "begun_at_us"),
    Index("ix_judgement_unlogged", "project_id", "unlogged"),
    Index("ix_judgement_unit", "project_id", "unit"),
    Index("ix_judgement_holder", "project_id", "holder"),
    sqlite_with_rowid=False,
)

troubles = Table(
    "judging_trouble",
    telemetry,
    project_column(),
    text("app"),
    text("metric"),
    text("judge"),
    text("what"),
    number("at_us"),
    PrimaryKeyConstraint("project_id", "app", "metric", "judge"),
    sqlite_with_rowid=False,
)

looks = Table(
    "judgement_look",
    telemetry,
    project_column(),
    text("spool"),
    number("bytes"),
    number("at_us"),
    PrimaryKeyConstraint("project_id", "spool"),
    sqlite_with_rowid=False,
)
