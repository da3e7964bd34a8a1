"""What many rehearsed releases say together: chances with exact intervals, quantiles, and a verdict in words."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from scipy import special

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.monitor import Monitor
from serinus.core.pipeline.plan import Plan
from serinus.rehearsal.made import left_out
from serinus.rehearsal.outcome import Outcome
from serinus.rehearsal.own_past import past_of
from serinus.rehearsal.scenario import Scenario
from serinus.rehearsal.waiting import Wait, waits
from serinus.rehearsal.watching import unwatched

LEVEL = 0.05
POINTS = (0.1, 0.5, 0.9, 0.99)
DETECTION, FALSE, BLIND = "detection", "false", "blind"
WANTED = {DETECTION: 0.95, BLIND: 0.01}
"""What a pipeline is held to when nobody says more; for false rollbacks it is its own α."""

ENDED = {"rolled_back": 0, "rejected": 0, "promoted": 1}
MOMENTS = 120
"""Into how many parts the time of a timeline is divided."""

Met = Literal["met", "missed", "open"]


class Chance(msgspec.Struct, frozen=True, kw_only=True):
    """`hits` of `n` releases, with the exact two-sided 95 % interval (Clopper & Pearson 1934)."""

    hits: int
    n: int
    value: float
    low: float
    high: float


class Quantiles(msgspec.Struct, frozen=True, kw_only=True):
    """Of one figure: its mean, and the values that 10, 50, 90 and 99 % of the releases do not exceed."""

    n: int
    mean: float
    p10: float
    p50: float
    p90: float
    p99: float


class StepPower(msgspec.Struct, frozen=True, kw_only=True):
    """A step: how many releases it ended, and the chance that a release was stopped on it or before: rolled back,
    rejected, or held by an accusation. Step −1 is all that comes before traffic."""

    step: int
    share: float
    ended: dict[str, int]
    rolled_back: Chance


class MonitorPower(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor: the chance that it paused a release or took it back (`acted`), that it did so before any harm
    (`mistaken`), and that a required one kept a release on a step whose dwell and users were served (`delayed`)."""

    name: str
    action: str
    required: bool
    acted: Chance
    mistaken: Chance
    delayed: Chance


class ControlIll(msgspec.Struct, frozen=True, kw_only=True):
    """The live version against its own past: the chance that a release was held for it when the rehearsal ended, and
    how long after the provider began to fail, in s (from the start where the scenario says nothing of when)."""

    paused: Chance
    after_s: Quantiles | None


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """`met` or `missed` where the whole interval says so; `open`: too few releases to tell."""

    name: str
    wanted: float
    found: Chance
    verdict: Met


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Where releases stand at each of `at_s`: the share of them on each step, rolled back (or
    rejected), or promoted."""

    at_s: tuple[float, ...]
    steps: tuple[tuple[float, ...], ...]
    rolled_back: tuple[float, ...]
    promoted: tuple[float, ...]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario's rehearsal. Delays in s from the beginning of harm, or the first request to a candidate that harms,
    until it was stopped, over caught releases; `full_s` from the start to promotion. `detection` counts those that were
    stopped after harm began, among releases in which it did; `false` those stopped without harm, among all; `blind`
    those that went live though a measurement had broken down. `asked`: releases asked for; fewer were done if it was
    interrupted. `exposed` users are those of releases that were stopped (of all, when nothing harms); `exposure` are
    101 of its quantiles, of the least exposed release to the most. `not_rehearsed`: monitors and guardrails of
    the plan that read what nobody simulates, and why. `control_ill`: None where the scenario has no `past`. `waits`:
    where those stood that never came to an end, and what they lacked."""

    scenario: str
    title: str
    harmful: bool
    seed: int
    asked: int
    releases: int
    ends: dict[str, int]
    detection: Chance | None
    false: Chance
    blind: Chance | None
    delay_s: Quantiles | None
    exposed: Quantiles | None
    bad: Quantiles | None
    extra: Quantiles | None
    full_s: Quantiles | None
    steps: tuple[StepPower, ...]
    why: dict[str, int]
    pauses: float
    requirements: tuple[Requirement, ...]
    verdict: str
    example: str
    exposure: tuple[int, ...]
    timeline: Timeline
    monitors: tuple[MonitorPower, ...] = ()
    not_rehearsed: tuple[str, ...] = ()
    control_ill: ControlIll | None = None
    waits: tuple[Wait, ...] = ()


