"""Slow candidates under live users, whole and in real processes: taken back by their latency, unless all is slow."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.process.live_rig import MODEL, Live, plan

pytestmark = pytest.mark.process
SPEED = 20
LIMIT = {"metric": "latency.p99", "above": 800, "buckets": 2, "bucket_s": 1, "min_requests": 5}
SLOW = f"slow:{2 * SPEED}"
"""At this speed two seconds until the first byte."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus whose provider takes its time, and whose app is limited by its latency alone."""
    declared = plan(guardrails=[], limits=[LIMIT])
    with Live(tmp_path_factory.mktemp("live")) as made:
        yield made.start(declared, control=("--period-s", "0.2"), provider=("--speed", str(SPEED)))


def _strike(live: Live, rules: list[dict[str, Any]]) -> None:
    """Replace the provider's rules of faults."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{live.provider.ready['port']}/sim/faults",
        data=json.dumps({"rules": rules}).encode(),
        headers={"content-type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def test_J1_a_slow_candidate_is_rolled_back_by_its_p99(live: Live) -> None:
    """Nothing fails, and no comparison is made: the candidate's own latency takes it back, with its number and the
    control's in the reason."""
    with live.users(rate=60) as users:
        id = live.release(live.push("You are a slow shop.", f"{MODEL}+{SLOW}"))
        release = live.stack.wait_release(id, "rolled_back", within_s=30)
    assert release["reason"].startswith("p99 latency was 2"), release["reason"]
    assert "in each of 2 seconds in a row; above 800 ms is too much; control: " in release["reason"]
    assert {answer.status for answer in users.answers} == {200}
    assert "tick:release:pause" not in live.actions(id)


def test_J1_a_provider_that_is_slow_for_both_arms_pauses(live: Live) -> None:
    """When the control is beyond the limit over the same time it is no proof against the candidate."""
    _strike(live, [{"kind": "slow", "share": 1.0, "value": 2.0 * SPEED}])
    try:
        with live.users(rate=60):
            id = live.release(live.push("You are a kind shop."))
            held = live.stack.wait_release(id, "paused", within_s=30)
    finally:
        _strike(live, [])
    assert held["hold"]["trigger"] == "limit:0"
    assert held["hold"]["deadline"] is not None
    assert "it may be the provider: p99 latency was 2" in held["reason"]
    assert "tick:release:roll_back" not in live.actions(id)
