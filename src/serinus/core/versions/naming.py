"""What people see as the name of a version: its name with its state as suffix (B3). Keys are digests, never labels."""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REJECTED = "REJECTED-"
_DATE = len("2026-11-21-")


class VersionState(enum.StrEnum):
    """Where a version stands in the life of its app, as the suffix of its name."""

    DEV = "dev"
    VALIDATION = "validation"
    SHADOW = "shadow"
    PREPROD = "preprod"
    CANARY = "canary"
    PROD = "prod"
    RETIRED = "retired"
    REJECTED = "rejected"
    ROLLED_BACK = "rolledback"


def label(name: str, state: VersionState) -> str:
    """The name with the state as suffix: `support-bot-2026-W47-2-canary`."""
    return f"{name}-{state.value}"


def rejection_tag(name: str, rejected_at_us: int) -> str:
    """The tag of a rejected version: `REJECTED-{date}-{name}`, the date in UTC; empty when the time is 0, not known."""
    if not rejected_at_us:
        return ""
    day = (_EPOCH + timedelta(microseconds=rejected_at_us)).date()
    return f"{_REJECTED}{day.isoformat()}-{name}"


def plain_name(reference: str) -> str:
    """What a label or a tag names: the reference without suffix and without `REJECTED-{date}-`; others as they are."""
    if reference.startswith(_REJECTED):
        reference = reference[len(_REJECTED) + _DATE :]
    name, _, suffix = reference.rpartition("-")
    return name if name and suffix in _SUFFIXES else reference


_SUFFIXES = frozenset(state.value for state in VersionState)