def summarise(
    scenario: Scenario, plan: Plan, outcomes: Iterable[Outcome], asked: int, seed: int, wanted: dict[str, float]
) -> Summary:
    """All figures of one scenario. `wanted`: chances that are required, by name; InvalidInput without any release."""
    found = sorted(outcomes, key=lambda one: one.index)
    if not found:
        raise InvalidInput("no release was rehearsed", where=scenario.name, mend="let it run for longer")
    harmed = [one for one in found if one.harm_s is not None]
    caught = [one for one in found if one.caught]
    back = [one for one in found if one.stopped or one.caught]
    first = -1 if any(one.stopped_step < 0 for one in found) or not plan.steps_of(0) else 0
    detection = chance(len(caught), len(harmed)) if scenario.harmful and harmed else None
    false = chance(sum(one.false for one in found), len(found))
    blind = chance(sum(one.end == "promoted" for one in found), len(found)) if scenario.blind else None
    requirements = _requirements(scenario, plan, detection, false, blind, wanted)
    return Summary(
        scenario=scenario.name,
        title=scenario.title,
        harmful=scenario.harmful,
        seed=seed,
        asked=asked,
        releases=len(found),
        ends=dict(sorted(Counter(one.end for one in found).items())),
        detection=detection,
        false=false,
        blind=blind,
        delay_s=quantiles([one.stopped_s - (one.harm_s or 0.0) for one in caught]),
        exposed=quantiles([one.exposed for one in (back if scenario.harmful else found)]),
        bad=quantiles([one.bad for one in back]),
        extra=quantiles([one.extra for one in back]) if scenario.harmful else None,
        full_s=quantiles([one.end_s for one in found if one.end == "promoted"]),
        steps=tuple(_step(plan, found, step) for step in range(first, len(plan.steps))),
        why=dict(Counter(one.question for one in back).most_common()),
        pauses=sum(one.pauses for one in found) / len(found),
        requirements=requirements,
        verdict=_verdict(scenario, found, detection, false, blind, requirements),
        example=next((one.reason for one in (back or found)), ""),
        exposure=_exposure(back if scenario.harmful else found),
        timeline=_timeline(len(plan.steps), first, found),
        monitors=tuple(_monitor(one, found) for one in plan.monitors if not unwatched(scenario, one)),
        not_rehearsed=left_out(scenario, plan),
        control_ill=_control_ill(scenario, plan, found),
        waits=waits(scenario, plan, found),
    )


def chance(hits: int, n: int) -> Chance:
    """The exact interval of a chance; [0, 1] for none of none."""
    low = float(special.betaincinv(hits, n - hits + 1, LEVEL / 2)) if hits else 0.0
    high = float(special.betaincinv(hits + 1, n - hits, 1 - LEVEL / 2)) if hits < n else 1.0
    return Chance(hits=hits, n=n, value=hits / n if n else 0.0, low=low, high=high)


def quantiles(values: Sequence[float]) -> Quantiles | None:
    """None of nothing. A quantile is a value that occurred."""
    if not values:
        return None
    ordered = sorted(float(value) for value in values)
    p10, p50, p90, p99 = (ordered[min(len(ordered) - 1, int(q * len(ordered)))] for q in POINTS)
    return Quantiles(n=len(ordered), mean=sum(ordered) / len(ordered), p10=p10, p50=p50, p90=p90, p99=p99)


def _step(plan: Plan, found: Sequence[Outcome], step: int) -> StepPower:
    here = [one for one in found if one.stopped_step == step]
    back = sum((one.stopped or one.caught) and one.stopped_step <= step for one in found)
    return StepPower(
        step=step,
        share=plan.steps[step].share if step >= 0 else 0.0,
        ended=dict(sorted(Counter(one.end for one in here).items())),
        rolled_back=chance(back, len(found)),
    )


def _monitor(monitor: Monitor, found: Sequence[Outcome]) -> MonitorPower:
    acted = [(one, at_s) for one in found for name, at_s in one.acted if name == monitor.name]
    mistaken = sum(one.harm_s is None or at_s < one.harm_s for one, at_s in acted)
    return MonitorPower(
        name=monitor.name,
        action=monitor.action or "none",
        required=monitor.required,
        acted=chance(len(acted), len(found)),
        mistaken=chance(mistaken, len(found)),
        delayed=chance(sum(monitor.name in one.delayed for one in found), len(found)),
    )


