"""The project file as pydantic models: names and units as people write them. Defaults are core's own."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from serinus.core.routing.snapshot import RuleKind
from serinus.files.cohort_model import CohortModel
from serinus.files.fields import (
    Bound,
    Bytes,
    Dollars,
    Expression,
    KindName,
    MetricName,
    Model,
    RoleName,
    RouteName,
    Seconds,
    Share,
    bound,
)
from serinus.files.live_judges import LiveJudgeModel
from serinus.files.monitor_model import MonitorModel
from serinus.files.stage_model import StageModel


class PriceModel(Model):
    """US dollars for a million tokens of a model. `cached_input`: of those in that the provider had kept."""

    input: Dollars = Field(examples=["$0.15"])
    output: Dollars = Field(examples=["$0.60"])
    cached_input: Dollars | None = Field(default=None, examples=["$0.075"])


class RuleModel(Model):
    """What no answer may do. Which keys it has says its kind."""

    name: str = Field(min_length=1, examples=["no_refund_promise"])
    kind: RuleKind = Field(examples=["regex"])
    pattern: str | None = Field(default=None, examples=["'(?i)already refunded'"])
    tools: list[str] | None = Field(default=None, examples=["[issue_refund]"])
    key: str | None = Field(default=None, examples=["action"])
    values: list[str | int | float | bool | None] | None = Field(default=None, examples=["[delete_account]"])
    max_chars: int | None = Field(default=None, examples=["4000"])
    zero_tolerance: bool | None = None


class BreakerModel(Model):
    """When a gateway worker stops asking an endpoint that fails."""

    failures: int | None = Field(default=None, ge=0, examples=["10"])
    share: Share | None = Field(default=None, gt=0, examples=["80%"])
    window: Seconds | None = Field(default=None, gt=0, examples=["10s"])
    open: Seconds | None = Field(default=None, gt=0, examples=["5s"])


class EndpointModel(Model):
    """An upstream; the key itself stays in the environment of the gateway."""

    base_url: str = Field(pattern=r"^https?://[^\s@]+$", examples=["https://api.openai.com/v1"])
    api_key_env: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$", examples=["OPENAI_API_KEY"])
    shadow_api_key_env: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$", examples=["OPENAI_SHADOW_KEY"])
    ca_file: str = ""
    breaker: BreakerModel = BreakerModel()
    prices: dict[str, PriceModel] = Field(
        default_factory=dict, examples=["{gpt-4o-mini: {input: $0.15, output: $0.60}}"]
    )


class LimitsModel(Model):
    """Time and size limits of an app's calls."""

    connect: Seconds | None = None
    first_token: Seconds | None = None
    between_tokens: Seconds | None = None
    total: Seconds | None = None
    body: Bytes | None = None
    answer: Bytes | None = None


class FormatModel(Model):
    """What a well-formed answer is."""

    kind: Literal["json_object", "regex"] = Field(examples=["json_object"])
    required_keys: list[str] | None = None
    pattern: Expression | None = None


class GuardrailModel(Model):
    """A sequential comparison with the control."""

    metric: MetricName = Field(examples=["call.error"])
    max_ratio: float | None = None
    design_ratio: float | None = None
    role: Literal["guardrail", "signal", "info"] | None = None
    dry_run: bool | None = None
    weight: float | None = None
    cap: Bound | None = Field(default=None, examples=["$0.05"])
    max_drop: Share | None = Field(default=None, examples=["2%"])
    max_rise: Share | None = Field(default=None, examples=["2%"])
    matures: Seconds | None = Field(default=None, examples=["30m"])
    min_labels: int | None = Field(default=None, ge=1)

    @field_validator("cap", mode="before")
    @classmethod
    def _in_unit(cls, value: object, stands: ValidationInfo) -> object:
        return None if value is None else bound(stands.data.get("metric"), value)


