"""Read what each place has seen of a release's metrics: its suites, its shadow stage, and live traffic (E3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serinus.core.decision.ratios import unit_spreads
from serinus.core.decision.side_by_side import Beside, Values, side_by_side
from serinus.core.decision.standing import Spreads, Standing, Sums
from serinus.core.metrics import REGISTRY, Quantile, Ratio
from serinus.core.monitoring.measure import weigh
from serinus.core.pipeline.stages import StageResult
from serinus.core.records.sums import Rollup
from serinus.core.release.release import Release
from serinus.core.routing.assignment import Arm
from serinus.ports.telemetry_store import TelemetryTx

RECENT_S = 3600
"""Live latencies, costs and speeds are those of the last hour that the release served."""
_BY_SECOND_UP_TO_S = 600
_US = 1_000_000
_WEIGHED = tuple(name for name, metric in REGISTRY.items() if isinstance(metric.measure, Quantile | Ratio))
"""What rollups of calls tell. Scores are none of it: they are read unit by unit, and without a label there is none."""


def compare_places(
    telemetry: TelemetryTx,
    now_us: int,
    release: Release,
    now: Standing,
    results: Sequence[StageResult],
    sums: Sums,
    spreads: Spreads,
) -> tuple[Beside, ...]:
    """The release's metrics side by side; `sums`, `spreads` and whole `results` are those that `now` was made of."""
    recent = _recent(telemetry, release, release.ended_at_us or now_us) if release.exposed else {}
    return side_by_side(release, now, results, unit_spreads(sums, spreads), recent)


def _recent(telemetry: TelemetryTx, release: Release, until_us: int) -> Values:
    from_us = max(release.created_at_us, until_us - RECENT_S * _US)
    width_s = 1 if until_us - from_us <= _BY_SECOND_UP_TO_S * _US else 60
    first = from_us // (width_s * _US) * width_s * _US
    found = telemetry.rollups(release.id, width_s, first, until_us + width_s * _US)
    arms: Mapping[Arm, list[Rollup]] = {
        arm: [one for one in found if one.arm == arm] for arm in (Arm.CANDIDATE, Arm.CONTROL)
    }
    return {name: (_value(name, arms[Arm.CANDIDATE]), _value(name, arms[Arm.CONTROL])) for name in _WEIGHED}


def _value(name: str, rollups: Sequence[Rollup]) -> float | None:
    return weigh(name, rollups, RECENT_S).value
