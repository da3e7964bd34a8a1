"""What a sequence of stages and steps must be to work. InvalidInput names the place and how to mend it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from serinus.core.access import APPROVERS, role
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.peak import check_peak
from serinus.core.pipeline.population import check_population, slice_of_step, who
from serinus.core.pipeline.shadow import check_pairs
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage, Stage
from serinus.core.pipeline.step import Step

MOST_STEPS = 100
"""A call id has one byte for the step at which a unit was first enrolled."""
_NAME = re.compile(r"[a-z0-9][a-z0-9 ._-]{0,62}")


def check_stages(stages: Sequence[Stage]) -> tuple[Step, ...]:
    """The steps of all rollouts, in order. Offline and shadow stages stand before all traffic, approvals before or
    between rollouts, and a rollout to 100 % ends the plan."""
    names: set[str] = set()
    exposed = False
    for i, stage in enumerate(stages):
        where = f"plan.stages[{i}]"
        _check_name(stage.name, names, where)
        _check_kind(stage, where)
        if exposed and isinstance(stage, OfflineStage | ShadowStage):
            raise InvalidInput(
                "it measures before any traffic, but a rollout stands before it", where=where, mend="move it up"
            )
        exposed = exposed or isinstance(stage, RolloutStage)
    if not isinstance(stages[-1], RolloutStage):
        raise InvalidInput(
            "the last stage is not a rollout", where=f"plan.stages[{len(stages) - 1}]", mend=f"end with {_ROLLOUT}"
        )
    rollouts = [(i, stage) for i, stage in enumerate(stages) if isinstance(stage, RolloutStage)]
    places = [f"plan.stages[{i}].steps[{j}]" for i, stage in rollouts for j in range(len(stage.steps))]
    steps = tuple(step for _, stage in rollouts for step in stage.steps)
    check_steps(steps, places, f"plan.stages[{len(stages) - 1}].steps")
    return steps


def check_steps(steps: Sequence[Step], places: Sequence[str], whole: str) -> None:
    """Each step adds users, up to ½ of those whom it means, and the last is 100 %, in `MOST_STEPS` at most. `places`
    names each step, `whole` where the last of them stand."""
    if not steps:
        raise InvalidInput("no steps", where=whole, mend="add at least one: `- {share: 5%, dwell: 2h}`")
    if len(steps) > MOST_STEPS:
        raise InvalidInput(f"{len(steps)} steps", where=whole, mend=f"use {MOST_STEPS} at most")
    for i, (step, where) in enumerate(zip(steps, places, strict=True)):
        if not (0 < step.share <= 0.5 or step.share == 1.0):
            raise InvalidInput(
                f"share {step.share:.2%} cannot be compared", where=where, mend="use up to 50 %, or 100 % as the last"
            )
        _check_population(step, where)
        _check_growth(step, steps[:i], where)
        if not 0 < step.dwell_s < math.inf or step.min_units < 0:
            raise InvalidInput("dwell must be above 0 and min_units not below 0", where=where, mend="e.g. dwell: 2h")
    if steps[-1].share != 1.0:
        raise InvalidInput("the last step is not 100 %", where=whole, mend="end with `- {share: 100%, dwell: 24h}`")


def _check_population(step: Step, where: str) -> None:
    _refuse_twice(step.opted_in, f"{where}.opted_in")
    if step.population is None:
        return
    if step.share > 0.5:
        raise InvalidInput(
            "100 % means everyone", where=f"{where}.population", mend="leave the population of the last step out"
        )
    check_population(step.population, f"{where}.population")


def _check_growth(step: Step, before: Sequence[Step], where: str) -> None:
    """The step gives the candidate more than every step before it whose population held all of its own."""
    for earlier in before:
        holds_all = earlier.population is None or (
            step.population is not None and earlier.population.when == step.population.when
        )
        if holds_all and slice_of_step(step.share, step.population) <= slice_of_step(earlier.share, earlier.population):
            meant = "" if step.population is None else f" of {who(step.population)}"
            raise InvalidInput(
                f"share {step.share:.2%}{meant} does not grow",
                where=where,
                mend="shares only grow: each step adds users",
            )


_ROLLOUT = "`- {kind: rollout, steps: [{share: 5%, dwell: 2h}, {share: 100%, dwell: 24h}]}`"


def _check_name(name: str, names: set[str], where: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} is not a stage name",
            where=f"{where}.name",
            mend="use up to 63 lower-case letters, digits, spaces, dots, hyphens and underscores",
        )
    if name in names:
        raise InvalidInput(
            f"another stage is named {name!r} too", where=f"{where}.name", mend=f"name it apart: `name: {name} 2`"
        )
    names.add(name)


def _check_kind(stage: Stage, where: str) -> None:
    match stage:
        case OfflineStage():
            _check_offline(stage, where)
        case ShadowStage():
            _check_shadow(stage, where)
        case ApprovalStage():
            _check_approval(stage, where)
        case RolloutStage() if not stage.steps:
            raise InvalidInput("no steps", where=f"{where}.steps", mend="add at least one: `- {share: 5%, dwell: 2h}`")


def _check_offline(stage: OfflineStage, where: str) -> None:
    if not stage.suites:
        raise InvalidInput("no suites", where=f"{where}.suites", mend="name at least one: `suites: [golden]`")
    _refuse_twice(stage.suites, f"{where}.suites")
    _above_zero("budget_s", stage.budget_s, where)


def _check_shadow(stage: ShadowStage, where: str) -> None:
    if not 0 < stage.share <= 1:
        raise InvalidInput(f"share {stage.share} is not in (0, 1]", where=f"{where}.share", mend="e.g. share: 100%")
    if stage.min_units < 1 or stage.max_concurrency < 1 or stage.max_cost_usd < 0:
        raise InvalidInput(
            "min_units and max_concurrency are at least 1, max_cost_usd not below 0",
            where=where,
            mend="e.g. min_units: 500, max_concurrency: 32",
        )
    _above_zero("dwell_s", stage.dwell_s, where)
    if stage.budget_s < stage.dwell_s:
        raise InvalidInput(
            f"a budget of {stage.budget_s:g} s is shorter than the dwell of {stage.dwell_s:g} s",
            where=f"{where}.budget_s",
            mend="give it at least the dwell: `budget: 18h` for `dwell: 12h`",
        )
    check_pairs(where, stage.guardrails, stage.limits, stage.measures)
    _refuse_twice(stage.requests, f"{where}.requests")
    if stage.peak is not None:
        check_peak(f"{where}.peak", stage.peak)


def _check_approval(stage: ApprovalStage, where: str) -> None:
    where_roles = f"{where}.roles"
    if not stage.roles:
        raise InvalidInput("no roles", where=where_roles, mend="name who signs: `roles: [ml_lead, ops_lead]`")
    _refuse_twice(stage.roles, where_roles)
    for name in stage.roles:
        try:
            known = role(name)
        except InvalidInput as error:
            raise InvalidInput(error.what, where=where_roles, mend=error.mend) from None
        if known not in APPROVERS:
            raise InvalidInput(
                f"a {name} only looks", where=where_roles, mend="name a role that answers for it, such as ml_lead"
            )
    _above_zero("sla_s", stage.sla_s, where)


def _refuse_twice(names: Sequence[str], where: str) -> None:
    for i, name in enumerate(names):
        if name in names[:i]:
            raise InvalidInput(f"{name!r} stands twice", where=where, mend="keep one of them")


def _above_zero(field: str, seconds: float, where: str) -> None:
    if seconds <= 0:
        raise InvalidInput(f"{field} of {seconds:g} s", where=f"{where}.{field}", mend="use more than 0, such as 4h")