class TriggerModel(Model):
    """An absolute limit with a duration. `for` of whole minutes counts in minutes, else in seconds. Of scores the mean
    within a `window`."""

    metric: MetricName = Field(examples=["call.error"])
    above: Bound | None = Field(default=None, examples=["2.5%"])
    below: Bound | None = Field(default=None, examples=["15 tokens/s"])
    for_: Seconds | None = Field(default=None, alias="for", examples=["5m"])
    bucket: Literal["1s", "1m"] | None = None
    min_requests: int | None = Field(default=None, ge=1)
    window: Seconds | None = Field(default=None, examples=["1h"])
    min_samples: int | None = Field(default=None, ge=1, examples=["100"])
    by_chance: Share | None = Field(default=None, examples=["0.001%"])
    action: Literal["pause", "rollback"] | None = None

    @field_validator("above", "below", mode="before")
    @classmethod
    def _in_unit(cls, value: object, stands: ValidationInfo) -> object:
        return None if value is None else bound(stands.data.get("metric"), value)


class TargetModel(Model):
    """Where the URL of a target is kept: in a variable or a file of the control process. Never the URL itself."""

    url_env: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]{0,127})?$", examples=["SLACK_URL"])
    url_file: str = Field(default="", pattern=r"^(/.*)?$", examples=["/run/secrets/slack"])


class NotificationsModel(Model):
    """Whom to tell what; `events` replaces the routes of single kinds."""

    release_channel: list[TargetModel] = Field(default_factory=list, examples=["[{url_env: SLACK_URL}]"])
    on_call: list[TargetModel] = Field(default_factory=list, examples=["[{url_env: PAGER_URL}]"])
    leads: list[TargetModel] = Field(default_factory=list, examples=["[{url_env: LEADS_URL}]"])
    owner: list[TargetModel] = Field(default_factory=list, examples=["[{url_env: OWNER_URL}]"])
    acknowledge_within: Seconds | None = Field(default=None, examples=["15m"])
    events: dict[KindName, list[RouteName]] = Field(default_factory=dict, examples=["{advance: []}"])


class FreezeModel(Model):
    """When no release starts or takes a step. Dates are the first and the last day, both included."""

    hours: str | None = Field(default=None, examples=["18:00-08:00"])
    days: str | None = Field(default=None, examples=["fri-sun"])
    zone: str = Field(min_length=1, examples=["Europe/Berlin"])
    first: date | None = Field(default=None, examples=["2026-12-20"])
    last: date | None = Field(default=None, examples=["2027-01-03"])
    reason: str | None = None


class AccelerateModel(Model):
    """Shorter dwells after releases that went well, and for one that does better than it must."""

    clean_releases: int | None = Field(default=None, ge=1)
    cut: Share | None = Field(default=None, examples=["20%"])
    up_to: Share | None = Field(default=None, examples=["10%"])
    first_dwell: Seconds | None = Field(default=None, examples=["1h"])
    when: dict[str, str] = Field(
        default_factory=dict, examples=["{correctness: above 88%, latency.p99: below 2.8s, call.error: below 0.5%}"]
    )
    later_cut: Share | None = Field(default=None, examples=["30%"])


class DemandsModel(Model):
    """What one level of risk asks for beyond the plan; what is left out has the house default of the level."""

    shadow_dwell: Seconds | None = Field(default=None, examples=["24h"])
    canary_factor: float | None = Field(default=None, ge=1, examples=["2.0"])
    canary_floor: Seconds | None = Field(default=None, examples=["8h"])
    canary: Seconds | None = Field(default=None, examples=["7d"])
    sign: list[RoleName] | None = Field(default=None, examples=["[ops_lead, safety_reviewer]"])
    confirm_at: list[Share] | None = Field(default=None, examples=["[25%, 50%]"])
    confirm_by: list[RoleName] | None = Field(default=None, examples=["[release_manager]"])
    suites: list[str] | None = Field(default=None, examples=["[adversarial]"])


class RiskModel(Model):
    """What a release of each level of risk asks for; `risk: {}` is the house's."""

    canary_up_to: Share | None = Field(default=None, examples=["10%"])
    medium: DemandsModel = DemandsModel()
    high: DemandsModel = DemandsModel()
    critical: DemandsModel = DemandsModel()


