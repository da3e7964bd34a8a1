"""A plan on the wire: core's fields and units."""

from typing import Annotated, Literal

import msgspec
from pydantic import Field

from serinus.api.schemas.declared import Declared as Declared
from serinus.api.schemas.monitor import MonitorBody, ThresholdBody
from serinus.api.schemas.population import PopulationBody
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.risk import CRITICAL, HIGH, MEDIUM


class PairLimitBody(Declared):
    """An absolute rate over pairs."""

    metric: str = Field(description="An event that both calls of a pair can have.")
    above: float = Field(description="Share of pairs with it on the candidate's side, in [0, 1).")
    min_pairs: int = Field(default=0, description="Pairs from which on it is read; 0: the stage's min_units.")


class MeasureBody(Declared):
    """A ratio of sizes over pairs."""

    measure: Literal["latency", "ttft", "tokens_out", "cost", "length"]
    max_ratio: float | None = Field(
        default=None, description="Geometric mean of candidate over baseline that is tolerated; null: the default."
    )
    role: Literal["guardrail", "signal", "info"] = Field(
        default="signal", description="`guardrail` fails the stage, `signal` pauses, `info` is only shown."
    )


class PeakBody(Declared):
    """A window of peak traffic."""

    hours: str = Field(description="`HH:MM-HH:MM`, or `auto`: the app's own busiest hours.")
    days: str = Field(default="mon-sun", description="`mon-fri`, `sat,sun`.")
    zone: str = Field(default="UTC", description="An IANA time zone.")
    min_units: int = Field(default=100, description="Units whose pair must lie inside.")
    busiest: list[int] = Field(default=[], description="Hours of the week in UTC, fixed at the start of a release.")


class StepBody(Declared):
    """One traffic level."""

    share: float = Field(description="Share of the traffic on the candidate: in (0, 0.5], or 1 for the watch.")
    dwell_s: float = Field(description="Seconds with data in both arms and no breach.")
    min_units: int = Field(default=0, description="Enrolled units that each arm needs.")
    require: Literal["no_harm", "non_inferior"] = Field(
        default="no_harm", description="What must hold to leave it; `non_inferior`: every guardrail inside its margin."
    )
    population: PopulationBody | None = Field(
        default=None, description="Who takes part from this step on, besides those of earlier ones; null: everyone."
    )
    opted_in: list[str] = Field(default=[], description="Lists of the app whose units get the candidate from here on.")


class OfflineBody(Declared):
    """Suites before any traffic."""

    kind: Literal["offline"]
    name: str
    suites: list[str] = Field(description="Names of suites of the app.")
    budget_s: float = Field(default=4 * 3600.0, description="Seconds after which a run is inconclusive.")
    dry_run: bool = Field(default=False, description="Shown, gates nothing.")


class GuardrailBody(Declared):
    """A sequential comparison with the control: of first bad events, latency quantiles, cost or tokens per call."""

    metric: str = Field(description="A metric of the registry, such as `call.error`.")
    max_ratio: float = Field(default=1.25, description="Rate ratio that is tolerated.")
    design_ratio: float = Field(default=2.0, description="Rate ratio that is found fastest.")
    role: Literal["guardrail", "signal", "info"] = Field(
        default="guardrail", description="`guardrail` rolls back, `signal` pauses, `info` is only shown."
    )
    dry_run: bool = Field(default=False, description="Say what would be done, and do nothing.")
    weight: float = Field(default=1.0, description="This metric's part of alpha, relative to the others.")
    cap: float | None = Field(default=None, description="Of cost and tokens: a call counts as this at most.")
    max_drop: float | None = Field(
        default=None, description="Of scores: the drop that is tolerated, a share of the scale; null: 0.02."
    )
    max_rise: float | None = Field(
        default=None, description="Of scores that are better when lower: the rise that is tolerated; null: 0.02."
    )
    maturation_s: float | None = Field(
        default=None, description="Of scores and feedback: how long a user's label is waited for; null: 15 minutes."
    )
    min_labels: int | None = Field(
        default=None, description="Of scores and feedback: labels that each arm needs in a step; null: 20 or 1."
    )


