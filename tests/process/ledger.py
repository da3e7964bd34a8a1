"""What users saw, what was recorded and what was added up, held against each other. Pure, and independent of the
shipping code: sums are counted anew from the event log, steps from the audit trail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from serinus.core.audit.entry import Action, Entry
from serinus.core.decision.decision import Evidence
from serinus.core.records.call import Call
from serinus.core.records.sums import Sum, SumKey
from serinus.core.release.release import Release
from serinus.core.release.table import State

_ARMS = {"candidate": 1, "control": 2}
_FIRST = (Action.RELEASE_CREATED, Action.RELEASE_STARTED)
_PAUSES = (Action.TICK_PAUSED, Action.RELEASE_PAUSED)
_RESUMES = (Action.TICK_RESUMED, Action.RELEASE_RESUMED)


def lost(seen: Iterable[Mapping[str, Any]], calls: Iterable[Call]) -> list[str]:
    """Answers that users got and whose end is in no record; an answer without a call id is one of them."""
    finished = {call.call for call in calls if call.finished}
    return [line["call"] for line in seen if line["call"] not in finished]


def duplicated(calls: Iterable[Call]) -> list[str]:
    """Calls that are recorded more than once."""
    return [call for call, times in Counter(call.call for call in calls).items() if times > 1]


def mismatched(seen: Iterable[Mapping[str, Any]], calls: Iterable[Call]) -> list[str]:
    """Answers whose headers told another arm, release, version or status than the record."""
    recorded = {call.call: call for call in calls}
    return [
        line["call"]
        for line in seen
        if (call := recorded.get(line["call"])) is not None
        and (line["arm"], line["release"], line["version"], line["status"])
        != (call.arm, call.release, call.version, call.status)
    ]


def recount(calls: Iterable[Call]) -> Counter[SumKey]:
    """The sums of judging counted anew: units enrolled by stratum and arm, and units with a first event by metric.

    A unit counts where its call says; one that were in two places would be counted twice and so found.
    """
    once = set()
    for call in calls:
        if call.arm in _ARMS and call.stratum >= 0:
            place = (call.release, call.stratum, _ARMS[call.arm], call.unit)
            once |= {(*place, name) for name in ("enrolled", *call.events)}
    return Counter(SumKey(release, stratum, name, arm) for release, stratum, arm, _, name in once)


def wrong_sums(calls: Iterable[Call], sums: Iterable[tuple[SumKey, Sum]]) -> list[str]:
    """Where the store's sums differ from the recount."""
    counted = recount(calls)
    stored = Counter({key: value.total for key, value in sums})
    return [
        f"{key}: {stored[key]} stored, {counted[key]} counted"
        for key in counted.keys() | stored.keys()
        if stored[key] != counted[key]
    ]


def wrong_steps(release: Release, trail: Iterable[Entry]) -> list[str]:
    """What the audit trail of a release shows that must not be: a step skipped, repeated or cut short, a change that
    does not follow from the one before, and a ramp that is not what was decided."""
    entries = [entry for entry in trail if entry.subject == release.id]
    found = [f"{entry.seq} does not follow" for last, entry in pairwise(entries) if entry.before != last.after]
    if tuple(entry.action for entry in entries[:2]) != _FIRST:
        found.append("it was not created and started first")
    step, since_us, paused_us = 0, entries[1].at_us, 0
    promoted = 0
    for last, entry in pairwise(entries):
        if last.action in _PAUSES:
            paused_us += entry.at_us - last.at_us
        if entry.action in (Action.TICK_ADVANCED, Action.TICK_PROMOTED):
            judged = msgspec.json.decode(entry.evidence, type=Evidence).release.step
            served_s = (entry.at_us - since_us - paused_us) / 1e6
            if judged != step:
                found.append(f"{entry.seq} left step {judged} instead of {step}")
            if served_s < release.plan.steps[judged].dwell_s:
                found.append(f"{entry.seq} left step {judged} after {served_s:.3f} s")
            promoted += entry.action == Action.TICK_PROMOTED
            step, since_us, paused_us = step + 1, entry.at_us, 0
        elif entry.action not in (*_FIRST, *_PAUSES, *_RESUMES):
            found.append(f"{entry.seq}: {entry.action}, {entry.reason}")
    return found + _wrong_ramp(release, step - promoted, promoted)


def _wrong_ramp(release: Release, step: int, promoted: int) -> list[str]:
    found = []
    revisions = [point.revision for point in release.ramp]
    if (release.step, [point.step for point in release.ramp]) != (step, list(range(step + 1))):
        found.append(f"the release stands on step {release.step}, its trail says {step}")
    if any(later <= earlier for earlier, later in pairwise(revisions)):
        found.append(f"revisions {revisions} do not rise")
    if promoted != (release.state is State.PROMOTED):
        found.append(f"promoted {promoted} times, and it is {release.state.value}")
    return found


def begun_between(calls: Sequence[Call], arms: Iterable[str], from_us: int, to_us: int) -> list[Call]:
    """Calls assigned to one of these arms in a span of wall time."""
    wanted = set(arms)
    return [call for call in calls if call.arm in wanted and from_us <= call.begun_at_us < to_us]
