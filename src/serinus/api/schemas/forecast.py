"""What a plan would see of an app's traffic, on the wire."""

from typing import Literal

import msgspec
from pydantic import BaseModel, Field

from serinus.control.forecast_release import Outlook


class TrafficView(BaseModel):
    """The traffic that is forecast from."""

    days: float = Field(description="How much of it is known.")
    calls_per_hour: float
    busiest_hour: float = Field(description="Calls in the busiest hour of the week.")
    quietest_hour: float
    units_per_day: float = Field(description="Distinct units.")
    heaviest_unit: float = Field(description="Its share of all calls.")
    rates: dict[str, float] = Field(description="The live version's own: share of calls with an event.")
    cost_nano: int = Field(description="Mean cost of a call in nano-USD; -1: unknown.")


class MetricForecastView(BaseModel):
    """A guardrail by the end of a step."""

    metric: str
    unit_rate: float = Field(description="Share of control's units with the event.")
    seen: float = Field(description="Chance that harm of the design ratio has been seen.")
    smallest_harm: float | None = Field(description="Smallest rate ratio seen with chance 0.8; null: none.")
    hours_to_show: float | None = Field(description="Hours to show non-inferiority, where the step asks for it.")
    graded: float | None = Field(default=None, description="Of a score: users per arm with a grade by then.")
    smallest_drop: float | None = Field(
        default=None, description="Of a score: smallest drop of the mean seen with chance 0.8, a share of its scale."
    )
    error: float | None = Field(
        default=None, description="Of cost and tokens: standard error of the log of the arms' ratio by then."
    )


class StepForecastView(BaseModel):
    """A step."""

    step: int
    share: float
    hours: float | None = Field(description="Its dwell, or until its units are together; null: it never ends.")
    units: float = Field(description="Units per arm of this step.")
    units_so_far: float
    calls_busiest: float = Field(description="The candidate's calls in the busiest hour.")
    calls_mean: float
    calls_quietest: float
    metrics: list[MetricForecastView]
    waits_for: str = Field(default="", description="The score whose grades make it longest; empty: none.")


class HarmForecastView(BaseModel):
    """Harm of a guardrail's design ratio from the start on."""

    metric: str
    ratio: float
    hours_median: float | None = Field(description="Until it is seen; null: not before the watch.")
    hours_likely: float | None = Field(description="Until it is seen with chance 0.8.")
    exposed_units: float = Field(description="Users of the candidate by the median.")
    bad_answers: float = Field(description="Its answers with the event by then; of cost and tokens all.")


class DropForecastView(BaseModel):
    """A score that is lower than is tolerated, from the start on."""

    metric: str
    drop: float = Field(description="Of the mean, as a share of its scale.")
    hours_median: float | None = Field(description="Until it is seen; null: not before the watch.")
    hours_likely: float | None = Field(description="Until it is seen with chance 0.8.")
    exposed_units: float = Field(description="Users of the candidate by the median.")


class FalseStopView(BaseModel):
    """What would stop a healthy release by chance."""

    where: str = Field(description="A limit of the plan, or `rules` for zero tolerance.")
    metric: str
    action: str
    chance: float | None = Field(description="In a release; null: the live version's own values are not known.")


class FindingView(BaseModel):
    """One thing found."""

    level: Literal["error", "warning", "info"]
    where: str
    what: str
    mend: str


class ForecastView(BaseModel):
    """A plan beside an app's traffic."""

    traffic: TrafficView
    steps: list[StepForecastView]
    harms: list[HarmForecastView]
    drops: list[DropForecastView] = Field(default=[], description="Of guardrails on scores.")
    hours: float | None = Field(description="Of traffic until it is live; null: never.")
    findings: list[FindingView] = Field(description="Errors first.")
    false_stops: list[FalseStopView] = Field(description="By limits and rules.")

    @classmethod
    def of(cls, found: Outlook) -> "ForecastView":
        """The view of an outlook."""
        traffic = found.traffic
        return cls(
            traffic=TrafficView(
                days=traffic.days,
                calls_per_hour=traffic.calls_per_hour,
                busiest_hour=traffic.busiest,
                quietest_hour=traffic.quietest,
                units_per_day=traffic.units(24),
                heaviest_unit=traffic.heaviest_unit,
                rates=traffic.rates,
                cost_nano=traffic.cost_nano,
            ),
            steps=[StepForecastView.model_validate(msgspec.to_builtins(one)) for one in found.forecast.steps],
            harms=[HarmForecastView.model_validate(msgspec.to_builtins(one)) for one in found.forecast.harms],
            drops=[DropForecastView.model_validate(msgspec.to_builtins(one)) for one in found.forecast.drops],
            hours=found.forecast.hours,
            false_stops=[FalseStopView.model_validate(msgspec.to_builtins(one)) for one in found.false_stops],
            findings=[FindingView.model_validate(msgspec.to_builtins(one)) for one in found.findings],
        )
