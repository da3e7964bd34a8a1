"""Slow candidates under live users: taken back by the comparison of quantiles, unless everybody is slow."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.process.live_rig import MODEL, Live, plan

pytestmark = pytest.mark.process
SPEED = 20
GUARDRAIL = {"metric": "latency.p95", "max_ratio": 1.10, "design_ratio": 3}
LIMIT = {"metric": "latency.p99", "above": 60_000, "buckets": 2, "bucket_s": 1, "min_requests": 5}
RATE = 100


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus whose app compares its p95 latency, after half a minute of traffic on what is live."""
    declared = plan(guardrails=[GUARDRAIL], limits=[LIMIT], alpha=0.01)
    with Live(tmp_path_factory.mktemp("live")) as made:
        made.start(declared, control=("--period-s", "0.2"), provider=("--speed", str(SPEED)))
        with made.users(rate=RATE) as users:
            assert made.stack.wait(lambda: len(users.answers) >= 700, within_s=60)
        yield made


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


def test_H5_a_candidate_slower_than_the_control_is_rolled_back_by_its_p95(live: Live) -> None:
    """The threshold is the control's own of before the release; no limit is near, and the reason has the shares."""
    with live.users(rate=RATE) as users:
        id = live.release(live.push("You are a slow shop.", f"{MODEL}+slow:{SPEED * 0.5:g}"))
        release = live.stack.wait_release(id, "rolled_back", within_s=60)
    assert "The candidate harms: p95 latency: " in release["reason"], release["reason"]
    assert "of candidate users waited longer than" in release["reason"]
    assert {answer.status for answer in users.answers} == {200}
    assert "tick:release:calibrate" not in live.actions(id)


def test_H5_a_provider_that_is_slow_for_both_arms_harms_nobody(live: Live) -> None:
    """All users wait longer than the control used to: as many of the candidate as of control, so nothing is done."""
    _strike(live, [{"kind": "slow", "share": 1.0, "value": SPEED * 0.5}])
    try:
        with live.users(rate=RATE) as users:
            id = live.release(live.push("You are a kind shop."))

            def seen() -> bool:
                evidence = live.api("GET", f"/releases/{id}")["standing"]["evidence"][0]
                return bool(min(evidence["candidate"], evidence["control"]) >= 40)

            assert live.stack.wait(seen, within_s=60)
            release = live.api("GET", f"/releases/{id}")
        assert release["state"] == "running", release["reason"]
        assert release["standing"]["evidence"][0]["log_e"] < release["standing"]["needed_log_e"]
        assert users.answers
    finally:
        _strike(live, [])
        live.api("POST", f"/releases/{id}/abort", {"reason": "seen enough"})
