"""Stages of a plan as the project file writes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from serinus.files.cohort_model import Written
from serinus.files.fields import Model, RoleName, Seconds, Share
from serinus.files.shadow_model import MeasureModel, PairGuardrailModel, PairLimitModel, Peak

_STEPS = "[{share: 5%, dwell: 2h}, {share: 100%, dwell: 24h}]"


class StepModel(Model):
    """One traffic level of a rollout."""

    share: Share = Field(examples=["5%"])
    dwell: Seconds = Field(examples=["2h"])
    min_units: int = Field(default=0, ge=0)
    require: Literal["no_harm", "non_inferior"] | None = Field(default=None, examples=["non_inferior"])
    population: Written | None = Field(default=None, examples=["internal"])
    opted_in: list[str] = Field(default_factory=list, examples=["[beta]"])


class OfflineModel(Model):
    """Suites that run before any traffic."""

    kind: Literal["offline"] = Field(examples=["offline"])
    name: str = Field(default="offline", examples=["offline"])
    suites: list[str] = Field(min_length=1, examples=["[golden]"])
    budget: Seconds | None = Field(default=None, examples=["4h"])
    dry_run: bool | None = None


class ShadowModel(Model):
    """A copy of live requests, whose answers no user sees."""

    kind: Literal["shadow"] = Field(examples=["shadow"])
    name: str = Field(default="shadow", examples=["shadow"])
    share: Share | None = Field(default=None, examples=["100%"])
    dwell: Seconds | None = Field(default=None, examples=["12h"])
    min_units: int | None = Field(default=None, ge=1)
    max_concurrency: int | None = Field(default=None, ge=1)
    max_cost_usd: float | None = Field(default=None, ge=0)
    budget: Seconds | None = Field(default=None, examples=["18h"])
    guardrails: list[PairGuardrailModel] = Field(
        default_factory=list, examples=["[{metric: call.invalid_format, max_ratio: 1.25}]"]
    )
    limits: list[PairLimitModel] = Field(default_factory=list, examples=["[{metric: call.policy_violation, above: 0}]"])
    measures: list[MeasureModel] = Field(default_factory=list, examples=["[{measure: cost, max_ratio: 1.15}]"])
    peak: Peak | None = Field(
        default=None, examples=['{hours: "09:00-17:00", days: mon-fri, zone: Europe/Berlin, min_units: 100}']
    )
    requests: list[str] = Field(default_factory=list, examples=["[recorded]"])


class ApprovalModel(Model):
    """People who sign, one for each role."""

    kind: Literal["approval"] = Field(examples=["approval"])
    name: str = Field(default="approval", examples=["sign-off"])
    roles: list[RoleName] = Field(min_length=1, examples=["[ml_lead, ops_lead]"])
    sla: Seconds | None = Field(default=None, examples=["4h"])


class RolloutModel(Model):
    """Traffic, a step at a time."""

    kind: Literal["rollout"] = Field(examples=["rollout"])
    name: str = Field(default="rollout", examples=["rollout"])
    steps: list[StepModel] = Field(min_length=1, examples=[_STEPS])


StageModel = Annotated[OfflineModel | ShadowModel | ApprovalModel | RolloutModel, Field(discriminator="kind")]
KINDS: dict[str, type[Model]] = {
    "offline": OfflineModel,
    "shadow": ShadowModel,
    "approval": ApprovalModel,
    "rollout": RolloutModel,
}
