"""What guardrails on latency, cost and tokens measure by: sums over units, and the control's own quantiles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from serinus.control.reads import Reads, Window
from serinus.core.decision.ratios import UnitSpread, unit_spreads
from serinus.core.metrics import Quantile, metric
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.pipeline.plan import Plan
from serinus.core.records.histogram import EMPTY, Histogram, boundary, decode
from serinus.core.records.sums import ArmRollup, Rollup
from serinus.core.release.release import Release
from serinus.core.release.yardstick import Yardstick, wanting
from serinus.core.routing.assignment import Arm
from serinus.core.stats import exceedance
from serinus.core.stats.evidence import NoData
from serinus.ports.control_store import ControlStore
from serinus.ports.retry import run
from serinus.ports.telemetry_store import TelemetryStore

HISTORY_S = 24 * 3600
"""How far back the control's own past is looked at: a whole day, with its busy and its quiet hours."""
AGAIN_S = 5.0
HISTOGRAMS = frozenset({"latency", "ttft"})
_SLICE_S = 3600
_US = 1_000_000


def asks_spreads(plan: Plan) -> bool:
    """Whether a plan compares sums over units."""
    return any(rail.kind == "ratio" for rail in plan.guardrails)


def observe_spreads(plan: Plan, reads: Reads, release: str) -> tuple[UnitSpread, ...]:
    """The sums over units of a plan's guardrails."""
    if not asks_spreads(plan):
        return ()
    return unit_spreads(reads.sums(release), reads.spreads(release))


def own_yardsticks(
    store: ControlStore, telemetry: TelemetryStore | None, now_us: int, app: str
) -> dict[str, tuple[Yardstick, ...]]:
    """By version, the quantiles that the app's plan compares with, from what the live one did in the last day; none
    where that is too little."""
    state = run(store, lambda tx: tx.app(app))
    plan = state.config.plan if state else None
    if telemetry is None or state is None or state.live is None or plan is None:
        return {}
    rails = wanting(plan, ())
    if not rails:
        return {}
    seen: dict[str, Histogram] = {}
    for from_us in range(now_us - HISTORY_S * _US, now_us, _SLICE_S * _US):
        with telemetry.tx() as tx:
            rollups = tx.app_rollups(app, 60, from_us, min(now_us, from_us + _SLICE_S * _US))
        _add(seen, (one for one in rollups if one.version == state.live and one.arm in (Arm.REST, Arm.CONTROL)))
    found = (_taken(rail, _of(seen, rail), "history") for rail in rails)
    return {state.live: tuple(one for one in found if one is not None)}


def yardstick_window(release: Release, watermark_us: int, seen_ns: int, now_ns: int) -> Window | None:
    """The minutes of which `first_yardsticks` reads histograms; None where it reads nothing.

    What the control did is read again every `AGAIN_S` only: all its minutes have to be, and a p99 takes 2,000 calls.
    `seen_ns` is when the last round was.
    """
    rails = wanting(release.plan, release.yardsticks)
    if not rails or not release.exposed or not watermark_us or not _is_due(seen_ns, now_ns):
        return None
    start_us = max(release.created_at_us, watermark_us - HISTORY_S * _US)
    return Window(60, start_us - start_us % (60 * _US), watermark_us)


def first_yardsticks(
    reads: Reads, release: Release, watermark_us: int, seen_ns: int, now_ns: int
) -> tuple[Yardstick, ...]:
    """Those that a release still lacks, from the calls of its control so far, where they are enough by now."""
    window = yardstick_window(release, watermark_us, seen_ns, now_ns)
    if window is None:
        return ()
    rails = wanting(release.plan, release.yardsticks)
    rollups = reads.rollups(release.id, window, HISTOGRAMS)
    seen: dict[str, Histogram] = {}
    _add(seen, [one for one in rollups if one.arm == Arm.CONTROL])
    found = (_taken(rail, _of(seen, rail), "first control units") for rail in rails)
    return tuple(one for one in found if one is not None)


def _is_due(seen_ns: int, now_ns: int) -> bool:
    return seen_ns // int(AGAIN_S * 1e9) != now_ns // int(AGAIN_S * 1e9)


def _add(seen: dict[str, Histogram], rollups: Iterable[Rollup | ArmRollup]) -> None:
    for rollup in rollups:
        seen["latency"] = seen.get("latency", EMPTY).merge(decode(rollup.latency))
        seen["ttft"] = seen.get("ttft", EMPTY).merge(decode(rollup.ttft))


def _of(seen: dict[str, Histogram], rail: Guardrail) -> Histogram:
    measure = metric(rail.metric).measure
    return seen.get(measure.of, EMPTY) if isinstance(measure, Quantile) else EMPTY


def _taken(rail: Guardrail, seen: Histogram, source: Literal["history", "first control units"]) -> Yardstick | None:
    """The yardstick of a latency from the control's own; None while they are too few."""
    measure = metric(rail.metric).measure
    if not isinstance(measure, Quantile):
        return None
    found = exceedance.threshold(seen, measure.q, source)
    if isinstance(found, NoData):
        return None
    return Yardstick(metric=rail.metric, at_us=boundary(max(1, found.at_us)), values=found.values, source=source)
