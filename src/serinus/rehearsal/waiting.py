"""What a rehearsed release that never comes to an end waits for: on which step, how much of it there is at the
scenario's traffic, how long more would take, and the lines to write."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from serinus.core.decision.wording import amount, percent, span
from serinus.core.metrics import metric
from serinus.core.pipeline.plan import Plan
from serinus.rehearsal.calls import pace
from serinus.rehearsal.lack import Lack
from serinus.rehearsal.outcome import Outcome
from serinus.rehearsal.population import Floats
from serinus.rehearsal.scenario import DAY_S, Scenario

RARE = 0.1
"""How often in a day of the quietest traffic of a step data may be missing by chance where `freshness` is proposed."""
ROOM = 0.5
"""The share of the calls of its busiest minute that a limit is proposed to want: luck has its room."""
_STEPS_S = (60, 300, 600, 1800, 3600, 7200, 4 * 3600, 6 * 3600, 12 * 3600, 86_400)
_MINUTES = 1440


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """Where `releases` of the rehearsed ones stood when the rehearsal ended: the step (from 0; −1 before traffic), its
    share, and for each thing that they lacked a sentence with what to write."""

    step: int
    share: float
    releases: int
    lacks: tuple[str, ...]


def waits(scenario: Scenario, plan: Plan, outcomes: Iterable[Outcome]) -> tuple[Wait, ...]:
    """The steps on which releases waited, the most frequent first."""
    stuck = [one for one in outcomes if one.end in ("paused", "unfinished")]
    steps = Counter(one.stopped_step for one in stuck)
    return tuple(
        Wait(
            step=step,
            share=plan.steps[step].share if step >= 0 else 0.0,
            releases=number,
            lacks=_lacks(scenario, plan, step, [one for one in stuck if one.stopped_step == step]),
        )
        for step, number in steps.most_common()
    )


def wait_text(found: Wait, releases: int) -> str:
    """The first line about a wait."""
    where = f"at step {found.step + 1} ({percent(found.share)})" if found.step >= 0 else "before any traffic"
    return f"{found.releases:,} of {releases:,} releases still wait {where}:"


def _lacks(scenario: Scenario, plan: Plan, step: int, stuck: Sequence[Outcome]) -> tuple[str, ...]:
    kinds = Counter(lack.kind for one in stuck for lack in one.lacks)
    if kinds["data"]:
        del kinds["dwell"]
    told = []
    for kind, _ in kinds.most_common():
        found = [lack for one in stuck for lack in one.lacks if lack.kind == kind]
        told.append(_sentence(scenario, plan, step, found, stuck))
    return tuple(dict.fromkeys(told))


def _sentence(scenario: Scenario, plan: Plan, step: int, found: Sequence[Lack], stuck: Sequence[Outcome]) -> str:
    match found[0].kind:
        case "data":
            return _silent(scenario, plan, step, stuck)
        case "units":
            return _too_few(found, stuck)
        case "limits":
            return _unweighed(scenario, plan, step)
        case "dwell":
            have, need = float(np.median([one.have for one in found])), found[0].need
            return (
                f"{span(have)} of {span(need)} in health are served, and no more fits into this rehearsal: give the "
                "scenario a longer `horizon`, or mend what else is missing here"
            )
        case "person":
            return f"a person has to act, and nobody does in a rehearsal: {found[0].text}"
    return found[0].text


def _silent(scenario: Scenario, plan: Plan, step: int, stuck: Sequence[Outcome]) -> str:
    """Pauses for missing data stop the dwell: calls come less often than `freshness` allows."""
    gap_s = DAY_S / max(1e-9, scenario.traffic.requests_per_day * plan.candidate_share(step))
    a_day = DAY_S / gap_s
    wanted_s = next((s for s in _STEPS_S if a_day * math.exp(-s / (gap_s * _quietest(scenario))) < RARE), _STEPS_S[-1])
    pauses = float(np.mean([one.pauses for one in stuck]))
    text = (
        f"no call of the candidate came for longer than `freshness` ({_written(plan.freshness_s)}) {pauses:,.0f} "
        f"times a release, and each pause for missing data stops the dwell: at this share one comes in {span(gap_s)}"
    )
    return f"{text}. Begin with a larger share, or write `freshness: {_written(wanted_s)}`"


def _too_few(found: Sequence[Lack], stuck: Sequence[Outcome]) -> str:
    have, need = float(np.median([one.have for one in found])), found[0].need
    lasted_s = float(np.median([one.end_s - one.steps_s[-1] for one in stuck if one.steps_s]))
    text = f"{have:,.0f} of {need:,.0f} users (`min_units`) had come after {span(lasted_s)}"
    if have >= 1:
        text += f"; {need:,.0f} take about {span(lasted_s * need / have)} of this traffic, if as many new ones come"
    return f"{text}. Raise the share of the step, or write `min_units: {max(1, math.floor(have * ROOM))}`"


def _unweighed(scenario: Scenario, plan: Plan, step: int) -> str:
    """Nothing else than a limit judges a first release, and none had its requests."""
    share = plan.candidate_share(step)
    limits = [one for one in plan.limits if not one.of_scores]
    if not limits:
        return "no limit had the scores that it needs, and nothing else judges: write a limit on `call.error`, too"
    least = min(limits, key=lambda one: one.min_requests / one.bucket_s)
    in_bucket = _busiest(scenario) * share * least.bucket_s / 60
    bucket = "minute" if least.bucket_s == 60 else "second"
    a_day = float(f"{scenario.traffic.requests_per_day * least.min_requests / max(1e-9, in_bucket):.2g}")
    proposed = max(1, math.floor(in_bucket * ROOM))
    needed = share * least.min_requests / max(1e-9, in_bucket)
    by_chance = ", by_chance: 0.01%" if least.share is not None and not least.by_chance else ""
    wider = f"begin with a share of {percent(math.ceil(100 * needed) / 100)}" if needed <= 0.5 else ""
    line = (
        f"`{{metric: {least.metric}, {least.side}: {amount(metric(least.metric).unit, least.bound)}, "
        f"for: {_written(least.buckets * least.bucket_s)}, min_requests: {proposed}{by_chance}}}`"
    )
    return (
        "no trigger had its requests, and nothing else may let it go on: "
        f"`{least.metric}` wants {least.min_requests:,} calls of the candidate in a whole {bucket}, and in the busiest "
        f"one {in_bucket:.3g} come. No number of hours mends that; an app of {a_day:,.0f} calls a day would have them. "
        f"Write in `triggers` {line}" + (f", or {wider}" if wider else "")
    )


def _written(seconds: float) -> str:
    """A duration as a project file has it, in the largest unit that leaves no rest."""
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def _paces(scenario: Scenario) -> Floats:
    """Calls of the whole app in each minute of a day."""
    return np.asarray(pace(scenario.traffic, np.arange(_MINUTES), 60))


def _busiest(scenario: Scenario) -> float:
    return float(_paces(scenario).max())


def _quietest(scenario: Scenario) -> float:
    """How many times rarer than usual calls are when they are rarest, at night apart where none come."""
    found = _paces(scenario)
    return float(found.mean() / found[found > 0].min())
