"""A plan: the steps, guardrails and limits that a release follows. Frozen with the release when it starts."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.pipeline import sequence
from serinus.core.pipeline.acceleration import Acceleration, check_acceleration
from serinus.core.pipeline.freeze import FreezeWindow, check_windows
from serinus.core.pipeline.guardrail import Guardrail, check_guardrail
from serinus.core.pipeline.incidents import IncidentRules
from serinus.core.pipeline.limit import Limit, check_limit
from serinus.core.pipeline.monitor import Monitor
from serinus.core.pipeline.monitor_checks import check_monitors
from serinus.core.pipeline.population import slice_of_step, traffic_share
from serinus.core.pipeline.risk import Effect, RiskRules, check_risk
from serinus.core.pipeline.stages import RolloutStage, Stage
from serinus.core.pipeline.step import Step
from serinus.core.pipeline.suspicions import SuspicionRules, check_suspicions

__all__ = ("Guardrail", "Limit", "Plan", "Step")


OF_A_START = ("first", "not_compared", "effect")
"""The fields that a start sets, and nobody declares."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a release goes. `stages` is the whole; `steps` are those of all its rollouts, in order. Given one of the two,
    the other follows: steps alone are one rollout.

    `alpha`: chance of a false rollback per release; `alpha_per_year` (0: none): what the alphas of all releases of the
    app that users saw within 365 days may add up to; `beta`: chance of showing a candidate to be non-inferior that is
    not; `freeze`: when nothing starts or takes a step; `when_active`: what becomes of a newer candidate while a release
    is active; `accelerate`: when its first steps are shorter; `risk`: what each level of risk asks for beyond it (None:
    nothing); `control_ratio`: control is ill when its events are so many times as frequent as they usually were (0:
    that is never asked); `lease_s`: see the routing snapshot; `suspicions`: how long one waits for its answer;
    `incidents`: what is asked before one is closed. `first`: it was made for a release of an app with nothing live
    (`first_plan`); `not_compared` names what would compare and therefore does not apply; `effect`: the risk that a
    release was started with, and how its plan differs from the declared one (`effective_plan`).
    """

    owner: str
    stages: tuple[Stage, ...] = ()
    steps: tuple[Step, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()
    limits: tuple[Limit, ...] = ()
    monitors: tuple[Monitor, ...] = ()
    alpha: float = 0.01
    alpha_per_year: float = 0.0
    beta: float = 0.05
    freeze: tuple[FreezeWindow, ...] = ()
    when_active: Literal["refuse", "queue", "supersede"] = "refuse"
    accelerate: Acceleration | None = None
    risk: RiskRules | None = None
    holdback: float = 0.01
    control_ratio: float = 1.5
    lease_s: float = 30.0
    freshness_s: float = 60.0
    veto_deadline_s: float = 1800.0
    suspicions: SuspicionRules = SuspicionRules()
    incidents: IncidentRules = IncidentRules()
    first: bool = False
    not_compared: tuple[str, ...] = ()
    effect: Effect = Effect()

    def __post_init__(self) -> None:
        """Refuse a plan that cannot work; InvalidInput names the field."""
        if not self.owner:
            raise InvalidInput("no owner", where="plan.owner", mend="name one person: `owner: ada@example.com`")
        self._complete_stages()
        _in_open_unit("alpha", self.alpha)
        _in_open_unit("beta", self.beta)
        if self.alpha_per_year:
            _in_open_unit("alpha_per_year", self.alpha_per_year)
        if not (0 < self.holdback <= 0.5 or (self.first and self.holdback == 0)):
            raise InvalidInput(f"holdback {self.holdback} is not in (0, 0.5]", where="plan.holdback", mend="use 1%")
        if not 1 <= self.lease_s <= 90:
            raise InvalidInput(f"lease of {self.lease_s} s", where="plan.lease_s", mend="use 1 s to 90 s")
        if self.control_ratio and not 1 <= self.control_ratio <= 1000:
            what = f"control_ratio {self.control_ratio:g} is neither 0 nor from 1 to 1,000"
            raise InvalidInput(what, where="plan.control_ratio", mend="use 1.5, or 0 to never ask")
        _above_zero("freshness_s", self.freshness_s)
        _above_zero("veto_deadline_s", self.veto_deadline_s)
        for i, guardrail in enumerate(self.guardrails):
            check_guardrail(f"plan.guardrails[{i}]", guardrail)
            if guardrail.metric in (other.metric for other in self.guardrails[:i]):
                raise InvalidInput(
                    f"{guardrail.metric} stands twice", where=f"plan.guardrails[{i}]", mend="keep one of them"
                )
        for i, limit in enumerate(self.limits):
            check_limit(f"plan.limits[{i}]", limit)
        check_windows(self.freeze)
        check_monitors(self.monitors, len(self.steps))
        check_acceleration(self.accelerate, self.monitors)
        check_risk(self.risk, self.stages)
        check_suspicions(self.suspicions)
        self._check_required()

    def _complete_stages(self) -> None:
        """Derive what was left out. A frozen value is completed here, where it is made, and nowhere else."""
        if not self.stages:
            sequence.check_steps(self.steps, [f"plan.steps[{i}]" for i in range(len(self.steps))], "plan.steps")
            msgspec.structs.force_setattr(self, "stages", (RolloutStage(steps=self.steps),))
            return
        flat = sequence.check_stages(self.stages)
        if self.steps and self.steps != flat:
            raise InvalidInput(
                "the steps are not those of the stages", where="plan.steps", mend="leave `steps` out: stages hold them"
            )
        msgspec.structs.force_setattr(self, "steps", flat)

    def _check_required(self) -> None:
        asking = [i for i, step in enumerate(self.steps) if step.require == "non_inferior"]
        if not asking:
            return
        if self.is_watch(asking[-1]):
            raise InvalidInput(
                "nothing is compared in the watch, so nothing can be shown there",
                where=self.place_of(asking[-1]) + ".require",
                mend="ask for `require: non_inferior` in a step before 100 %",
            )
        if not self.promoting():
            raise InvalidInput(
                "`non_inferior` needs a guardrail to be shown inside its margin",
                where="plan.guardrails",
                mend="add one: `- {metric: call.error, max_ratio: 1.25}`",
            )
        for i, guardrail in enumerate(self.guardrails):
            if guardrail in self.promoting() and guardrail.kind == "score" and not guardrail.drop:
                raise InvalidInput(
                    f"inside a {guardrail.margin_key} of 0 nothing can ever be shown",
                    where=f"plan.guardrails[{i}].{guardrail.margin_key}",
                    mend="use one above 0, such as 0.02, or `require: no_harm`",
                )
            if guardrail in self.promoting() and guardrail.max_ratio <= 1:
                raise InvalidInput(
                    f"inside a margin of {guardrail.max_ratio:g} nothing can ever be shown",
                    where=f"plan.guardrails[{i}].max_ratio",
                    mend="use a margin above 1, such as 1.25, or `require: no_harm`",
                )

    def place_of(self, step: int) -> str:
        """Where a step stands in the declaration."""
        stage = self.stage_of(step)
        return f"plan.stages[{stage}].steps[{step - self.steps_of(stage)[0]}]"

    def promoting(self) -> tuple[Guardrail, ...]:
        """The guardrails that a `non_inferior` step wants shown inside their margins."""
        return tuple(g for g in self.guardrails if g.role == "guardrail" and not g.dry_run)

    def candidate_share(self, step: int) -> float:
        """The candidate's share of the app's traffic at a step: the step's own, or half of its population if that is
        less, or 1 − holdback for the watch; 0 before the first."""
        if step < 0:
            return 0.0
        found = self.steps[step]
        return traffic_share(found.share, found.population) if found.share <= 0.5 else 1.0 - self.holdback

    def slice_share(self, step: int) -> float:
        """The candidate's slice at a step of those whom the step means (H14), or 1 − holdback for the watch."""
        found = self.steps[step]
        return slice_of_step(found.share, found.population) if found.share <= 0.5 else 1.0 - self.holdback

    def is_watch(self, step: int) -> bool:
        """Whether this step is the 100 % watch."""
        return step >= 0 and self.steps[step].share > 0.5

    def steps_of(self, stage: int) -> range:
        """The steps that a stage takes, as indexes; none for a stage without traffic."""
        first = sum(len(s.steps) for s in self.stages[:stage] if isinstance(s, RolloutStage))
        found = self.stages[stage]
        return range(first, first + (len(found.steps) if isinstance(found, RolloutStage) else 0))

    def stage_of(self, step: int) -> int:
        """The stage that takes this step."""
        return next(stage for stage in range(len(self.stages)) if step in self.steps_of(stage))


def _in_open_unit(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise InvalidInput(f"{name} {value} is not in (0, 1)", where=f"plan.{name}", mend="0.01 is the default")


def _above_zero(name: str, seconds: float) -> None:
    if not 0 < seconds < math.inf:
        raise InvalidInput(f"{name} of {seconds:g} s", where=f"plan.{name}", mend="use more than 0, such as 60 s")
