"""A shadow stage under live users, whole and in real processes: users are the baseline's, pairs are counted once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from serinus.adapters.clock import system_random
from serinus.adapters.stores import open_stores
from serinus.core.records.sums import SHADOW_STRATUM
from serinus.core.routing.assignment import Arm
from serinus.ports.event_log import CallQuery
from tests.process.live_rig import FAST, MODEL, Live, plan

pytestmark = pytest.mark.process
SHADOW = {
    "kind": "shadow",
    "name": "shadow",
    "dwell_s": 600,
    "min_units": 100_000,
    "max_concurrency": 4,
    "guardrails": [{"metric": "call.refusal"}],
}
"""Refusals are judged and errors are not, so that the stage goes on."""
ROLLOUT = {"kind": "rollout", "steps": [{"share": 0.5, "dwell_s": 600}, {"share": 1.0, "dwell_s": 600}]}
BROKEN, STUCK = f"{MODEL}+500", f"{MODEL}+hang"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus whose plan begins with a shadow stage that nobody waits for."""
    declared = plan(stages=[SHADOW, ROLLOUT])
    del declared["steps"]
    with Live(tmp_path_factory.mktemp("live")) as made:
        yield made.start(declared, control=("--period-s", "0.2"), provider=FAST)


def _pairs(live: Live, id: str) -> dict[tuple[str, int], int]:
    """(metric, arm) → total of a release's pairs; nothing else of it may have been counted."""
    control, telemetry = open_stores(live.stack.store, now_us=live.clock.now_us, random_bytes=system_random)
    try:
        with telemetry.tx() as tx:
            sums = tx.sums(id)
    finally:
        control.close()
        telemetry.close()
    assert {key.stratum for key, _ in sums} <= {SHADOW_STRATUM}
    return {(key.metric, key.arm): value.total for key, value in sums}


def _copies(live: Live, id: str) -> list[tuple[str, int]]:
    """(unit, status) of the copies in the event log."""
    calls = live.stack.calls(CallQuery(release=id, limit=10_000))
    return [(call.unit, call.status) for call in calls if call.arm == Arm.SHADOW.label]


def test_E1_a_broken_candidate_is_seen_in_pairs_and_by_no_user(live: Live) -> None:
    """Every user is answered by the baseline; each has one pair in which the candidate alone failed, although the agent
    was killed in the middle."""
    id = live.release(live.push("You are a broken shop.", BROKEN))
    with live.users(rate=40, units=60) as users:
        assert live.stack.wait(lambda: _pairs(live, id).get(("pairs", Arm.SHADOW), 0) > 10)
        os.kill(int(live.gateway.ready["agent"]), signal.SIGKILL)
        assert live.stack.wait(lambda: _pairs(live, id).get(("pairs", Arm.SHADOW)) == 60, 60)
    assert (users.failures, {answer.status for answer in users.answers}) == ([], {200})
    mine = {answer.arm for answer in users.answers if answer.release == id}
    assert mine == {"rest"}
    assert live.stack.wait(lambda: len({unit for unit, _ in _copies(live, id)}) == 60)
    assert {status for _, status in _copies(live, id)} == {500}
    found = _pairs(live, id)
    assert (found["pairs", Arm.SHADOW], found["call.error", Arm.CANDIDATE]) == (60, 60)
    assert ("call.error", Arm.CONTROL) not in found
    live.api("POST", f"/releases/{id}/abort", {"reason": "seen"})
    live.stack.wait_release(id, "aborted")


def test_E1_a_candidate_that_hangs_costs_users_nothing(live: Live) -> None:
    """Two copies wait in each of two workers, what comes then is dropped and counted, and users are served on; when the
    release is aborted, no further copy is made."""
    id = live.release(live.push("You are a stuck shop.", STUCK))
    with live.users(rate=40) as users:
        assert live.stack.wait(lambda: sum(_drops(live, "concurrency")) > 20)
        live.api("POST", f"/releases/{id}/abort", {"reason": "seen"})
        live.stack.wait_release(id, "aborted")
        sent = sum(worker["mirror_sent"] for worker in live.workers())
        answered = len(users.answers)
        assert live.stack.wait(lambda: len(users.answers) > answered + 40)
    assert (users.failures, {answer.status for answer in users.answers}) == ([], {200})
    assert {answer.arm for answer in users.answers} == {"rest"}
    assert sum(worker["mirror_sent"] for worker in live.workers()) == sent
    assert "concurrency" in live.run_cli("hosts").stdout


def _drops(live: Live, reason: str) -> list[int]:
    return [worker["mirror_drops"].get(reason, 0) for worker in live.workers()]