def _control_ill(scenario: Scenario, plan: Plan, found: Sequence[Outcome]) -> ControlIll | None:
    if not past_of(scenario, plan):
        return None
    held = [one for one in found if one.control_ill]
    onsets_s = [one.from_s for one in scenario.drift] + [one.from_s for one in scenario.outages]
    onset_s = min(onsets_s, default=0.0)
    return ControlIll(
        paused=chance(len(held), len(found)),
        after_s=quantiles([one.stopped_s - onset_s for one in held if one.stopped_s >= onset_s]),
    )


def _exposure(found: Sequence[Outcome]) -> tuple[int, ...]:
    ordered = sorted(one.exposed for one in found)
    return tuple(ordered[round(i * (len(ordered) - 1) / 100)] for i in range(101)) if ordered else ()


def _timeline(last: int, first: int, found: Sequence[Outcome]) -> Timeline:
    last_s = max(one.end_s for one in found)
    at_s = tuple(last_s * i / MOMENTS for i in range(MOMENTS + 1))
    steps = last - first
    counts = [Counter(_standing(one, at, first, steps) for one in found) for at in at_s]
    rows = [tuple(count[row] / len(found) for count in counts) for row in range(steps + 2)]
    return Timeline(at_s=at_s, steps=tuple(rows[:steps]), rolled_back=rows[steps], promoted=rows[steps + 1])


def _standing(one: Outcome, at_s: float, first: int, steps: int) -> int:
    """The step a release is on, counted from `first`; beyond the steps, how it ended."""
    if at_s >= one.end_s and one.end in ENDED:
        return steps + ENDED[one.end]
    return bisect_right(one.steps_s, at_s) - 1 - first


def _requirements(
    scenario: Scenario,
    plan: Plan,
    detection: Chance | None,
    false: Chance,
    blind: Chance | None,
    wanted: dict[str, float],
) -> tuple[Requirement, ...]:
    asked = {**WANTED, FALSE: plan.alpha, **wanted}
    found = []
    if detection is not None:
        found.append(_required(DETECTION, asked[DETECTION], detection, detection.low >= asked[DETECTION]))
    if not scenario.harmful:
        found.append(_required(FALSE, asked[FALSE], false, false.high <= asked[FALSE]))
    if blind is not None:
        found.append(_required(BLIND, asked[BLIND], blind, blind.high <= asked[BLIND]))
    return tuple(found)


def _required(name: str, wanted: float, found: Chance, met: bool) -> Requirement:
    missed = found.high < wanted if name == DETECTION else found.low > wanted
    return Requirement(name=name, wanted=wanted, found=found, verdict="met" if met else "missed" if missed else "open")


def _verdict(
    scenario: Scenario,
    found: Sequence[Outcome],
    detection: Chance | None,
    false: Chance,
    blind: Chance | None,
    asked: Sequence[Requirement],
) -> str:
    if scenario.harmful and detection is None:
        return "The harm began in no release, so nothing is known of it: rehearse a longer time or earlier harm."
    stuck = sum(one.end in ("paused", "unfinished") for one in found) / len(found)
    waits = f" {100 * stuck:.3g} % never came to an end by themselves." if stuck >= 0.005 else ""
    if blind is not None:
        text = f"It lets candidates pass whose judge has died in {_interval(blind)} of releases."
    elif detection is None:
        text = f"It stops a candidate that does no harm in {_interval(false)} of releases."
    else:
        text = f"It catches this harm in {_interval(detection)} of releases."
    told = {
        "met": "",
        "missed": " It does not do what is asked of it: ",
        "open": " Too few releases to tell whether it does what is asked: ",
    }
    for one in asked:
        if told[one.verdict]:
            text += f"{told[one.verdict]}{'at least' if one.name == DETECTION else 'at most'} {one.wanted:.3g}."
    return text + waits


def _interval(one: Chance) -> str:
    return f"{100 * one.value:.2f} % ({100 * one.low:.2f} to {100 * one.high:.2f} %)"
