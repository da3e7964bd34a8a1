"""Requests that both versions answered and only the candidate badly: the disagreements to look at first (E3)."""

from __future__ import annotations

from dataclasses import dataclass

from serinus.console.parts import Parts
from serinus.core.errors import QueryLimit, StoreUnavailable
from serinus.core.records.call import Call
from serinus.core.records.pair_score import WORSE
from serinus.ports.event_log import CallQuery

MOST = 20
_LATEST_US = 600_000_000
_COPIES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WorsePair:
    """The candidate's call, the id of the one that answered the user, and how many bad events more it had."""

    call: Call
    answered: str
    more: int


def worse_pairs(parts: Parts, release: str) -> tuple[WorsePair, ...] | None:
    """Those of a release, worst first and newest first among equals; None where the call log cannot tell."""
    if parts.calls is None:
        return None
    try:
        calls = parts.calls.calls(CallQuery(release=release, arm="shadow", worse=True, worst_first=True, limit=MOST))
        scores = parts.calls.scores([call.call for call in calls], ()) if calls else []
    except (QueryLimit, StoreUnavailable):
        return None
    told = {one.call: one for one in scores if one.metric == WORSE}
    return tuple(
        WorsePair(call=call, answered=told[call.call].text, more=told[call.call].value_micro // 1_000_000)
        for call in calls
        if call.call in told
    )


def counterpart(parts: Parts, call: Call) -> str:
    """The id of the call that answered the same request: of a shadow call the user's, of a user's its shadow; empty
    when there is none."""
    log = parts.calls
    if log is None:
        return ""
    if call.arm == "shadow":
        return next((one.text for one in log.scores([call.call], ()) if one.metric == WORSE), "")
    near = CallQuery(
        unit=call.unit, arm="shadow", from_us=call.begun_at_us, to_us=call.at_us + _LATEST_US, limit=_COPIES
    )
    copies = [one.call for one in log.calls(near)]
    told = log.scores(copies, ()) if copies else []
    return next((one.call for one in told if one.metric == WORSE and one.text == call.call), "")
