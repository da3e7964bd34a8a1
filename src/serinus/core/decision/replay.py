"""Past decisions decided anew from what they were decided by, with no store at hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from serinus.core.audit.entry import Action, Entry
from serinus.core.decision.commands import (
    Advance,
    Calibrate,
    Command,
    Conclude,
    Confirm,
    EnterStage,
    Pause,
    Promote,
    Reject,
    RequestApproval,
    Resume,
    RollBack,
)
from serinus.core.decision.decision import ENGINE_V, Evidence, replay
from serinus.core.release.release import STATS_V

Outcome = Literal["identical", "different", "other engine", "unreadable"]

STATS_DECIDED = frozenset({2, STATS_V})
"""Statistics by which this engine decides anew what they decided: of a release those count that it began with. One that
began with newer ones was decided by a Serinus that knew none of them."""

_ACTIONS: dict[type[Command], Action] = {
    Pause: Action.TICK_PAUSED,
    Resume: Action.TICK_RESUMED,
    Advance: Action.TICK_ADVANCED,
    EnterStage: Action.TICK_ENTERED,
    RequestApproval: Action.TICK_REQUESTED,
    Conclude: Action.TICK_MEASURED,
    Calibrate: Action.TICK_CALIBRATED,
    Reject: Action.TICK_REJECTED,
    RollBack: Action.TICK_ROLLED_BACK,
    Promote: Action.TICK_PROMOTED,
    Confirm: Action.TICK_CONFIRMED,
}
"""What each command leaves on the audit trail."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One decision of the trail: what was done and why, and how deciding anew came out. `identical`: the same act for
    the same reason from the same numbers, byte for byte. `text` says what differs, or why it was not compared."""

    seq: int
    at_us: int
    action: str
    reason: str
    outcome: Outcome
    text: str = ""
    findings: tuple[str, ...] = ()


def replayed(entries: Iterable[Entry]) -> list[Replayed]:
    """Every decision of the tick among these entries, oldest first."""
    acts = frozenset(action.value for action in _ACTIONS.values())
    return [_replayed(entry) for entry in entries if entry.evidence and entry.action in acts]


def _replayed(entry: Entry) -> Replayed:
    try:
        stored = msgspec.json.decode(entry.evidence, type=Evidence)
    except msgspec.MsgspecError as error:
        return _told(entry, "unreadable", str(error))
    older = stored.stats < stored.release.stats_v
    if stored.engine != ENGINE_V or stored.stats not in STATS_DECIDED or older:
        made, here = f"{stored.engine}.{stored.stats}", f"{ENGINE_V}.{STATS_V}"
        return _told(entry, "other engine", f"decided by engine {made}; this is {here}")
    again = replay(stored)
    findings = tuple(f"{one.question}: {one.verdict.label}: {one.text}" for one in again.findings)
    differs = _difference(entry, stored, again.evidence, again.commands)
    return _told(entry, "different" if differs else "identical", differs, findings)


def _difference(entry: Entry, stored: Evidence, again: Evidence, commands: tuple[Command, ...]) -> str:
    done = [(_ACTIONS[type(one)].value, one.reason) for one in commands]
    if not done:
        return "nothing would be done"
    action, reason = done[0]
    if action != entry.action:
        return f"{action} would be done"
    # What was computed is compared as it is written. A field that an older Serinus did not write has its default.
    if msgspec.json.encode(msgspec.structs.replace(again, stats=stored.stats)) != msgspec.json.encode(stored):
        return "the numbers differ"
    return "" if _same_reason(entry, reason) else f"the reason would be: {reason}"


def _same_reason(entry: Entry, reason: str) -> bool:
    """Some acts have words of their own on the trail, as the state machine says them."""
    measured = entry.action == Action.TICK_MEASURED and entry.reason.endswith(reason)
    return entry.reason == reason or measured or entry.action == Action.TICK_CONFIRMED


def _told(entry: Entry, outcome: Outcome, text: str = "", findings: tuple[str, ...] = ()) -> Replayed:
    return Replayed(
        seq=entry.seq,
        at_us=entry.at_us,
        action=entry.action,
        reason=entry.reason,
        outcome=outcome,
        text=text,
        findings=findings,
    )
