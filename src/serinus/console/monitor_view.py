"""Monitors for people: where each stands, what it asks, and its readings as a chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from serinus.console.charts.series import Series, nice
from serinus.control.lookup import app_of
from serinus.control.try_monitor import monitors_of
from serinus.core.errors import NotFound
from serinus.core.monitoring.level import threshold_text, value_text
from serinus.core.monitoring.reading import Level, Reading
from serinus.core.pipeline.monitor import HttpSource, MetricSource, Monitor, PromqlSource, SqlSource
from serinus.ports.control_store import ControlTx, Page

SHOWN = 500
TONES: dict[Level, str] = {"ok": "good", "alert": "held", "critical": "bad", "no-data": "quiet"}
_ARMS = {"candidate": "candidate", "live": "control", "app": "control"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorLine:
    """One monitor for one subject. `tone` is how its level is coloured."""

    name: str
    on: str
    level: Level
    tone: str
    text: str
    at_us: int = 0
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorCard:
    """A monitor with its query as it was written, and what follows, in words."""

    monitor: Monitor
    kind: str
    query: str
    words: tuple[str, ...]
    lines: tuple[MonitorLine, ...]
    chart: Series


def monitor_lines(tx: ControlTx, app: str, now_us: int) -> tuple[MonitorLine, ...]:
    """Where all monitors of an app stand now."""
    return tuple(line for monitor, found in monitors_of(tx, app) for line in _lines(monitor, found, now_us))


def monitor_cards(tx: ControlTx, app: str, now_us: int) -> tuple[MonitorCard, ...]:
    """All monitors of an app."""
    app_of(tx, app)
    return tuple(
        MonitorCard(
            monitor=monitor,
            kind=_kind(monitor),
            query=_query(monitor),
            words=tuple(_words(monitor)),
            lines=_lines(monitor, found, now_us),
            chart=_chart(tx, app, monitor),
        )
        for monitor, found in monitors_of(tx, app)
    )


def monitor_chart(tx: ControlTx, app: str, name: str) -> Series:
    """The chart of one monitor; NotFound when the app has none of this name."""
    for monitor, _ in monitors_of(tx, app):
        if monitor.name == name:
            return _chart(tx, app, monitor)
    raise NotFound(f"{app} declares no monitor {name!r}", where="monitor", mend="see the app's monitors")


def _lines(monitor: Monitor, found: Sequence[Reading], now_us: int) -> tuple[MonitorLine, ...]:
    if not found:
        return (_line(monitor, "", "no-data", "Not read yet", 0),)
    return tuple(_line_of(monitor, reading, now_us) for reading in found)


def _line_of(monitor: Monitor, reading: Reading, now_us: int) -> MonitorLine:
    if now_us - reading.at_us > monitor.stale_s * 1e6:
        return _line(monitor, reading.subject, "no-data", f"Old: {reading.text}", reading.at_us)
    return _line(monitor, reading.subject, reading.level, reading.text, reading.at_us)


def _line(monitor: Monitor, on: str, level: Level, text: str, at_us: int) -> MonitorLine:
    return MonitorLine(
        name=monitor.name, on=on, level=level, tone=TONES[level], text=text, at_us=at_us, required=monitor.required
    )


def _kind(monitor: Monitor) -> str:
    return {MetricSource: "metric", SqlSource: "SQL", PromqlSource: "PromQL", HttpSource: "HTTP"}[type(monitor.source)]


def _query(monitor: Monitor) -> str:
    match monitor.source:
        case MetricSource(metric=name):
            return name
        case SqlSource(query=query):
            return query
        case PromqlSource(query=query, url=url):
            return f"{query}\n-- {url}"
        case HttpSource(url=url, status=status, pointer=pointer):
            return f"GET {url} → {status}{' ' + pointer if pointer else ''}"


def _words(monitor: Monitor) -> Iterable[str]:
    if monitor.alert is not None:
        yield f"alert {threshold_text(monitor.unit, monitor.alert)}"
    if monitor.critical is not None:
        yield f"critical {threshold_text(monitor.unit, monitor.critical)}"
    yield f"read every {monitor.every_s:g} s over {monitor.window_s:g} s"
    if monitor.required:
        yield "required: without data no step is left"
    if monitor.action in ("pause", "rollback"):
        yield "pauses a candidate" if monitor.action == "pause" else "rolls a candidate back"
    if monitor.from_step > 1:
        yield f"counts from step {monitor.from_step} on"


def _chart(tx: ControlTx, app: str, monitor: Monitor) -> Series:
    found, _ = tx.readings(app, monitor.name, Page(limit=SHOWN))
    rows = tuple(
        {"at": one.at_us // 1000, "arm": _ARMS[one.subject], "value": one.value, "requests": one.samples or 0}
        for one in reversed(found)
        if one.value is not None and one.definition == monitor.digest
    )
    values = [float(str(row["value"])) for row in rows]
    bound = next((b for one in (monitor.critical, monitor.alert) if one and (b := one.at(None)) is not None), None)
    latest = f"newest {value_text(monitor.unit, values[-1])}" if values else "No number was read yet."
    return Series(
        name=monitor.name,
        title=monitor.name,
        subtitle="one reading a minute, and every change",
        unit=monitor.unit,
        rows=rows,
        summary=latest,
        top=nice(1.1 * max([*values, bound or 0.0, 1e-9])),
        limit=bound,
    )
