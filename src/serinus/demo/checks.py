"""What must be true at the end of the demo, each as a statement with its numbers. Pure, over what was collected."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import msgspec

from serinus.core.records.call import Call
from serinus.demo.collect import Collected, Ended
from serinus.demo.facts import CANDIDATE, SHADOW, facts_of

_CULPRITS = ("format", "policy")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One statement: whether it holds, and the numbers that say so."""

    holds: bool
    statement: str
    numbers: str


def outcomes(collected: Collected) -> list[Outcome]:
    """All statements, in the order in which they are told."""
    good, bad, hasty = collected.told
    return [
        _climbed(collected, good),
        _signed_by_another(collected, good),
        _no_false_alarm(collected, good),
        _stopped_in_shadow(collected, bad),
        _nobody_saw(collected, bad, hasty),
        _rolled_back(collected, hasty),
        _nobody_after_rollback(collected, hasty),
        _recorded_once(collected),
        _told_the_truth(collected),
        _units_stayed(collected),
        _complete(collected),
        _decided_anew(collected),
        _audited(collected),
    ]


def _climbed(collected: Collected, good: Ended) -> Outcome:
    document = good.document
    steps = sum(entry["action"].endswith(":advance") for entry in collected.acts_on(good.id))
    live = collected.live == document["candidate"]["digest"]
    return Outcome(
        holds=document["state"] == "promoted" and live and steps == document["steps"],
        statement="The good candidate passed every stage, climbed every step and is live",
        numbers=f"{len(document['stages'])} stages, {steps} steps, {document['state']}",
    )


def _signed_by_another(collected: Collected, good: Ended) -> Outcome:
    signed = [e["actor"] for e in collected.acts_on(good.id) if e["action"].endswith(":approve")]
    started = [e["actor"] for e in collected.acts_on(good.id) if e["action"].endswith(":create")]
    return Outcome(
        holds="cannot approve" in good.refusal and len(signed) == 1 and bool(started) and signed != started,
        statement="Its author was refused to sign for it, and somebody else did",
        numbers=f"started by {', '.join(started) or 'nobody'}, signed by {', '.join(signed) or 'nobody'}",
    )


def _no_false_alarm(collected: Collected, good: Ended) -> Outcome:
    facts = facts_of(good, collected)
    return Outcome(
        holds=facts.alarms == 0 and facts.served > 0,
        statement="No false alarm: nothing stopped or paused the good candidate",
        numbers=f"{facts.alarms} alarms in {facts.served:,} answers to {facts.exposed:,} users",
    )


def _stopped_in_shadow(collected: Collected, bad: Ended) -> Outcome:
    results = {stage["kind"]: stage["result"] for stage in bad.document["stages"] if stage["result"]}
    offline, shadow = (results.get(kind, {}).get("outcome", "no result") for kind in ("offline", "shadow"))
    reasons = [e["reason"] for e in collected.acts_on(bad.id) if e["action"] == "tick:release:reject"]
    named = any(word in reason for word in _CULPRITS for reason in reasons)
    return Outcome(
        holds=bad.document["state"] == "rejected" and (offline, shadow) == ("pass", "fail") and named,
        statement="The bad candidate passed the offline set and was stopped in shadow",
        numbers=f"offline {offline}, shadow {shadow}: {bad.document['reason']}",
    )


def _nobody_saw(collected: Collected, bad: Ended, hasty: Ended) -> Outcome:
    digest, id = bad.document["candidate"]["digest"], hasty.id
    saw = [c for c in collected.calls if c.version == digest and c.arm != SHADOW and c.release != id]
    copies = sum(call.arm == SHADOW and call.release == bad.id for call in collected.calls)
    return Outcome(
        holds=not saw and copies > 0,
        statement="Nobody saw an answer of it",
        numbers=f"{copies:,} mirrored requests, {len(saw)} answers to users",
    )