class ShadowBody(Declared):
    """A copy of live requests, whose answers no user sees."""

    kind: Literal["shadow"]
    name: str
    share: float = Field(default=1.0, description="Share of eligible calls that is mirrored, in (0, 1].")
    dwell_s: float = Field(default=12 * 3600.0, description="Seconds of healthy mirroring.")
    min_units: int = Field(default=500, description="Distinct users with a pair.")
    max_concurrency: int = Field(default=32, description="Mirrored calls at once; more are dropped and counted.")
    max_cost_usd: float = Field(default=0.0, description="Cost at which mirroring stops; 0: no bound.")
    budget_s: float = Field(default=18 * 3600.0, description="Seconds after which it is inconclusive.")
    guardrails: list[GuardrailBody] = Field(
        default=[], description="Which of the two had an event; empty: those of the plan that pairs can tell of."
    )
    limits: list[PairLimitBody] = Field(default=[], description="Absolute rates over pairs.")
    measures: list[MeasureBody] = Field(default=[], description="Ratios of sizes over pairs.")
    peak: PeakBody | None = Field(default=None, description="The window of peak traffic that must be seen.")
    requests: list[str] = Field(
        default=[], description="Suites over imported or recorded requests: what a first release runs instead."
    )


class ApprovalBody(Declared):
    """People who sign."""

    kind: Literal["approval"]
    name: str
    roles: list[str] = Field(description="One identity for each role, neither the author nor who started it.")
    sla_s: float = Field(default=4 * 3600.0, description="Seconds until the reminder.")


class RolloutBody(Declared):
    """Traffic, a step at a time."""

    kind: Literal["rollout"]
    name: str = "rollout"
    steps: list[StepBody]


StageBody = Annotated[OfflineBody | ShadowBody | ApprovalBody | RolloutBody, Field(discriminator="kind")]


class LimitBody(Declared):
    """An absolute limit with a duration."""

    metric: str = Field(description="A metric of the registry, such as `call.error` or `latency.p99`.")
    above: float | None = Field(
        default=None,
        description="Too much, in the metric's unit: a share of requests with the event in [0, 1), or ms.",
    )
    below: float | None = Field(default=None, description="Too little, where more is better: tokens/s, a mean score.")
    buckets: int = Field(default=5, description="How many buckets in a row; of a score: minutes taken together.")
    bucket_s: Literal[1, 60] = Field(default=60, description="Width of a bucket in seconds.")
    min_requests: int = Field(
        default=50, description="Requests that each bucket needs; of a score: scores that all buckets together need."
    )
    action: Literal["pause", "rollback"] = Field(default="rollback", description="What follows.")
    by_chance: float = Field(
        default=0.0,
        description="All buckets together, a version at the bound is so bad with this chance at most; 0: not asked.",
    )


class FreezeWindowBody(Declared):
    """A window in which no release starts or takes a step; rollbacks go on."""

    hours: str = Field(default="00:00-24:00", description="`HH:MM-HH:MM`, over midnight when the end is not after.")
    days: str = Field(default="mon-sun", description="`fri-sun`, `mon,wed`.")
    zone: str = Field(default="UTC", description="An IANA time zone.")
    first: str = Field(default="", description="The first day, as `2026-12-20`; empty: without bound.")
    last: str = Field(default="", description="The last day, included.")
    reason: str = Field(default="", max_length=2000, description="Told to whoever waits.")


class PaceBody(Declared):
    """What a monitor must read of the candidate: at the threshold, or beyond it."""

    monitor: str = Field(description="One of the plan's monitors.")
    threshold: ThresholdBody


class AccelerateBody(Declared):
    """Shorter dwells after releases that were promoted without a pause for harm, and for one that does better than it
    must."""

    clean_releases: int = Field(default=3, description="How many in a row.")
    cut: float = Field(default=0.2, description="Part of the dwell that is saved, in (0, 0.5].")
    up_to: float = Field(default=0.1, description="Steps of up to this share are shorter.")
    first_dwell_s: float | None = Field(default=None, description="Dwell of the first step then; null: as the others.")
    when: list[PaceBody] = Field(
        default=[], description="All of them as the last such step is left: the dwells of later ones are shorter."
    )
    later_cut: float = Field(default=0.3, description="By so much, in (0, 0.5].")


