"""Two control processes on one store under live users: one acts, the other takes over, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serinus.demo.process import Process
from tests import postgres
from tests.process.frozen import freeze_between_writes
from tests.process.live_rig import Live, plan

pytestmark = pytest.mark.process
OPTIONS = ("--takeover-s", "1", "--period-s", "0.2")
STEPS = [{"share": share, "dwell_s": 1, "min_units": 10} for share in (0.25, 0.5)] + [{"share": 1.0, "dwell_s": 1}]
CLIMB = ["tick:release:advance", "tick:release:advance", "tick:release:promote"]
CHANGED = "tick:leader:change"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Live]:
    """Nothing started yet, on both kinds of store."""
    store = None
    if request.param == "postgres":
        server: postgres.Server = request.getfixturevalue("postgres_server")
        store = server.database(f"leaders-{request.node.name}"[:60])
    with Live(tmp_path, store) as made:
        yield made


def leaders(live: Live) -> list[str]:
    """Who took the lead, in order."""
    return [entry["subject"] for entry in live.audit() if entry["action"] == CHANGED]


def end(live: Live, leader: Process, *, kill: bool) -> None:
    """Take the leader out in the middle of a release, and wait until the other one leads."""
    before = len(leaders(live))
    if kill:
        leader.kill()
    else:
        freeze_between_writes(leader.pid, live.stack.store)
    assert live.stack.wait(lambda: len(leaders(live)) == before + 1)


def steps(live: Live, id: str) -> list[str]:
    """What ticks did to a release, without pauses that end by themselves."""
    passing = {"tick:release:pause", "tick:release:resume"}
    return [action for action in live.actions(id) if action.startswith("tick:") and action not in passing]


def test_H7_a_stopped_or_killed_leader_is_replaced_and_no_step_is_repeated(live: Live) -> None:
    """SIGSTOP under an active release: the other control goes on where it stood. SIGCONT: the old one is deposed and
    changes nothing. The new leader killed: the old one leads again. Every step is taken once, the audit trail is
    whole, and users notice nothing."""
    live.start(plan(steps=STEPS), control=OPTIONS)
    first = live.control
    assert live.stack.wait(lambda: len(leaders(live)) == 1)
    second = live.stack.control(*OPTIONS, name="second")
    with live.users(rate=60) as users:
        one = live.release(live.push("You are a kind shop."))
        assert live.stack.wait(lambda: live.stack.release(one)["step"] == 1)
        end(live, first, kill=False)
        first.thaw()
        assert live.stack.wait(lambda: "another control leads" in first.log.read_text())
        live.stack.wait_release(one, "promoted")

        two = live.release(live.push("You are a kinder shop."))
        assert live.stack.wait(lambda: live.stack.release(two)["step"] == 1)
        live.stack.use_api(int(first.ready["port"]))
        end(live, second, kill=True)
        live.stack.wait_release(two, "promoted")
    assert steps(live, one) == steps(live, two) == CLIMB
    epochs = leaders(live)
    assert len(epochs) == 3
    assert epochs[0] == epochs[2] != epochs[1]
    verified = live.api("POST", "/audit/verify", {})
    assert (verified["whole"], verified["faults"]) == (True, [])
    assert {answer.status for answer in users.answers} == {200}
    assert users.failures == []


def test_J4_a_rollback_at_a_standby_is_confirmed_without_waiting_for_a_round(live: Live) -> None:
    """The leader learns of the act from the store: with a minute between its rounds it confirms in seconds."""
    seldom = ("--takeover-s", "600", "--period-s", "60")
    live.start(plan(), control=seldom)
    assert live.stack.wait(lambda: len(leaders(live)) == 1)
    live.stack.control(*seldom, name="second")
    id = live.release(live.push("You are a kind shop."))
    live.api("POST", f"/releases/{id}/rollback", {"reason": "wrong prices"})
    live.stack.wait_release(id, "rolled_back", within_s=20)
    assert len(leaders(live)) == 1