class SuspicionsModel(Model):
    """How long a suspected policy violation of the candidate waits for a person before it counts as one."""

    confirm_within: Seconds | None = Field(default=None, gt=0, examples=["15m"])


class IncidentsModel(Model):
    """What is asked before an incident is closed, and whether releases wait for that."""

    block: bool | None = Field(default=None, examples=["true"])
    sign_off: Literal["short", "full"] | None = Field(default=None, examples=["full"])


class CachedModel(Model):
    """Approved answers that come before the fallback message."""

    confidence: Share | None = Field(default=None, gt=0, examples=["75%"])
    after: Seconds | None = Field(default=None, gt=0, examples=["5.5s"])


class AppModel(Model):
    """An application and the plan of its releases."""

    owner: str = Field(min_length=1, examples=["ada@example.com"])
    stages: list[StageModel] = Field(
        min_length=1,
        examples=["[{kind: rollout, steps: [{share: 5%, dwell: 2h, min_units: 200}, {share: 100%, dwell: 24h}]}]"],
    )
    triggers: list[TriggerModel] = Field(
        min_length=1, examples=["[{metric: call.error, above: 2.5%, for: 5m, min_requests: 50, action: rollback}]"]
    )
    guardrails: list[GuardrailModel] = Field(default_factory=list)
    monitors: list[MonitorModel] = Field(default_factory=list, examples=["[{metric: call.error, required: true}]"])
    unit: Literal["user", "request", "refuse"] | None = None
    cohort: CohortModel | None = Field(default=None, examples=["{unit: user, attributes: [header]}"])
    limits: LimitsModel = LimitsModel()
    format: FormatModel | None = None
    fallback_message: str | None = None
    fallback_json: dict[str, Any] | None = Field(
        default=None, min_length=1, examples=['{answer: "One moment, please."}']
    )
    fallback_after: Seconds | None = None
    fallback_cached: CachedModel | None = Field(default=None, examples=["{confidence: 75%, after: 5.5s}"])
    hand_off_message: str | None = Field(default=None, min_length=1, examples=["A colleague will answer you."])
    hand_off_json: dict[str, Any] | None = Field(
        default=None, min_length=1, examples=['{answer: "A colleague will answer you."}']
    )
    overdue: Seconds | None = None
    rules: list[RuleModel] = Field(
        default_factory=list, examples=["[{name: no_refund_promise, kind: regex, pattern: '(?i)already refunded'}]"]
    )
    payload_share: Share | None = None
    payload_days: int | None = Field(default=None, ge=1, le=3650, examples=["30"])
    redact: list[Literal["email", "phone", "card"]] | None = Field(default=None, examples=["[email, phone, card]"])
    redact_patterns: dict[str, str] = Field(default_factory=dict, examples=["{customer: 'C-[0-9]{6}'}"])
    live_judges: list[LiveJudgeModel] = Field(
        default_factory=list, examples=["[{metric: judge.correctness, suite: suite.yaml, scorer: correct}]"]
    )
    freeze: list[FreezeModel] = Field(default_factory=list, examples=["[{days: fri-sun, zone: Europe/Berlin}]"])
    accelerate: AccelerateModel | None = Field(default=None, examples=["{clean_releases: 3, cut: 20%}"])
    risk: RiskModel | None = Field(default=None, examples=["{critical: {canary: 14d}}"])
    when_active: Literal["refuse", "queue", "supersede"] | None = None
    alpha: Share | None = None
    alpha_per_year: Share | None = None
    beta: Share | None = None
    holdback: Share | None = None
    control_ratio: float | None = Field(default=None, ge=0, examples=["1.5"])
    lease: Seconds | None = None
    freshness: Seconds | None = None
    veto_deadline: Seconds | None = None
    suspicions: SuspicionsModel = SuspicionsModel()
    incidents: IncidentsModel = IncidentsModel()
    notifications: NotificationsModel = NotificationsModel()


AppName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


class ProjectModel(Model):
    """The whole file."""

    pipeline: Literal[1] = Field(examples=["1"])
    endpoints: dict[AppName, EndpointModel] = Field(default_factory=dict)
    apps: dict[AppName, AppModel] = Field(default_factory=dict)
