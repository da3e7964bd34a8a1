"""The live version's own calls: what its past came to when a release starts, and minute by minute while it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from serinus.control.reads import LiveWindow, Reads
from serinus.core.decision.control_health import begins_us
from serinus.core.metrics import Metric, Quantile
from serinus.core.metrics import metric as metric_of
from serinus.core.pipeline.app import AppState
from serinus.core.records.event_parts import counts
from serinus.core.records.histogram import count_above
from serinus.core.records.live_calls import LEAST_HOURS, Hour, LiveMinute, Past
from serinus.core.records.sums import Rollup
from serinus.core.records.unit_measures import bit_of
from serinus.core.release.past import followed
from serinus.core.release.release import Progress, Release
from serinus.core.release.yardstick import Yardstick, measures
from serinus.core.stats.usual import learn
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run
from serinus.ports.telemetry_store import TelemetryStore

PAST_HOURS = 7 * 24
"""How far back the live version's past is looked at: a week has every hour of the day seven times."""
MOST_ROWS = 10_000
"""Minutes with histograms that a start reads, beyond the hours with calls that a past must have: about a second."""
MOST_MINUTES = 5
"""Read in a round, of all releases at once: what has piled up while no round looked is caught up with over several."""
_MINUTE_US = 60_000_000
_HOUR_US = 3_600_000_000


def own_past(
    store: ControlStore,
    telemetry: TelemetryStore | None,
    now_us: int,
    app: str,
    yardsticks: Mapping[str, tuple[Yardstick, ...]] = MappingProxyType({}),
) -> dict[str, tuple[Past, ...]]:
    """By version, what the app's live one did in the last week, of all by which its health is judged as the control of
    a release: whole hours. `yardsticks`: by version, its own latencies, as `own_yardsticks` knows them."""
    state, served = run(store, lambda tx: _state(tx, app))
    if telemetry is None or served is None or state is None or state.config.plan is None:
        return {}
    asked = followed(state.config.plan, yardsticks.get(served.version, ()))
    return {served.version: _past(telemetry, now_us, served, asked, state.measured_since)}


class _Served(NamedTuple):
    """What a version's past is read of: its app's users, but those who met it as members of a population."""

    app: str
    version: str
    apart: frozenset[tuple[str, int]]


def _state(tx: ControlTx, app: str) -> tuple[AppState | None, _Served | None]:
    state = tx.app(app)
    if state is None or state.live is None:
        return state, None
    apart = {
        (release.id, stratum)
        for release in tx.candidacies(app, [state.live])
        for stratum, step in enumerate(release.plan.steps)
        if step.population is not None
    }
    return state, _Served(app, state.live, frozenset(apart))


def _past(
    telemetry: TelemetryStore,
    now_us: int,
    served: _Served,
    asked: tuple[tuple[Metric, int], ...],
    measured_us: Mapping[str, int],
) -> tuple[Past, ...]:
    end = now_us // _HOUR_US
    events = [one for one in asked if not isinstance(one[0].measure, Quantile)]
    waits = [one for one in asked if isinstance(one[0].measure, Quantile)]
    known = _hours_of_events(telemetry, end, served, events) | _hours_of_waits(telemetry, end, served, waits)
    found = []
    for judged, at_us in asked:
        since_us = measured_us.get(judged.name, 0)
        hours = [one for one in known[judged.name] if one.hour * _HOUR_US >= since_us]
        cut_us = since_us if len(hours) < len(known[judged.name]) else 0
        found.append(Past(metric=judged.name, usual=learn(hours), at_us=at_us, measured_us=cut_us))
    return tuple(found)


def remeasured(release: Release, app: AppState | None) -> tuple[str, ...]:
    """Of the metrics of a release's past those that have been measured otherwise since: when it went on already, or
    while it was being started, so that its past was read before."""
    if app is None:
        return ()
    since_us = app.measured_since
    known = (one for one in release.past if one.usual.hours)
    return tuple(one.metric for one in known if begins_us(one) < since_us.get(one.metric, 0))


def _hours_of_events(
    telemetry: TelemetryStore, end: int, served: _Served, asked: Sequence[tuple[Metric, int]]
) -> dict[str, list[Hour]]:
    if not asked:
        return {}
    app, version, apart = served
    with telemetry.tx() as tx:
        hours = tx.hours_of(app, version, (end - PAST_HOURS) * _HOUR_US, end * _HOUR_US, apart)
    return {
        judged.name: [
            Hour(hour, calls, min(calls, events.get(judged.event, 0)))
            for hour, (calls, events) in sorted(hours.items())
        ]
        for judged, _ in asked
    }


