"""Monitors as the project file writes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from serinus.core.errors import InvalidInput
from serinus.core.metrics import REGISTRY, Bounded
from serinus.core.pipeline.gauge import GAUGES
from serinus.core.pipeline.monitor import HttpSource, MetricSource, Monitor, PromqlSource, Source, SqlSource
from serinus.core.pipeline.threshold import Threshold
from serinus.files.faults import did_you_mean
from serinus.files.fields import Model, Seconds, Share
from serinus.files.monitor_query import check_query
from serinus.files.thresholds import Mark, mark

GaugeName = Annotated[str, WithJsonSchema({"type": "string", "description": "A metric.", "enum": sorted(GAUGES)})]

_SOURCES = ("metric", "sql", "promql", "http")
_BELONGS = {"url": ("promql",), "status": ("http",), "pointer": ("http",), "token_env": ("promql", "http")}


class MonitorModel(Model):
    """One monitor: exactly one of `metric`, `sql`, `promql` and `http` says where its number comes from."""

    name: str | None = Field(default=None, min_length=1, examples=["refund promises"])
    metric: GaugeName | None = Field(default=None, examples=["call.error"])
    sql: str | None = Field(default=None, examples=["SELECT avg((status >= 500)::INT) FROM calls"])
    promql: str | None = Field(default=None, examples=["sum(rate(errors_total[5m]))"])
    http: str | None = Field(default=None, examples=["http://127.0.0.1:8080/health"])
    url: str | None = Field(default=None, examples=["http://127.0.0.1:9090"])
    status: int | None = Field(default=None, ge=100, le=599, examples=["200"])
    pointer: str | None = Field(default=None, examples=["/queue/length"])
    token_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$", examples=["PROM_TOKEN"])
    alert: str | None = Field(default=None, examples=["above 3%"])
    critical: str | None = Field(default=None, examples=["above 5%"])
    every: Seconds | None = Field(default=None, examples=["1m"])
    window: Seconds | None = Field(default=None, examples=["5m"])
    timeout: Seconds | None = Field(default=None, examples=["10s"])
    required: bool | None = None
    from_step: int | None = Field(default=None, ge=1, examples=["2"])
    min_samples: int | None = Field(default=None, ge=0, examples=["50"])
    by_chance: Share | None = Field(default=None, examples=["1%"])
    action: Literal["none", "pause", "rollback"] | None = Field(default=None, examples=["pause"])


def monitor_of(index: int, model: MonitorModel) -> Monitor:
    """Core's value; InvalidInput names the place in a plan."""
    where = f"plan.monitors[{index}]"
    source = _source(where, model)
    metric = source.metric if isinstance(source, MetricSource) else None
    unit = GAUGES[metric].unit if metric else None
    scale = REGISTRY[metric].measure if metric in REGISTRY else None
    width = scale.high - scale.low if isinstance(scale, Bounded) else 1.0
    alert, critical = (_threshold(f"{where}.{key}", unit, getattr(model, key), width) for key in ("alert", "critical"))
    units = {one.unit for one in (alert, critical) if one is not None}
    if len(units) > 1:
        raise InvalidInput(
            "one threshold is in percent and the other is not", where=where, mend="give both in the same unit"
        )
    name = model.name or metric
    if name is None:
        raise InvalidInput("no `name`", where=where, mend="add `name: refund promises`")
    times = {f"{key}_s": getattr(model, key) for key in ("every", "window", "timeout")}
    given: dict[str, Any] = model.model_dump(include={"required", "from_step", "min_samples", "by_chance", "action"})
    kept = {key: value for key, value in {**times, **given}.items() if value is not None}
    return Monitor(name=name, source=source, alert=_core(alert), critical=_core(critical), unit="".join(units), **kept)


def _source(where: str, model: MonitorModel) -> Source:
    named = [key for key in _SOURCES if getattr(model, key) is not None]
    if len(named) != 1:
        raise InvalidInput(
            f"{'no source' if not named else ' and '.join(f'`{key}`' for key in named)}",
            where=where,
            mend="give exactly one of `metric: call.error`, `sql: SELECT …`, `promql: …` with `url`, `http: http://…`",
        )
    kind = named[0]
    for key, kinds in _BELONGS.items():
        if getattr(model, key) is not None and kind not in kinds:
            raise InvalidInput(f"`{key}` says nothing beside `{kind}`", where=f"{where}.{key}", mend="leave it out")
    token = model.token_env or ""
    if model.metric is not None:
        if model.metric not in GAUGES:
            mend = did_you_mean(model.metric, GAUGES)
            raise InvalidInput(f"unknown metric {model.metric!r}", where=f"{where}.metric", mend=mend)
        return MetricSource(metric=model.metric)
    if model.sql is not None:
        check_query(f"{where}.sql", model.sql)
        return SqlSource(query=model.sql)
    if model.promql is not None:
        if model.url is None:
            raise InvalidInput("no `url` of a Prometheus", where=where, mend="add `url: http://127.0.0.1:9090`")
        return PromqlSource(url=model.url, query=model.promql, token_env=token)
    return HttpSource(url=model.http or "", status=model.status or 200, pointer=model.pointer or "", token_env=token)


def _threshold(where: str, unit: str | None, text: str | None, width: float) -> Mark | None:
    if text is None:
        return None
    try:
        return mark(unit, text, width)
    except InvalidInput as error:
        raise InvalidInput(error.what, where=where, mend=error.mend) from None


def _core(found: Mark | None) -> Threshold | None:
    return None if found is None else found.threshold
