"""Every gateway host starts again while a release runs: in real processes, with real users."""

from __future__ import annotations

from pathlib import Path

import pytest

from serinus.adapters.clock import system_random
from serinus.adapters.stores import open_stores
from tests.process.live_rig import Live, plan

pytestmark = pytest.mark.process
BEATS = 5


def beat(live: Live) -> int:
    """How many rounds the leading control has ended."""
    control, telemetry = open_stores(live.stack.store, now_us=live.clock.now_us, random_bytes=system_random)
    try:
        leader = control.leader()
    finally:
        control.close()
        telemetry.close()
    return leader.beat if leader else 0


def looks(live: Live) -> None:
    """Wait until the leading control has looked at everything some times more."""
    seen = beat(live)
    assert live.stack.wait(lambda: beat(live) >= seen + BEATS)


def test_H7_hosts_that_start_again_in_order_pause_no_release(tmp_path: Path) -> None:
    """Control looks again and again while no host is there; then another control does that never saw one. The release
    goes on with its share, and both arms serve as before."""
    with Live(tmp_path) as live:
        live.start(plan(lease_s=60, freshness_s=120), control=("--takeover-s", "1", "--period-s", "0.2"))
        id = live.release(live.push("You are a kind shop."))
        with live.users(rate=40) as users:
            assert live.stack.wait(lambda: {a.arm for a in users.answers} >= {"candidate", "control"})
        live.gateway.stop()
        assert live.stack.wait(lambda: live.api("GET", "/hosts")["items"] == [])
        looks(live)
        live.control.stop()
        live.control = live.stack.control("--takeover-s", "1", "--period-s", "0.2", name="second")
        live.stack.use_api(int(live.control.ready["port"]))
        looks(live)
        live.gateway = live.stack.gateway(workers=2)
        live.port = int(live.gateway.ready["port"])
        newest = live.revision()
        assert live.stack.wait(lambda: live.all_follow(newest))
        with live.users(rate=40) as users:
            assert live.stack.wait(lambda: {a.arm for a in users.answers} >= {"candidate", "control"})
        looks(live)
        assert (live.stack.release(id)["state"], live.actions(id)[-1]) == ("running", "person:release:start")
