"""Counts of simulated traffic."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from serinus.sim.tally import Seen, Tally, quantiles


def seen(**fields: Any) -> Seen:
    """A completed request."""
    usual: dict[str, Any] = {
        "call": "call_1",
        "arm": "control",
        "version": "v1",
        "release": "rel_1",
        "status": 200,
        "unit": "u",
        "conversation": "",
        "turn": 1,
        "ok": True,
        "stream": False,
        "ms": 10.0,
        "first_ms": 5.0,
    }
    return Seen(**{**usual, **fields})


def test_quantiles_are_nearest_rank() -> None:
    """Of 1 … 1000 the p99 is 990; no data has no quantile."""
    assert quantiles(array("d", range(1, 1001))) == {"p50": 500, "p90": 900, "p99": 990, "p999": 999, "max": 1000}
    assert quantiles(array("d")) == {}


def test_everything_sent_is_somewhere() -> None:
    """Completed by arm and status, incomplete by reason, overloaded apart."""
    tally = Tally()
    tally.sent = 4
    tally.overloaded = 2
    tally.completed(seen())
    tally.completed(seen(arm="candidate", thumbs="down"))
    tally.completed(seen(arm="", version="", status=500, ok=False))
    tally.incomplete("timeout")
    result = tally.document(2.0)
    assert result["sent"] == result["completed"] + result["incomplete"] == 4
    assert (result["ok"], result["overloaded"], result["sent_per_s"]) == (2, 2, 2.0)
    assert {arm: counts["completed"] for arm, counts in result["arms"].items()} == {
        "candidate": 1,
        "control": 1,
        "none": 1,
    }
    assert result["arms"]["candidate"]["thumbs_down"] == 1
    assert result["statuses"] == {"200": 2, "500": 1}
    assert result["incomplete_by_reason"] == {"timeout": 1}


def test_a_run_without_time_has_no_rate() -> None:
    """No division by zero."""
    assert Tally().document(0.0)["sent_per_s"] == pytest.approx(0.0)