class DemandsBody(Declared):
    """What one level of risk asks for beyond the plan."""

    shadow_dwell_s: float = Field(default=0.0, description="A shadow stage lasts so long at least.")
    canary_factor: float = Field(default=1.0, description="Canary dwells are so many times as long.")
    canary_floor_s: float = Field(default=0.0, description="The last canary step lasts so long at least.")
    canary_s: float = Field(default=0.0, description="All canary steps together last so long at least.")
    sign: list[str] = Field(default=[], description="Roles that must sign before the first traffic.")
    confirm_at: list[float] = Field(default=[], description="Shares before which somebody confirms.")
    confirm_by: list[str] = Field(default=[], description="Roles, each of which confirms.")
    suites: list[str] = Field(default=[], description="Run in the first offline stage, too.")


class RiskRulesBody(Declared):
    """What a release of each level of risk asks for; a level asks for what those below it do, too."""

    canary_up_to: float = Field(default=0.1, description="Steps of up to this share are canary steps.")
    medium: DemandsBody = Field(default_factory=lambda: DemandsBody(**msgspec.to_builtins(MEDIUM)))
    high: DemandsBody = Field(default_factory=lambda: DemandsBody(**msgspec.to_builtins(HIGH)))
    critical: DemandsBody = Field(default_factory=lambda: DemandsBody(**msgspec.to_builtins(CRITICAL)))


class SuspicionRulesBody(Declared):
    """What a release does about suspicions."""

    confirm_within_s: float = Field(
        default=900.0, description="Seconds that a suspected policy violation waits for its answer; then it rolls back."
    )


class IncidentRulesBody(Declared):
    """What is asked before an incident is closed."""

    block: bool = Field(default=False, description="While an incident of the app is open, no release of it starts.")
    sign_off: Literal["short", "full"] = Field(
        default="short",
        description="What must be signed before one is closed: `short` the root cause alone, `full` the regression "
        "case, the review of the decision engine, no remaining impact and re-entry, too.",
    )


class PlanBody(Declared):
    """How releases of an app go; frozen with a release when it starts."""

    owner: str = Field(description="One person.")
    stages: list[StageBody] = Field(default=[], description="In order; empty: one rollout of `steps`.")
    steps: list[StepBody] = Field(
        default=[], description="Of all rollouts: growing shares, the last is 1. Left out, the stages hold them."
    )
    guardrails: list[GuardrailBody] = Field(default=[], description="Comparisons with the control.")
    limits: list[LimitBody] = Field(default=[], description="Absolute limits.")
    monitors: list[MonitorBody] = Field(default=[], description="Numbers that are watched all the time.")
    alpha: float = Field(default=0.01, description="Chance of a false rollback per release.")
    alpha_per_year: float = Field(
        default=0.0, description="What the alphas of a year's releases that users saw may add up to; 0: no bound."
    )
    beta: float = Field(default=0.05, description="Chance of showing a candidate non-inferior that is not.")
    freeze: list[FreezeWindowBody] = Field(default=[], description="When no release starts or takes a step.")
    when_active: Literal["refuse", "queue", "supersede"] = Field(
        default="refuse", description="What becomes of a newer candidate while a release is active."
    )
    accelerate: AccelerateBody | None = Field(default=None, description="Shorter dwells after clean releases.")
    risk: RiskRulesBody | None = Field(
        default=None, description="What each level of risk asks for beyond this plan; null: nothing."
    )
    holdback: float = Field(default=0.01, description="Share that stays on the control during the watch.")
    control_ratio: float = Field(
        default=1.5, description="So many times its usual rate of an event the control may have; 0: never asked."
    )
    lease_s: float = Field(default=30.0, description="Seconds after which an unwatched gateway serves the baseline.")
    freshness_s: float = Field(
        default=60.0, description="Age of the newest shipped data above which the release pauses."
    )
    veto_deadline_s: float = Field(default=1800.0, description="Seconds until a vetoed limit rolls back.")
    suspicions: SuspicionRulesBody = Field(
        default_factory=lambda: SuspicionRulesBody(), description="What is suspected of the candidate."
    )
    incidents: IncidentRulesBody = Field(
        default_factory=lambda: IncidentRulesBody(), description="What is asked before an incident is closed."
    )

    @classmethod
    def of(cls, plan: Plan) -> "PlanBody":
        """The view of a plan; what only a start can make of one (`first`) has fields of its own."""
        fields = msgspec.to_builtins(plan)
        return cls.model_validate({name: fields[name] for name in cls.model_fields})
