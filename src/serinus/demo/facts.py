"""What a release of the demo cost and showed, in numbers. Pure, over what was collected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from serinus.core.records.call import Call
from serinus.demo.collect import Collected, Ended

FORMAT = "call.invalid_format"
POLICY = "call.policy_violation"
SHADOW = "shadow"
CANDIDATE = "candidate"
CONTROL = "control"
_DECIDED = ("promote", "roll_back", "reject", "abort")
_ALARMS = ("tick:release:pause", "tick:release:roll_back", "tick:release:reject")


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of the comparison: calls, and the shares of them with broken formats and invented refunds (None: no
    call)."""

    calls: int
    broken: float | None
    refunds: float | None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One release. `decided_s` from its start to the decision; `requests` are those of all users meanwhile; `mirrored`
    are answers of the candidate that no user saw, `served` those that users got, `exposed` these users, and `saw_bad`
    those of them who got at least one bad answer from the candidate.

    The sides: in a rollout candidate and control; in shadow the copies and what users got while it ran. `alarms` are
    pauses, rejections and rollbacks by Serinus itself."""

    title: str
    release: str
    candidate: str
    state: str
    reason: str
    decided_s: float | None
    requests: int
    mirrored: int
    served: int
    exposed: int
    saw_bad: int
    candidate_side: Side
    other_side: Side
    alarms: int


def facts_of(ended: Ended, collected: Collected) -> Facts:
    """The facts of one of the releases."""
    document = ended.document
    begun_us, decided_us = span_us(ended, collected)
    meanwhile = [
        call for call in collected.calls if call.arm != SHADOW and begun_us <= call.begun_at_us <= (decided_us or 0)
    ]
    own = [call for call in collected.calls if call.release == ended.id]
    served = [call for call in own if call.arm == CANDIDATE]
    copies = [call for call in own if call.arm == SHADOW]
    compared = (served, [call for call in own if call.arm == CONTROL]) if served else (copies, meanwhile)
    return Facts(
        title=ended.title,
        release=ended.id,
        candidate=document["candidate"]["name"],
        state=document["state"],
        reason=document["reason"],
        decided_s=(decided_us - begun_us) / 1e6 if decided_us else None,
        requests=len(meanwhile),
        mirrored=len(copies),
        served=len(served),
        exposed=len({call.unit for call in served}),
        saw_bad=len({call.unit for call in served if call.events}),
        candidate_side=_side(compared[0]),
        other_side=_side(compared[1]),
        alarms=sum(entry["action"] in _ALARMS for entry in collected.acts_on(ended.id)),
    )


def span_us(ended: Ended, collected: Collected) -> tuple[int, int | None]:
    """When the release began and when it was decided (None: never)."""
    decided = [e["at_us"] for e in collected.acts_on(ended.id) if e["action"].rpartition(":")[2] in _DECIDED]
    begun_us = int(datetime.fromisoformat(ended.document["created_at"]).timestamp() * 1e6)
    return begun_us, decided[0] if decided else None


def _side(calls: Sequence[Call]) -> Side:
    return Side(calls=len(calls), broken=_share(calls, FORMAT), refunds=_share(calls, POLICY))


def _share(calls: Sequence[Call], event: str) -> float | None:
    return sum(event in call.events for call in calls) / len(calls) if calls else None
