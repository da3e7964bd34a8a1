"""Tables of the control store. `project_id` is in every key; a `document` is the JSON of a core value."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    event,
)

from serinus.adapters.schema_audit import guard_audit
from serinus.core.release.table import FINAL

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}

control = MetaData(naming_convention=NAMING)


def project_column() -> Column[str]:
    """The project that a row belongs to: first in every key."""
    return Column("project_id", Text, nullable=False)


def text(name: str, default: str | None = None) -> Column[str]:
    """A text that is always there. `default` is for rows that an older Serinus writes."""
    return Column(name, Text, nullable=False, server_default=default)


def number(name: str, default: int | None = None) -> Column[int]:
    """A 64-bit integer that is always there. `default` is for rows that an older Serinus writes."""
    return Column(name, BigInteger, nullable=False, server_default=None if default is None else str(default))


secrets = Table(
    "project_secret",
    control,
    project_column(),
    text("mac_key"),
    text("pseudonym_key"),
    text("pseudonym_key_id"),
    number("created_at_us"),
    PrimaryKeyConstraint("project_id"),
)

apps = Table(
    "app",
    control,
    project_column(),
    text("name"),
    text("document"),
    PrimaryKeyConstraint("project_id", "name"),
)

endpoints = Table(
    "endpoint",
    control,
    project_column(),
    text("name"),
    text("document"),
    PrimaryKeyConstraint("project_id", "name"),
)

# Equal content may be pushed to several apps, so a digest is a key only within its app.
versions = Table(
    "version",
    control,
    project_column(),
    text("app"),
    text("digest"),
    number("ordinal"),
    text("behaviour"),
    text("name"),
    Column("content", LargeBinary, nullable=False),
    number("created_at_us"),
    text("created_by"),
    number("was_live_at_us"),
    PrimaryKeyConstraint("project_id", "app", "digest"),
    UniqueConstraint("project_id", "ordinal"),
    UniqueConstraint("project_id", "app", "name"),
    Index(None, "project_id", "digest"),
)

version_numbers = Table(
    "version_number",
    control,
    project_column(),
    text("app"),
    text("week"),
    number("last"),
    PrimaryKeyConstraint("project_id", "app", "week"),
)

releases = Table(
    "release",
    control,
    project_column(),
    text("id"),
    number("ordinal"),
    text("app"),
    text("state"),
    number("seq"),
    text("document"),
    PrimaryKeyConstraint("project_id", "id"),
    UniqueConstraint("project_id", "ordinal"),
)


def active() -> ColumnElement[bool]:
    """A release that has not ended. The order of states is fixed: the text is part of the schema."""
    return releases.c.state.not_in(sorted(state.value for state in FINAL))


# H6: at most one active release per app.
Index(
    "uq_release_active",
    releases.c.project_id,
    releases.c.app,
    unique=True,
    sqlite_where=active(),
    postgresql_where=active(),
)

progress = Table(
    "release_progress",
    control,
    project_column(),
    text("release_id"),
    text("document"),
    PrimaryKeyConstraint("project_id", "release_id"),
)

snapshots = Table(
    "snapshot",
    control,
    project_column(),
    number("revision"),
    Column("raw", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project_id", "revision"),
)

leaders = Table(
    "leader",
    control,
    project_column(),
    text("holder"),
    number("epoch"),
    number("beat"),
    PrimaryKeyConstraint("project_id"),
)

audit = Table(
    "audit_entry",
    control,
    project_column(),
    number("seq"),
    number("at_us"),
    text("actor"),
    text("action"),
    text("subject"),
    text("before"),
    text("after"),
    text("reason"),
    text("evidence_digest"),
    text("previous"),
    text("hash"),
    text("evidence"),
    PrimaryKeyConstraint("project_id", "seq"),
    UniqueConstraint("project_id", "previous"),
    Index(None, "project_id", "subject", "seq"),
)
event.listen(audit, "after_create", guard_audit)

outbox = Table(
    "outbox_notice",
    control,
    project_column(),
    number("id"),
    text("release"),
    number("seq"),
    text("kind"),
    text("subject"),
    text("body"),
    number("at_us"),
    number("delivered_at_us"),
    text("app", ""),
    text("actor", ""),
    number("routed_at_us", 0),
    number("acknowledge_by_us", 0),
    number("acknowledged_at_us", 0),
    text("acknowledged_by", ""),
    number("escalated_at_us", 0),
    PrimaryKeyConstraint("project_id", "id"),
    UniqueConstraint("project_id", "release", "seq", "kind", "subject"),
    Index(None, "project_id", "delivered_at_us", "id"),
    Index(None, "project_id", "routed_at_us", "id"),
    Index("ix_outbox_notice_unseen", "project_id", "acknowledged_at_us", "escalated_at_us", "acknowledge_by_us"),
)

deliveries = Table(
    "outbox_delivery",
    control,
    project_column(),
    number("notice"),
    text("target"),
    text("route"),
    number("next_at_us"),
    number("attempts"),
    number("delivered_at_us"),
    text("fault"),
    PrimaryKeyConstraint("project_id", "notice", "target"),
    Index(None, "project_id", "next_at_us"),
)

signatures = Table(
    "version_signature",
    control,
    project_column(),
    text("app"),
    text("digest"),
    text("key_id"),
    text("public_key"),
    text("signature"),
    number("signed_at_us"),
    text("signed_by"),
    PrimaryKeyConstraint("project_id", "app", "digest", "key_id"),
)

approvals = Table(
    "approval",
    control,
    project_column(),
    text("release"),
    number("stage"),
    text("evidence"),
    text("role"),
    text("identity"),
    text("actor"),
    text("verdict"),
    text("version"),
    text("reason"),
    number("at_us"),
    PrimaryKeyConstraint("project_id", "release", "stage", "evidence", "role", "identity", "verdict"),
)

newest_readings = Table(
    "monitor_newest",
    control,
    project_column(),
    text("app"),
    text("monitor"),
    text("subject"),
    number("at_us"),
    text("document"),
    PrimaryKeyConstraint("project_id", "app", "monitor", "subject"),
)

monitor_readings = Table(
    "monitor_reading",
    control,
    project_column(),
    number("id"),
    text("app"),
    text("monitor"),
    text("subject"),
    text("release"),
    number("at_us"),
    text("document"),
    PrimaryKeyConstraint("project_id", "id"),
    Index("ix_monitor_reading_of", "project_id", "app", "monitor", "id"),
    Index(None, "project_id", "at_us"),
)

api_keys = Table(
    "api_key",
    control,
    project_column(),
    text("id"),
    text("sha256"),
    number("revoked_at_us"),
    text("document"),
    PrimaryKeyConstraint("project_id", "id"),
    UniqueConstraint("project_id", "sha256"),
)

remembered = Table(
    "idempotency_key",
    control,
    project_column(),
    text("key"),
    text("request_digest"),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    number("at_us"),
    PrimaryKeyConstraint("project_id", "key"),
    Index(None, "project_id", "at_us"),
)

erasures = Table(
    "erasure",
    control,
    project_column(),
    text("unit"),
    number("at_us"),
    PrimaryKeyConstraint("project_id", "unit"),
)

freezes = Table(
    "project_freeze",
    control,
    project_column(),
    text("document"),
    PrimaryKeyConstraint("project_id"),
)

waiting_releases = Table(
    "waiting_release",
    control,
    project_column(),
    text("app"),
    text("document"),
    PrimaryKeyConstraint("project_id", "app"),
)

suspicions = Table(
    "suspicion",
    control,
    project_column(),
    text("id"),
    number("ordinal"),
    text("app"),
    text("release"),
    Column("holds", Integer, nullable=False),
    Column("open", Integer, nullable=False),
    Column("pending", Integer, nullable=False),
    number("raised_at_us"),
    text("document"),
    PrimaryKeyConstraint("project_id", "id"),
    UniqueConstraint("project_id", "ordinal"),
    Index(None, "project_id", "open"),
    Index(None, "project_id", "app", "ordinal"),
    Index(None, "project_id", "release", "ordinal"),
)

cached_answers = Table(
    "cached_answer",
    control,
    project_column(),
    text("id"),
    number("ordinal"),
    text("app"),
    text("version"),
    text("behaviour"),
    text("unit"),
    Column("approved", Integer, nullable=False),
    Column("from_call", Integer, nullable=False),
    number("proposed_at_us"),
    text("document"),
    PrimaryKeyConstraint("project_id", "id"),
    UniqueConstraint("project_id", "ordinal"),
    Index(None, "project_id", "app", "ordinal"),
    Index(None, "project_id", "unit"),
)
