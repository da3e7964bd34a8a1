"""What people do to a release, with the command line, while users call: told by the headers of their answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.live_rig import APP, Live, plan
from tests.process.users import Users

pytestmark = pytest.mark.process


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """A running Serinus with an app at one half during a release."""
    with Live(tmp_path) as made:
        yield made.start(plan(), control=("--period-s", "0.2"))


def arms(live: Live, users: Users, at_least: int = 80) -> dict[str, float]:
    """Share of each arm among answers to requests sent from now on."""
    from_ns = time.monotonic_ns()
    assert live.stack.wait(lambda: len(users.since(from_ns)) >= at_least), users.failures[-3:]
    told = [answer.arm for answer in users.since(from_ns)]
    return {arm: told.count(arm) / len(told) for arm in set(told)}


def test_J3_pause_resume_abort_and_override_do_what_they_say(live: Live) -> None:
    """A pause keeps share and arms and stops the dwell; a resume goes on; an override pins everybody and pauses the
    release; an abort ends it with everybody on the baseline. Each is one entry of the audit trail."""
    with live.users() as users:
        id = live.cli("release", "start", APP, live.push("You are a kind shop."), "-m", "kinder")["id"]
        assert live.stack.wait(lambda: live.stack.release(id)["standing"]["dwell"]["served_s"] > 0)

        assert live.cli("release", "pause", APP, "-m", "looking")["state"] == "paused"
        stood = live.stack.release(id)
        shares = arms(live, users)
        assert set(shares) == {"candidate", "control"}
        assert 0.25 < shares["candidate"] < 0.75
        now = live.stack.release(id)
        assert (now["share"], now["step"]) == (stood["share"], stood["step"]) == (0.5, 0)
        assert now["standing"]["dwell"]["served_s"] == stood["standing"]["dwell"]["served_s"]

        assert live.cli("release", "resume", APP, "-m", "all well")["state"] == "running"
        served_s = stood["standing"]["dwell"]["served_s"]
        assert live.stack.wait(lambda: live.stack.release(id)["standing"]["dwell"]["served_s"] > served_s)
        assert set(arms(live, users)) == {"candidate", "control"}

        live.cli("override", "set", APP, live.baseline, "-m", "provider incident")
        assert live.stack.wait(lambda: set(arms(live, users, 20)) == {"override"})
        assert live.stack.wait_release(id, "paused")["hold"]["trigger"] == "override"
        live.cli("override", "clear", APP, "-m", "over")
        assert live.stack.wait(lambda: set(arms(live, users, 20)) == {"candidate", "control"})
        assert live.stack.release(id)["state"] == "paused"
        assert live.cli("release", "resume", APP, "-m", "go on")["state"] == "running"

        assert live.cli("release", "abort", id, "-m", "superseded", "--wait")["state"] == "aborted"
        assert arms(live, users) == {"rest": 1.0}
    baseline = live.api("GET", f"/apps/{APP}")["live"]["digest"]
    assert users.answers[-1].version == baseline
    assert {answer.status for answer in users.answers} == {200}
    acts = [action for action in live.actions(id) if action != "tick:release:pause"]
    assert acts == [
        "person:release:create",
        "person:release:start",
        "person:release:pause",
        "person:release:resume",
        "person:release:resume",
        "person:release:abort",
        "tick:release:confirm",
    ]
    assert live.cli("audit", "verify")["whole"]
