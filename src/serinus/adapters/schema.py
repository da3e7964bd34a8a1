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


def text(name: str) -> Column[str]:
    """A text that is always there."""
    return Column(name, Text, nullable=False)


def number(name: str) -> Column[int]:
    """A 64-bit integer that is always there."""
    return Column(name, BigInteger, nullable=False)


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
    PrimaryKeyConstraint("project_id", "id"),
    UniqueConstraint("project_id", "release", "seq", "kind", "subject"),
    Index(None, "project_id", "delivered_at_us", "id"),
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
