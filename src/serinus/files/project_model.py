"""The project file as pydantic models: names and units as people write them. Defaults are core's own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from serinus.core.errors import InvalidInput
from serinus.core.metrics import REGISTRY
from serinus.core.notices.kinds import KINDS
from serinus.files import units
from serinus.files.faults import did_you_mean


def _readable(read: Callable[[object], Any]) -> BeforeValidator:
    def validate(value: object) -> Any:
        try:
            return read(value)
        except InvalidInput as error:
            raise PydanticCustomError("unit", "{what}", {"what": error.what, "mend": error.mend}) from None

    return BeforeValidator(validate)


def _metric_name(value: object) -> str:
    if value not in REGISTRY:
        raise InvalidInput(f"unknown metric {value!r}", mend=did_you_mean(str(value), REGISTRY))
    return str(value)


def _kind_name(value: object) -> str:
    if value not in KINDS:
        raise InvalidInput(f"unknown kind of notice {value!r}", mend=did_you_mean(str(value), KINDS))
    return str(value)


def _expression(value: object) -> str:
    try:
        return re.compile(str(value)).pattern
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidInput(f"not a regular expression: {error}", mend="escape it, or quote it in YAML") from None


Share = Annotated[float, _readable(units.share)]
Seconds = Annotated[float, _readable(units.duration_s)]
Bytes = Annotated[int, _readable(units.size_bytes)]
MetricName = Annotated[str, _readable(_metric_name)]
KindName = Annotated[str, _readable(_kind_name)]
RouteName = Literal["release_channel", "on_call", "leads", "owner"]
Expression = Annotated[str, _readable(_expression)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EndpointModel(_Model):
    """An upstream; the key itself stays in the environment of the gateway."""

    base_url: str = Field(pattern=r"^https?://[^\s@]+$", examples=["https://api.openai.com/v1"])
    api_key_env: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$", examples=["OPENAI_API_KEY"])
    ca_file: str = ""


class LimitsModel(_Model):
    """Time and size limits of an app's calls."""

    connect: Seconds | None = None
    first_token: Seconds | None = None
    between_tokens: Seconds | None = None
    total: Seconds | None = None
    body: Bytes | None = None
    answer: Bytes | None = None


class FormatModel(_Model):
    """What a well-formed answer is."""

    kind: Literal["json_object", "regex"] = Field(examples=["json_object"])
    required_keys: list[str] | None = None
    pattern: Expression | None = None


class StepModel(_Model):
    """One traffic level of a rollout."""

    share: Share = Field(examples=["5%"])
    dwell: Seconds = Field(examples=["2h"])
    min_units: int = Field(default=0, ge=0)


class RolloutModel(_Model):
    """The rollout stage."""

    kind: Literal["rollout"] = Field(examples=["rollout"])
    steps: list[StepModel] = Field(min_length=1, examples=["[{share: 5%, dwell: 2h}, {share: 100%, dwell: 24h}]"])


class GuardrailModel(_Model):
    """A sequential comparison with the control."""

    metric: MetricName = Field(examples=["call.error"])
    max_ratio: float | None = None
    design_ratio: float | None = None
    role: Literal["guardrail", "signal", "info"] | None = None
    dry_run: bool | None = None
    weight: float | None = None


class TriggerModel(_Model):
    """An absolute limit with a duration. `for` of whole minutes counts in minutes, else in seconds."""

    metric: MetricName = Field(examples=["call.error"])
    above: Share = Field(examples=["2.5%"])
    for_: Seconds = Field(alias="for", examples=["5m"])
    bucket: Literal["1s", "1m"] | None = None
    min_requests: int | None = Field(default=None, ge=1)
    action: Literal["pause", "rollback"] | None = None


class TargetModel(_Model):
    """Where the URL of a target is kept: in a variable or a file of the control process. Never the URL itself."""

    url_env: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]{0,127})?$", examples=["SLACK_URL"])
    url_file: str = Field(default="", pattern=r"^(/.*)?$", examples=["/run/secrets/slack"])


class NotificationsModel(_Model):
    """Whom to tell what; `events` replaces the routes of single kinds."""

    release_channel: list[TargetModel] = Field(default_factory=list, examples=["[{url_env: SLACK_URL}]"])
    on_call: list[TargetModel] = Field(default_factory=list, examples=["[{url_env: PAGER_URL}]"])
    leads: list[TargetModel] = Field(default_factory=list, examples=["[{url_env: LEADS_URL}]"])
    owner: list[TargetModel] = Field(default_factory=list, examples=["[{url_env: OWNER_URL}]"])
    acknowledge_within: Seconds | None = Field(default=None, examples=["15m"])
    events: dict[KindName, list[RouteName]] = Field(default_factory=dict, examples=["{advance: []}"])


class AppModel(_Model):
    """An application and the plan of its releases."""

    owner: str = Field(min_length=1, examples=["ada@example.com"])
    stages: list[RolloutModel] = Field(
        min_length=1,
        max_length=1,
        examples=["[{kind: rollout, steps: [{share: 5%, dwell: 2h, min_units: 200}, {share: 100%, dwell: 24h}]}]"],
    )
    triggers: list[TriggerModel] = Field(
        min_length=1, examples=["[{metric: call.error, above: 2.5%, for: 5m, min_requests: 50, action: rollback}]"]
    )
    guardrails: list[GuardrailModel] = Field(default_factory=list)
    unit: Literal["user", "request", "refuse"] | None = None
    limits: LimitsModel = LimitsModel()
    format: FormatModel | None = None
    fallback_message: str | None = None
    overdue: Seconds | None = None
    payload_share: Share | None = None
    alpha: Share | None = None
    holdback: Share | None = None
    lease: Seconds | None = None
    freshness: Seconds | None = None
    veto_deadline: Seconds | None = None
    notifications: NotificationsModel = NotificationsModel()


AppName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


class ProjectModel(_Model):
    """The whole file."""

    pipeline: Literal[1] = Field(examples=["1"])
    endpoints: dict[AppName, EndpointModel] = Field(default_factory=dict)
    apps: dict[AppName, AppModel] = Field(default_factory=dict)
