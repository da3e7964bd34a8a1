"""Which rule with zero tolerance an answer broke, and in which call: what a person has to know who asks why a release
was taken back. Never the text: that is kept, redacted, with the call, where texts are kept at all."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from serinus.core.ids import RELEASE, id_text
from serinus.core.records import call_id
from serinus.core.records.record import End, Event
from serinus.core.routing.assignment import Arm

TOLD = frozenset({int(Arm.CANDIDATE), int(Arm.SHADOW)})
"""Whose answers take a release back, or end its shadow stage."""


class BrokenRule(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """The newest answer of an arm that broke a rule. `call` is the printed call id, `version` the digest (hex) that
    served it, `at_us` when the call ended."""

    release: str
    arm: int
    rule: str
    at_us: int
    call: str
    version: str

    @property
    def key(self) -> tuple[str, int, str]:
        """What there is one of."""
        return self.release, self.arm, self.rule


def broken_of(end: End) -> tuple[BrokenRule, ...]:
    """The rules that an answer of a candidate broke, when one of them tolerates nothing: which of them that is, the
    record does not tell."""
    raw = end.call
    if not end.events & Event.ZERO_TOLERANCE or raw[28] not in TOLD or not any(raw[12:28]):
        return ()
    release, call, version = id_text(RELEASE, raw[12:28]), call_id.text(raw), end.version.hex()
    return tuple(
        BrokenRule(release=release, arm=raw[28], rule=rule, at_us=end.at_us, call=call, version=version)
        for rule in end.rules
    )


def newest(found: Iterable[BrokenRule]) -> tuple[BrokenRule, ...]:
    """One for each release, arm and rule, in their order."""
    kept: dict[tuple[str, int, str], BrokenRule] = {}
    for one in found:
        kept[one.key] = max(one, kept.get(one.key, one))
    return tuple(kept[key] for key in sorted(kept))
