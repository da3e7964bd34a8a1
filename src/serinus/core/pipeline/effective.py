"""The plan that a release follows: the declared one, faster after clean releases (H3), and with what its risk asks for
beyond it (M2, M3). Made once, when the release starts, and frozen with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from serinus.core.pipeline.acceleration import accelerated
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.risk import Change, Demands, Effect
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage, Stage
from serinus.core.pipeline.step import Step
from serinus.core.versions.risk import Risk

T = TypeVar("T")
Changed = tuple[tuple[Stage, ...], list[Change]]


def effective_plan(plan: Plan, clean: bool, risk: Risk | None) -> Plan:
    """The plan with its `effect`: every change and why. `clean`: the releases before were; `risk` None: unknown.

    First what history saves, then what risk asks for, so that no history shortens that. A plan without `risk` keeps its
    way, and the risk is on record all the same.
    """
    stages, changes = plan.stages, list(plan.effect.changes)
    if clean and plan.accelerate is not None:
        before, stages = stages, accelerated(stages, plan.accelerate)
        count = plan.accelerate.clean_releases
        why = "the release before was clean" if count == 1 else f"the {count} releases before were clean"
        changes += _dwells(before, stages, why)
    if risk is not None and plan.risk is not None:
        asked, why = plan.risk.at(risk.level), f"{risk.level} risk: {risk.risk} of 100"
        stages, made = _at_risk(stages, asked, plan.risk.canary_up_to, why)
        changes += made
    effect = Effect(risk=risk, changes=tuple(changes))
    return msgspec.structs.replace(plan, stages=stages, steps=(), effect=effect)


def _at_risk(stages: tuple[Stage, ...], asked: Demands, canary_up_to: float, why: str) -> Changed:
    changes: list[Change] = []
    stages, made = _with_suites(stages, asked.suites, why)
    changes += made
    stages, made = _longer_shadow(stages, asked.shadow_dwell_s, why)
    changes += made
    before, stages = stages, _longer_canary(stages, asked, canary_up_to)
    changes += _dwells(before, stages, why)
    stages, made = _signed(stages, asked.sign, why)
    changes += made
    stages, made = _confirmed(stages, asked.confirm_at, asked.confirm_by, why)
    return stages, [*changes, *made]


def _with_suites(stages: tuple[Stage, ...], suites: tuple[str, ...], why: str) -> Changed:
    for i, stage in enumerate(stages):
        if isinstance(stage, OfflineStage):
            more = tuple(name for name in suites if name not in stage.suites)
            if not more:
                break
            longer = msgspec.structs.replace(stage, suites=(*stage.suites, *more))
            return _put(stages, i, longer), [Change(stage=stage.name, what=f"also runs {', '.join(more)}", why=why)]
    return stages, []


def _longer_shadow(stages: tuple[Stage, ...], dwell_s: float, why: str) -> Changed:
    changes = []
    for i, stage in enumerate(stages):
        if isinstance(stage, ShadowStage) and stage.dwell_s < dwell_s:
            budget_s = stage.budget_s + dwell_s - stage.dwell_s
            stages = _put(stages, i, msgspec.structs.replace(stage, dwell_s=dwell_s, budget_s=budget_s))
            what = f"at least {_time(dwell_s)} instead of {_time(stage.dwell_s)}, within {_time(budget_s)}"
            changes.append(Change(stage=stage.name, what=what, why=why))
    return stages, changes


def _longer_canary(stages: tuple[Stage, ...], asked: Demands, up_to: float) -> tuple[Stage, ...]:
    """Dwells of canary steps times the factor, the last one at least its floor, and all at least so long together."""
    places = list(_steps(stages))
    canary = [place for place in places if place[2].share <= up_to] or places[:1]
    dwells = [step.dwell_s * asked.canary_factor for _, _, step in canary]
    dwells[-1] = max(dwells[-1], asked.canary_floor_s)
    dwells[-1] += max(0.0, asked.canary_s - sum(dwells))
    for (i, j, step), dwell_s in zip(canary, dwells, strict=True):
        stage = stages[i]
        if isinstance(stage, RolloutStage):
            longer = msgspec.structs.replace(step, dwell_s=dwell_s)
            stages = _put(stages, i, msgspec.structs.replace(stage, steps=_put(stage.steps, j, longer)))
    return stages


def _signed(stages: tuple[Stage, ...], roles: tuple[str, ...], why: str) -> Changed:
    """The last approval before all traffic asks for these roles too; without one there is one now."""
    if not roles:
        return stages, []
    first = next(i for i, stage in enumerate(stages) if isinstance(stage, RolloutStage))
    for i in range(first - 1, -1, -1):
        stage = stages[i]
        if isinstance(stage, ApprovalStage):
            more = tuple(name for name in roles if name not in stage.roles)
            wider = msgspec.structs.replace(stage, roles=(*stage.roles, *more))
            change = Change(stage=stage.name, what=f"{_people(more)} must sign too", why=why)
            return _put(stages, i, wider), [change] if more else []
    added = ApprovalStage(name=_free("risk sign-off", stages), roles=roles)
    change = Change(stage=added.name, what=f"{_people(roles)} must sign before the first traffic", why=why)
    return (*stages[:first], added, *stages[first:]), [change]


def _confirmed(stages: tuple[Stage, ...], shares: tuple[float, ...], roles: tuple[str, ...], why: str) -> Changed:
    """Before the first step of each of these shares or more somebody confirms; rollouts are split there."""
    steps = list(_steps(stages))
    reached = [next(((i, j) for i, j, step in steps if step.share >= share), None) for share in shares]
    changes = []
    for i, j in sorted({place for place in reached if place is not None}, reverse=True):
        stage, before = stages[i], stages[i - 1] if i and not j else None
        asks_already = isinstance(before, ApprovalStage) and set(roles) <= set(before.roles)
        if asks_already or not isinstance(stage, RolloutStage):
            continue
        share = f"{100 * stage.steps[j].share:g}"
        added = ApprovalStage(name=_free(f"confirmation at {share}", stages), roles=roles)
        parts: tuple[Stage, ...] = (added, stage)
        if j:
            rest = msgspec.structs.replace(
                stage, name=_free(f"{stage.name[:40]} from {share}", stages), steps=stage.steps[j:]
            )
            parts = (msgspec.structs.replace(stage, steps=stage.steps[:j]), added, rest)
        stages = (*stages[:i], *parts, *stages[i + 1 :])
        what = f"{_people(roles)} must confirm before {share} %"
        changes.append(Change(stage=added.name, what=what, why=why))
    return stages, changes[::-1]


def _dwells(before: tuple[Stage, ...], after: tuple[Stage, ...], why: str) -> list[Change]:
    """The steps that last longer or shorter now; both have the same stages and steps."""
    pairs = zip(_steps(before), _steps(after), strict=True)
    return [
        Change(
            stage=before[i].name,
            what=f"at {100 * new.share:g} % at least {_time(new.dwell_s)} instead of {_time(old.dwell_s)}",
            why=why,
        )
        for (i, _, old), (_, _, new) in pairs
        if old.dwell_s != new.dwell_s
    ]


def _steps(stages: tuple[Stage, ...]) -> Iterator[tuple[int, int, Step]]:
    """All traffic steps with the indexes of their stage and within it."""
    for i, stage in enumerate(stages):
        if isinstance(stage, RolloutStage):
            yield from ((i, j, step) for j, step in enumerate(stage.steps))


def _put(values: tuple[T, ...], index: int, value: T) -> tuple[T, ...]:
    return (*values[:index], value, *values[index + 1 :])


def _free(name: str, stages: tuple[Stage, ...]) -> str:
    """The name, or if a stage has it already, one beside it."""
    taken = {stage.name for stage in stages}
    number = 2
    found = name
    while found in taken:
        found, number = f"{name} {number}", number + 1
    return found


def _people(roles: tuple[str, ...]) -> str:
    return " and ".join(roles)


def _time(seconds: float) -> str:
    """`24 h`, `2.5 h`, `90 s`, `7 days`."""
    for unit_s, unit, least in ((86_400, "days", 172_800), (3600, "h", 3600), (60, "min", 120)):
        if seconds >= least:
            return f"{seconds / unit_s:.3g} {unit}"
    return f"{seconds:.3g} s"