def _rolled_back(collected: Collected, hasty: Ended) -> Outcome:
    acts = collected.acts_on(hasty.id)
    reasons = [e["reason"] for e in acts if e["action"] == "tick:release:roll_back"]
    confirmed = sum(e["action"].endswith(":confirm") for e in acts)
    named = len(reasons) == 1 and any(word in reasons[0] for word in _CULPRITS)
    return Outcome(
        holds=hasty.document["state"] == "rolled_back" and named and confirmed == 1,
        statement="Without a shadow stage it was rolled back from its canary, by itself, and that is confirmed",
        numbers=reasons[0] if reasons else f"it is {hasty.document['state']}: {hasty.document['reason']}",
    )


def _nobody_after_rollback(collected: Collected, hasty: Ended) -> Outcome:
    confirmed = [e["at_us"] for e in collected.acts_on(hasty.id) if e["action"].endswith(":confirm")]
    after = [call for call in collected.calls if confirmed and call.begun_at_us > confirmed[0]]
    met = sum(call.version == hasty.document["candidate"]["digest"] for call in after)
    return Outcome(
        holds=bool(after) and met == 0,
        statement="After the confirmed rollback nobody was served by it",
        numbers=f"{met} of {len(after):,} calls",
    )


def _recorded_once(collected: Collected) -> Outcome:
    recorded = Counter(call.call for call in collected.calls)
    lost = sum(recorded[line["call"]] == 0 for line in collected.seen)
    twice = sum(count > 1 for count in recorded.values())
    return Outcome(
        holds=bool(collected.seen) and not lost and not twice,
        statement="Every answer that a user got is in the call log exactly once",
        numbers=f"{len(collected.seen):,} answers, {lost} lost, {twice} recorded twice",
    )


def _told_the_truth(collected: Collected) -> Outcome:
    by_id = {call.call: call for call in collected.calls}
    pairs = [(line, by_id[line["call"]]) for line in collected.seen if line["call"] in by_id]
    wrong = sum(_differs(line, call) for line, call in pairs)
    return Outcome(
        holds=bool(pairs) and not wrong,
        statement="The log names the arm and release that each answer's headers told",
        numbers=f"{wrong} of {len(pairs):,} differ",
    )


def _differs(line: dict[str, Any], call: Call) -> bool:
    return (line["arm"], line["release"], line["status"]) != (call.arm, call.release, call.status)


def _units_stayed(collected: Collected) -> Outcome:
    arms: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for call in collected.calls:
        if call.stratum >= 0 and call.arm != SHADOW:
            arms[call.release, call.unit].add(call.arm)
    moved = sum(len(found) > 1 for found in arms.values())
    return Outcome(
        holds=any(CANDIDATE in found for found in arms.values()) and moved == 0,
        statement="No user changed arms while the versions were compared",
        numbers=f"{len(arms):,} users compared, {moved} moved",
    )


def _complete(collected: Collected) -> Outcome:
    return Outcome(
        holds=bool(collected.seen) and collected.dropped == 0 and collected.incomplete == 0,
        statement="No request was cut off and no record dropped",
        numbers=f"{collected.incomplete} cut off, {collected.dropped} dropped",
    )


def _decided_anew(collected: Collected) -> Outcome:
    decisions = [one for ended in collected.told for one in ended.decisions]
    same = sum(one["outcome"] == "identical" for one in decisions)
    return Outcome(
        holds=bool(decisions) and same == len(decisions) and all(ended.identical for ended in collected.told),
        statement="Decided anew from the audit trail alone, every decision comes out identical",
        numbers=f"{same} of {len(decisions)} decisions",
    )


def _audited(collected: Collected) -> Outcome:
    verified = collected.verified
    return Outcome(
        holds=bool(verified["whole"]) and verified["checked"] > 0,
        statement="The audit trail is whole",
        numbers=f"{verified['checked']} entries, {len(verified['faults'])} faults",
    )
