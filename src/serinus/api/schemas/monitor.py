"""Monitors on the wire: what is declared, and what was read."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, Field

from serinus.api.schemas.declared import Declared
from serinus.api.schemas.times import when
from serinus.core.monitoring.level import threshold_text
from serinus.core.monitoring.reading import Level, Reading, Subject
from serinus.core.pipeline.monitor import Monitor


class ThresholdBody(Declared):
    """Crossed when the value lies beyond factor × baseline + bound."""

    side: Literal["above", "below"]
    bound: float = Field(default=0.0, description="In the metric's unit: a share in [0, 1], ms, tokens/s.")
    factor: float = Field(default=0.0, description="Of the baseline; 0: the bound is absolute.")


class MetricSourceBody(Declared):
    """A built-in metric, from rollups over the window."""

    kind: Literal["metric"]
    metric: str


class SqlSourceBody(Declared):
    """One SELECT over the event log that gives one number."""

    kind: Literal["sql"]
    query: str = Field(max_length=10_000)


class PromqlSourceBody(Declared):
    """An instant query to a Prometheus."""

    kind: Literal["promql"]
    url: str = Field(max_length=2000)
    query: str = Field(max_length=10_000)
    token_env: str = Field(default="", description="Variable of the control process that holds a bearer token.")


class HttpSourceBody(Declared):
    """A GET: 1 or 0 for the status, or the number at a JSON pointer."""

    kind: Literal["http"]
    url: str = Field(max_length=2000)
    status: int = Field(default=200, description="The status that it should answer with.")
    pointer: str = Field(default="", description="RFC 6901; empty: only the status counts.")
    token_env: str = Field(default="", description="Variable of the control process that holds a bearer token.")


SourceBody = Annotated[
    MetricSourceBody | SqlSourceBody | PromqlSourceBody | HttpSourceBody, Field(discriminator="kind")
]


class MonitorBody(Declared):
    """A number that is watched. What is left out (0, null) follows from its source."""

    name: str
    source: SourceBody
    alert: ThresholdBody | None = None
    critical: ThresholdBody | None = None
    every_s: float = Field(default=0.0, ge=0, description="Seconds between two readings.")
    window_s: float = Field(default=0.0, ge=0, description="Seconds that a reading looks back.")
    timeout_s: float = Field(default=10.0, gt=0)
    required: bool = Field(default=False, description="Without data, or at critical, no step is left.")
    from_step: int = Field(default=1, ge=1, description="Traffic step, counted from 1, from which on it counts.")
    min_samples: int | None = Field(default=None, ge=0, description="Calls without which there are no data.")
    action: Literal["none", "pause", "rollback"] | None = Field(
        default=None, description="What a candidate's critical leads to; null: pause when required, else none."
    )
    unit: str = Field(default="", max_length=16, description="Of the value, for people; metrics have their own.")
    by_chance: float | None = Field(
        default=None,
        description="Of scores: a version at a threshold crosses it with about this chance at most; null: 0.05.",
    )


class ReadingView(BaseModel):
    """One reading."""

    monitor: str
    subject: Subject = Field(description="`live`, `candidate`, or `app` where the source knows no arms.")
    release: str | None = Field(description="The release that it was read for.")
    at: datetime
    level: Level
    since: datetime = Field(description="When this level began.")
    text: str
    value: float | None
    baseline: float | None = Field(description="The same number of what it is compared with.")
    samples: int | None = Field(description="Calls that it rests on; null: the source cannot say.")
    fault: str = Field(description="Why there is no number.")

    @classmethod
    def of(cls, reading: Reading) -> "ReadingView":
        """The view of a reading."""
        return cls(
            monitor=reading.monitor,
            subject=reading.subject,
            release=reading.release or None,
            at=when(reading.at_us),
            level=reading.level,
            since=when(reading.since_us),
            text=reading.text,
            value=reading.value,
            baseline=reading.baseline,
            samples=reading.samples,
            fault=reading.fault,
        )


class MonitorView(BaseModel):
    """A monitor as it is declared, and its newest readings. One that is older than `stale_after_s` counts as none."""

    name: str
    declared: MonitorBody
    alert: str = Field(description="The threshold in words; empty: none.")
    critical: str = Field(description="The threshold in words; empty: none.")
    stale_after_s: float
    readings: list[ReadingView]

    @classmethod
    def of(cls, monitor: Monitor, readings: list[Reading]) -> "MonitorView":
        """The view of a monitor."""
        return cls(
            name=monitor.name,
            declared=MonitorBody.model_validate(msgspec.to_builtins(monitor)),
            alert=threshold_text(monitor.unit, monitor.alert) if monitor.alert else "",
            critical=threshold_text(monitor.unit, monitor.critical) if monitor.critical else "",
            stale_after_s=monitor.stale_s,
            readings=[ReadingView.of(one) for one in readings],
        )
