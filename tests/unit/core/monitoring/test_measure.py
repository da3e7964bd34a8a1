"""Gauges from rollups are the numbers that the rollups hold."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.monitoring.measure import weigh
from serinus.core.monitoring.reading import Measured
from serinus.core.pipeline.gauge import GAUGES
from serinus.core.records import histogram
from serinus.core.records.record import Event
from serinus.core.records.sums import Rollup

EMPTY = Rollup(
    host="", app="shop", release="r", stratum=0, arm=1, version="", start_us=0, width_s=1, requests=0, events={}
)


def rollup(**fields: Any) -> Rollup:
    return msgspec.structs.replace(EMPTY, **fields)


def test_I_events_are_shares_of_calls() -> None:
    """Over all rollups together."""
    found = [rollup(requests=30, events={int(Event.ERROR): 3}), rollup(requests=10)]
    assert weigh("call.error", found, 60) == Measured(value=3 / 40, samples=40)
    assert weigh("call.refusal", found, 60) == Measured(value=0.0, samples=40)


def test_I_quantiles_are_of_the_merged_histogram_in_ms() -> None:
    """Within its 1 %."""
    slow, fast = histogram.of([5_000_000] * 2), histogram.of([1_000_000] * 98)
    seen = weigh("latency.p99", [rollup(latency=slow.encode()), rollup(latency=fast.encode())], 60)
    assert seen.samples == 100
    assert seen.value == pytest.approx(5000, rel=0.01)
    assert weigh("latency.p50", [rollup(latency=fast.encode())], 60).value == pytest.approx(1000, rel=0.01)


def test_I_speed_is_tokens_over_time() -> None:
    """Of whole streams."""
    found = [rollup(streams=2, stream_tokens=100, stream_us=2_000_000), rollup(streams=1, stream_tokens=50)]
    assert weigh("speed.tokens_per_s", found, 60) == Measured(value=75.0, samples=3)


def test_I_throughput_is_calls_over_the_window() -> None:
    """None at all is 0, which is a number."""
    assert weigh("traffic.calls_per_s", [rollup(requests=30)], 60) == Measured(value=0.5, samples=30)
    assert weigh("traffic.calls_per_s", [], 60) == Measured(value=0.0, samples=0)


@pytest.mark.parametrize("name", sorted(set(GAUGES) - {"traffic.calls_per_s", "judging.lag"}))
def test_I3_without_calls_no_gauge_has_a_number(name: str) -> None:
    """Nothing counted is nothing known."""
    assert weigh(name, [], 60) == Measured(value=None, samples=0)