def _hours_of_waits(
    telemetry: TelemetryStore, end: int, served: _Served, asked: Sequence[tuple[Metric, int]]
) -> dict[str, list[Hour]]:
    """Histograms are read one by one, the newest first: where hosts are many, not all hours of the week."""
    found: dict[str, list[Hour]] = {judged.name: [] for judged, _ in asked}
    fields, rows, known, hour = _fields(asked), 0, 0, end
    while asked and hour > end - PAST_HOURS and (rows < MOST_ROWS or known < LEAST_HOURS):
        hour -= 1
        with telemetry.tx() as tx:
            found_us = hour * _HOUR_US, (hour + 1) * _HOUR_US
            rollups = tx.served_by({served.app: served.version}, *found_us, fields)[served.app]
        rollups = [one for one in rollups if (one.release, one.stratum) not in served.apart]
        counts = _counted(asked, rollups)
        rows, known = rows + len(rollups), known + any(calls for calls, _ in counts)
        for (judged, _), counted in zip(asked, counts, strict=True):
            found[judged.name].append(Hour(hour, *counted))
    return found


def live_window(release: Release, stored: Progress | None, watermark_us: int) -> LiveWindow | None:
    """What is to be read of the live version of a release: the whole minutes behind the watermark that no round has
    read; no minute at all the first time, which only says from where. None when there is nothing to read."""
    if not release.past or not release.exposed or not watermark_us:
        return None
    to_us = watermark_us - watermark_us % _MINUTE_US
    from_us = stored.live_until_us if stored and stored.live_until_us else to_us
    if from_us >= to_us and stored and stored.live_until_us:
        return None
    until_us = min(to_us, from_us + MOST_MINUTES * _MINUTE_US)
    fields = _fields(_asked(release.past)) | {"event_parts"}
    return LiveWindow(release.app, release.control, from_us, until_us, fields)


def observe_live(reads: Reads, release: Release, window: LiveWindow | None) -> tuple[LiveMinute, ...]:
    """These minutes, oldest first; none for a minute without calls."""
    if window is None or window.from_us == window.to_us:
        return ()
    minutes: dict[int, list[Rollup]] = {}
    for rollup in reads.live(window):
        minutes.setdefault(rollup.start_us, []).append(rollup)
    asked = _asked(release.past)
    return tuple(
        LiveMinute(start_us, tuple(_counted(asked, minutes[start_us])), _parts(release, minutes[start_us]))
        for start_us in sorted(minutes)
    )


def _parts(release: Release, rollups: Sequence[Rollup]) -> tuple[tuple[int, ...], ...]:
    """For each metric by which part of units its events came. What is slow was told by the release's own bounds."""
    slots = {one.metric: bit_of(one) for one in measures(release.plan, release.yardsticks)}
    own = [one.event_parts for one in rollups if one.release == release.id]
    told = [one.event_parts for one in rollups]
    return tuple(
        counts(own, slots.get(judged.name, 0)) if at_us else counts(told, judged.event)
        for judged, at_us in _asked(release.past)
    )


def _asked(past: Sequence[Past]) -> tuple[tuple[Metric, int], ...]:
    return tuple((metric_of(one.metric), one.at_us) for one in past)


def _fields(asked: Iterable[tuple[Metric, int]]) -> frozenset[str]:
    return frozenset(judged.measure.of for judged, _ in asked if isinstance(judged.measure, Quantile))


def _counted(asked: Iterable[tuple[Metric, int]], rollups: Sequence[Rollup]) -> list[tuple[int, int]]:
    """For each metric: calls, and those with the event, or that took longer."""
    return [_of(judged, at_us, rollups) for judged, at_us in asked]


def _of(judged: Metric, at_us: int, rollups: Sequence[Rollup]) -> tuple[int, int]:
    if not isinstance(judged.measure, Quantile):
        calls = sum(one.requests for one in rollups)
        return calls, min(calls, sum(one.events.get(judged.event, 0) for one in rollups))
    seen = [count_above(getattr(one, judged.measure.of), at_us) for one in rollups]
    return sum(calls for calls, _ in seen), sum(above for _, above in seen)
