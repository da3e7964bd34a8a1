"""Tables of the telemetry store. In PostgreSQL they lie beside the control store's, in SQLite in their own file."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, Table

from serinus.adapters.schema import NAMING, number, project_column, text

telemetry = MetaData(naming_convention=NAMING)

offsets = Table(
    "shipped_offset",
    telemetry,
    project_column(),
    text("spool"),
    number("bytes"),
    PrimaryKeyConstraint("project_id", "spool"),
)

enrolments = Table(
    "enrolled_unit",
    telemetry,
    project_column(),
    text("release"),
    Column("unit", LargeBinary, nullable=False),
    Column("arm", Integer, nullable=False),
    Column("stratum", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    PrimaryKeyConstraint("project_id", "release", "unit"),
    sqlite_with_rowid=False,
)

# Squares outgrow 64 bits (a latency in µs squared is 10¹⁷ already) and SQLite has no wider integer: it would go on in
# floating point without a word. So they are kept in two 64-bit limbs, high × 2³² + low, which are both incremented;
# `low` has room for 2³¹ additions.
sums = Table(
    "evidence_sum",
    telemetry,
    project_column(),
    text("release"),
    Column("stratum", Integer, nullable=False),
    text("metric"),
    Column("arm", Integer, nullable=False),
    Column("bucket", Integer, nullable=False),
    number("count"),
    number("total"),
    number("squares_high"),
    number("squares_low"),
    PrimaryKeyConstraint("project_id", "release", "stratum", "metric", "arm", "bucket"),
    sqlite_with_rowid=False,
)

# Bucket −1 holds the spread over all buckets, which grows with each: so the tick reads one row, not 256. Products have
# limbs as squares have above.
unit_sums = Table(
    "unit_sum",
    telemetry,
    project_column(),
    text("release"),
    Column("bucket", Integer, nullable=False),
    Column("stratum", Integer, nullable=False),
    text("metric"),
    Column("arm", Integer, nullable=False),
    number("calls"),
    number("total"),
    number("squares_high"),
    number("squares_low"),
    number("products_high"),
    number("products_low"),
    number("call_squares"),
    PrimaryKeyConstraint("project_id", "release", "bucket", "stratum", "metric", "arm"),
    sqlite_with_rowid=False,
)

rollups = Table(
    "traffic_rollup",
    telemetry,
    project_column(),
    text("host"),
    Column("width_s", Integer, nullable=False),
    number("start_us"),
    text("app"),
    text("release"),
    Column("stratum", Integer, nullable=False),
    Column("arm", Integer, nullable=False),
    text("version"),
    number("requests"),
    text("events"),
    number("tokens_in"),
    number("tokens_out"),
    number("cost_nano"),
    Column("latency", LargeBinary, nullable=False),
    Column("ttft", LargeBinary, nullable=False),
    number("streams", 0),
    number("stream_tokens", 0),
    number("stream_us", 0),
    number("priced", 0),
    Column("event_parts", LargeBinary),
    PrimaryKeyConstraint("project_id", "host", "width_s", "start_us", "app", "release", "stratum", "arm", "version"),
    Index(None, "project_id", "release", "width_s", "start_us"),
    Index(None, "project_id", "app", "width_s", "start_us"),
    Index(None, "project_id", "width_s", "start_us"),
)

notes = Table(
    "note",
    telemetry,
    project_column(),
    Column("key", LargeBinary, nullable=False),
    number("at_us"),
    PrimaryKeyConstraint("project_id", "key"),
    Index(None, "project_id", "at_us"),
    sqlite_with_rowid=False,
)

pairs = Table(
    "paired_unit",
    telemetry,
    project_column(),
    text("release"),
    Column("unit", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project_id", "release", "unit"),
    sqlite_with_rowid=False,
)

# One row for each unit whose label is awaited, from its enrolment on; value −1: none has come. The tick reads on from
# where it stood, in the order of exposure.
labels = Table(
    "awaited_label",
    telemetry,
    project_column(),
    text("release"),
    text("metric"),
    Column("unit", LargeBinary, nullable=False),
    number("exposed_at_us"),
    Column("stratum", Integer, nullable=False),
    Column("arm", Integer, nullable=False),
    Column("value", Integer, nullable=False),
    number("at_us"),
    PrimaryKeyConstraint("project_id", "release", "metric", "unit"),
    Index(None, "project_id", "release", "metric", "exposed_at_us", "unit"),
    sqlite_with_rowid=False,
)

# What was raised about calls and the control plane has not taken in yet: empty most of the time.
raised_suspicions = Table(
    "raised_suspicion",
    telemetry,
    project_column(),
    text("call"),
    text("kind"),
    text("by"),
    text("app"),
    text("release"),
    Column("arm", Integer, nullable=False),
    text("category"),
    number("at_us"),
    PrimaryKeyConstraint("project_id", "call", "kind", "by"),
    Index(None, "project_id", "at_us"),
)

# Whose units are forgotten: one short row for each release that ended long ago, for good.
pruned_releases = Table(
    "pruned_release",
    telemetry,
    project_column(),
    text("release"),
    number("at_us"),
    PrimaryKeyConstraint("project_id", "release"),
    sqlite_with_rowid=False,
)

# One row for each minute in which scores of a metric came for an arm: the tick adds up a window of them.
score_sums = Table(
    "score_sum",
    telemetry,
    project_column(),
    text("release"),
    text("metric"),
    Column("arm", Integer, nullable=False),
    number("start_us"),
    text("app"),
    number("count"),
    number("total"),
    number("squares"),
    PrimaryKeyConstraint("project_id", "release", "metric", "arm", "start_us", "app"),
    Index(None, "project_id", "app", "metric", "start_us"),
    Index(None, "project_id", "start_us"),
    sqlite_with_rowid=False,
)

# The newest answer of a candidate that broke a rule with zero tolerance: for each rule one row, which names the call.
broken_rules = Table(
    "broken_rule",
    telemetry,
    project_column(),
    text("release"),
    Column("arm", Integer, nullable=False),
    text("rule"),
    number("at_us"),
    text("call"),
    text("version"),
    PrimaryKeyConstraint("project_id", "release", "arm", "rule"),
    sqlite_with_rowid=False,
)

hosts = Table(
    "host_report",
    telemetry,
    project_column(),
    text("host"),
    text("document"),
    PrimaryKeyConstraint("project_id", "host"),
)
