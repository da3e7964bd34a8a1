"""The pipeline that is rehearsed when no other is named: five steps of traffic, the usual guardrails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.acceleration import Acceleration
from serinus.core.pipeline.fresh import fresh_share
from serinus.core.pipeline.monitor import Monitor
from serinus.core.pipeline.plan import Guardrail, Limit, Plan
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage
from serinus.core.pipeline.step import Step
from serinus.rehearsal.scenario import is_latency

HOUR_S = 3600.0
GRADED = "judge.correctness"
"""What a scenario's judge grades in production."""
LEAST_ADDED = 1e-6
NOBODY: Mapping[str, float] = MappingProxyType({})

STANDARD = Plan(
    owner="nobody@example.com",
    stages=(
        OfflineStage(name="golden set", suites=("golden",)),
        RolloutStage(name="canary", steps=(Step(share=0.02, dwell_s=2 * HOUR_S, min_units=100),)),
        RolloutStage(name="cohort", steps=(Step(share=0.10, dwell_s=4 * HOUR_S, min_units=200),)),
        ApprovalStage(name="review", roles=("ops_lead",)),
        RolloutStage(
            name="wider",
            steps=(
                Step(share=0.25, dwell_s=6 * HOUR_S, min_units=200),
                Step(share=0.50, dwell_s=6 * HOUR_S, min_units=200),
            ),
        ),
        RolloutStage(name="full", steps=(Step(share=1.00, dwell_s=24 * HOUR_S),)),
    ),
    guardrails=(
        Guardrail(metric="call.error"),
        Guardrail(metric="call.invalid_format"),
        Guardrail(metric="call.refusal"),
        Guardrail(metric="feedback.thumbs_down", max_ratio=1.5, design_ratio=3.0),
        Guardrail(metric="latency.p95", max_ratio=1.1),
        Guardrail(metric=GRADED, max_drop=0.03),
    ),
    limits=(
        Limit(metric="call.error", above=0.15),
        Limit(metric="latency.p95", above=8_000.0, min_requests=20),
    ),
    freshness_s=300.0,
)

FIRST: Plan = msgspec.structs.replace(
    STANDARD,
    steps=(),
    stages=(
        OfflineStage(name="golden set", suites=("golden",)),
        ApprovalStage(name="review", roles=("ops_lead",)),
        RolloutStage(name="canary", steps=(Step(share=0.10, dwell_s=2 * HOUR_S, min_units=200),)),
        RolloutStage(name="wider", steps=(Step(share=0.50, dwell_s=6 * HOUR_S, min_units=200),)),
        RolloutStage(name="full", steps=(Step(share=1.00, dwell_s=24 * HOUR_S),)),
    ),
    limits=(
        Limit(metric="call.error", above=0.05, buckets=15, min_requests=1, by_chance=1e-6),
        Limit(metric="latency.p95", above=8_000.0, min_requests=20),
    ),
)
"""For the first release of an app: signed before users see it, and so wide that its limits have enough requests."""


def playable(
    plan: Plan,
    *,
    latency: bool = True,
    sizes: Mapping[str, float] = NOBODY,
    graded: bool = False,
    monitors: tuple[Monitor, ...] = (),
) -> Plan:
    """The plan as it can be rehearsed: without guardrails that read what nobody simulates, and with those of its
    `monitors` alone; of `latency` something is known or not, and answers are `graded` live or not. A population is
    taken as a random part of the users, as large as the plan says or `sizes` by its name; InvalidInput for a size of
    what no step means."""
    plan = msgspec.structs.replace(plan, monitors=monitors, accelerate=_paced(plan, monitors))
    rails = tuple(
        rail
        for rail in plan.guardrails
        if rail.kind == "events" or (latency and is_latency(rail.metric)) or (graded and rail.metric == GRADED)
    )
    named = {step.population.name for step in plan.steps if step.population is not None}
    for name in sizes.keys() - named:
        mend = f"known here: {', '.join(sorted(named - {''}))}" if named - {""} else "leave it out"
        raise InvalidInput(f"no step means {name!r}", where=f"populations.{name}", mend=mend)
    if not named:
        return msgspec.structs.replace(plan, guardrails=rails)
    steps = iter(_for_everyone([_sized(step, sizes) for step in plan.steps]))
    stages = tuple(
        msgspec.structs.replace(stage, steps=tuple(next(steps) for _ in stage.steps))
        if isinstance(stage, RolloutStage)
        else stage
        for stage in plan.stages
    )
    return msgspec.structs.replace(plan, steps=(), stages=stages, guardrails=rails)


def _paced(plan: Plan, monitors: tuple[Monitor, ...]) -> Acceleration | None:
    """Later steps are shorter only where all that they ask for is read."""
    found = plan.accelerate
    if found is None or {pace.monitor for pace in found.when} <= {one.name for one in monitors}:
        return found
    return msgspec.structs.replace(found, when=())


def _sized(step: Step, sizes: Mapping[str, float]) -> Step:
    if step.population is None or step.population.name not in sizes:
        return step
    return msgspec.structs.replace(
        step, population=msgspec.structs.replace(step.population, size=sizes[step.population.name])
    )


def _for_everyone(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Steps that enrol as many users each, and mean everyone."""
    made: list[Step] = []
    share = 0.0
    for index, step in enumerate(steps):
        added = fresh_share(steps, index) if step.share <= 0.5 else 1.0
        if added < LEAST_ADDED:
            raise InvalidInput(
                "this step adds nobody, as far as the sizes of populations tell",
                where=f"plan.steps[{index}]",
                mend="say how large they are: `{when: …, size: 8%}`",
            )
        share = min(0.5, share + added) if step.share <= 0.5 else 1.0
        made.append(msgspec.structs.replace(step, share=share, population=None))
    return tuple(made)
