"""The level that a measurement of a monitor comes to, and why in one sentence. Apart from the readings themselves,
which processes keep that judge nothing and need no statistics."""

from __future__ import annotations

from serinus.core.decision.wording import amount
from serinus.core.monitoring.reading import Level, Measured, Reading, Subject
from serinus.core.pipeline.monitor import HttpSource, MetricSource, Monitor
from serinus.core.pipeline.threshold import Threshold
from serinus.core.stats.means import Mean, chance

LONGEST_FAULT = 300


def judged(monitor: Monitor, seen: Measured) -> tuple[Level, str]:
    """The level that a measurement comes to, and why in one sentence. Nothing measured is `no-data`, never `ok`."""
    lacking = _lacking(monitor, seen)
    if lacking or seen.value is None:
        return "no-data", f"No data: {lacking or 'the query gave no number'}"
    luck = None
    levels: tuple[tuple[Level, Threshold | None], ...] = (("critical", monitor.critical), ("alert", monitor.alert))
    for level, threshold in levels:
        if threshold is None or not threshold.crossed(seen.value, seen.baseline):
            continue
        if not _by_chance(monitor, seen, threshold):
            return level, _sentence(monitor, seen, seen.value, threshold)
        luck = luck or threshold
    text = _sentence(monitor, seen, seen.value, None)
    return "ok", f"{text}; {threshold_text(monitor.unit, luck)} by luck, maybe" if luck else text


def next_reading(
    monitor: Monitor, seen: Measured, before: Reading | None, *, app: str, subject: Subject, release: str, at_us: int
) -> Reading:
    """The reading of this measurement, after the newest one of the same app, monitor and subject."""
    level, text = judged(monitor, seen)
    same = before is not None and before.release == release
    same_level = same and before is not None and before.level == level and before.definition == monitor.digest
    return Reading(
        app=app,
        monitor=monitor.name,
        subject=subject,
        release=release,
        at_us=at_us,
        level=level,
        text=text,
        definition=monitor.digest,
        value=seen.value,
        baseline=seen.baseline,
        samples=seen.samples,
        fault=seen.fault[:LONGEST_FAULT],
        since_us=before.since_us if same_level and before is not None else at_us,
        told=before.told if same and before is not None else "ok",
    )


def news(monitor: Monitor, reading: Reading) -> Level | None:
    """The level to announce with this reading; None when it was announced already, or concerns nobody.

    Too few calls are shown and block, but are no news: every quiet night has them. A required monitor whose source
    fails is.
    """
    if reading.level == reading.told:
        return None
    if reading.level == "no-data" and not (monitor.required and reading.fault):
        return None
    return reading.level


def value_text(unit: str, value: float) -> str:
    """A value as people read it: `2.5 %`, `850 ms`, `12`."""
    return amount(unit, value) if unit else f"{value:.4g}"


def threshold_text(unit: str, threshold: Threshold) -> str:
    """A threshold as a file has it: `above 3 %`, `above baseline + 20 %`."""
    if not threshold.relative:
        return f"{threshold.side} {value_text(unit, threshold.bound)}"
    if threshold.bound:
        sign = "+" if threshold.bound > 0 else "−"
        points = abs(threshold.bound)
        shown = f"{100 * points:.3g} points" if unit == "share" else value_text(unit, points)
        return f"{threshold.side} baseline {sign} {shown}"
    change = threshold.factor - 1
    if abs(change) < 1:
        return f"{threshold.side} baseline {'+' if change >= 0 else '−'} {100 * abs(change):.3g} %"
    return f"{threshold.side} baseline × {threshold.factor:g}"


def _by_chance(monitor: Monitor, seen: Measured, crossed: Threshold) -> bool:
    """Whether a version that is just at a threshold would show such a mean more often than is tolerated."""
    bound = crossed.at(seen.baseline)
    if not monitor.by_chance or seen.value is None or seen.error is None or bound is None:
        return False
    mean = Mean(seen.value, seen.error, seen.samples or 0)
    other = None
    if crossed.relative and seen.baseline is not None and seen.baseline_error is not None:
        other = Mean(seen.baseline, seen.baseline_error, seen.baseline_samples or 0)
    return chance(abs(seen.value - bound), mean, other, crossed.factor) > monitor.by_chance


def _lacking(monitor: Monitor, seen: Measured) -> str:
    if seen.fault:
        return seen.fault
    if seen.samples is not None and seen.samples < monitor.least:
        return f"{seen.samples:,} of {monitor.least:,} {_counted(monitor)} are in the window"
    if not monitor.relative:
        return ""
    few = seen.baseline_samples is not None and seen.baseline_samples < max(1, monitor.least)
    if seen.baseline is None or few:
        wanted = f"{max(1, monitor.least):,} {_counted(monitor)}"
        return f"{seen.against or 'the baseline'} has {seen.baseline_samples or 0:,} of {wanted}"
    return ""


def _counted(monitor: Monitor) -> str:
    return "scores" if monitor.of_scores else "calls"


def _sentence(monitor: Monitor, seen: Measured, value: float, crossed: Threshold | None) -> str:
    source = monitor.source
    if isinstance(source, HttpSource) and not source.pointer:
        answered = f"answered {source.status}" if value >= 1 else f"did not answer {source.status}"
        return f"{monitor.name}: it {answered}"
    text = f"{monitor.name}: {value_text(monitor.unit, value)}"
    if crossed is not None:
        bound = crossed.at(seen.baseline)
        text += f", {threshold_text(monitor.unit, crossed)}"
        if crossed.relative and bound is not None:
            text += f" ({value_text(monitor.unit, bound)})"
    if seen.baseline is not None and seen.against:
        text += f"; {seen.against}: {value_text(monitor.unit, seen.baseline)}"
    if seen.samples is not None and isinstance(source, MetricSource):
        text += f"; {seen.samples:,} {_counted(monitor)}"
    return text
