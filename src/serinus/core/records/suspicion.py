"""Suspicions as they are raised: somebody thinks that an answer broke the policy, or was drawn out by a new attack.

Who raises one (a caller's classifier, a judge, a person) knows the call and nothing else: what it is about, and whether
it stops a release, is decided where it is taken in.
"""

from __future__ import annotations

import hashlib
import re
from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.records import call_id
from serinus.core.records.record import Score
from serinus.core.routing.assignment import Arm

Kind = Literal["suspected_violation", "adversarial_pattern"]
VIOLATION: Kind = "suspected_violation"
PATTERN: Kind = "adversarial_pattern"
KINDS: tuple[Kind, ...] = (VIOLATION, PATTERN)
CLASSIFIER = "classifier"
"""Who raised it where nobody says so."""
CATEGORY = re.compile(r"([a-z0-9][a-z0-9_.-]{0,39})?", re.ASCII)
"""What is suspected, as a word; may be empty."""
_ARMS = frozenset(int(arm) for arm in Arm)
_METRICS: dict[str, Kind] = {f"feedback.{kind}": kind for kind in KINDS}


class Raised(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One suspicion by one source. `call` is the printed call id; `release` is empty outside a comparison; `by` names
    the classifier or judge, and two different ones are two witnesses. `category` may be empty."""

    call: str
    kind: Kind
    by: str
    app: str
    release: str
    arm: Arm
    category: str
    at_us: int

    @property
    def id(self) -> str:
        """The name of the suspicion: the same for everybody who suspects the same of the same call."""
        return suspicion_id(self.kind, self.call)


def suspicion_id(kind: Kind, call: str) -> str:
    """`sus_` and 24 hex digits."""
    return "sus_" + hashlib.sha256(f"{kind}\x1f{call}".encode()).hexdigest()[:24]


def raised(raw: bytes, app: str, kind: Kind, by: str, category: str, at_us: int) -> Raised:
    """A suspicion about the call with this raw id (48 bytes), which is known to be the app's."""
    found = call_id.parse(raw)
    return Raised(
        call=call_id.text(raw),
        kind=kind,
        by=by,
        app=app,
        release=found.release,
        arm=found.arm,
        category=category,
        at_us=at_us,
    )


def kind_of(word: str) -> Kind:
    """The kind of this name; InvalidInput with those that exist."""
    for kind in KINDS:
        if kind == word:
            return kind
    raise InvalidInput(f"no kind {word!r}", where="kind", mend=f"known: {', '.join(KINDS)}")


def raised_of(record: Score) -> Raised | None:
    """The suspicion that a score tells, whose source raised it and whose text is its category; None: it tells none.
    Of a writer that checks less no word is taken over that is none: it would stand on the audit trail."""
    kind = _METRICS.get(record.metric)
    if kind is None or record.conversation or record.value_micro <= 0 or record.call[28] not in _ARMS:
        return None
    by = record.source if record.source and CATEGORY.fullmatch(record.source) else CLASSIFIER
    category = record.text if CATEGORY.fullmatch(record.text) else ""
    return raised(record.call, record.app, kind, by, category, record.at_us)
