"""A suspicion from a caller's post to what becomes of the release, with real processes, one of which is killed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.process.live_rig import Live, plan
from tests.process.users import Users

pytestmark = pytest.mark.process

QUICK = ("--period-s", "0.2")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus whose tick looks five times a second."""
    with Live(tmp_path_factory.mktemp("live")) as made:
        yield made.start(plan(), control=QUICK)


def _released(live: Live, prompt: str, confirm_within_s: float) -> str:
    live.configure(plan(suspicions={"confirm_within_s": confirm_within_s}))
    return live.release(live.push(prompt))


def _call(live: Live, users: Users, release: str, arm: str) -> str:
    """A call that this arm answered, as its user was told."""
    found: list[str] = []

    def seen() -> bool:
        found.extend(one.call for one in list(users.answers) if (one.release, one.arm) == (release, arm))
        return bool(found)

    assert live.stack.wait(seen)
    return found[0]


def _suspect(live: Live, call: str, **fields: Any) -> httpx.Response:
    body = {"call_id": call, "signal": "suspected_violation", "category": "dosage", **fields}
    headers = {"authorization": f"Bearer {live.key}"}
    return httpx.post(f"http://127.0.0.1:{live.port}/v1/feedback", json=body, headers=headers, trust_env=False)


def test_H4_a_posted_suspicion_pauses_and_silence_rolls_back_once(live: Live) -> None:
    """Posted twice, it is one; the release says what is suspected of which call, and comes back without anybody."""
    id = _released(live, "You are a kind shop.", 2.0)
    with live.users() as users:
        call = _call(live, users, id, "candidate")
        for _ in range(2):
            assert _suspect(live, call, text="5 mg for Ada").status_code == 202
        paused = live.stack.wait_release(id, "paused", "rolling_back", "rolled_back")
        assert live.stack.wait_release(id, "rolled_back")["reason"].startswith("Nobody confirmed or dismissed within")
    assert "suspicions" in paused
    (one,) = live.cli("suspicions", "--release", id)["items"]
    assert (one["call"], one["category"], one["by"], one["standing"]) == (call, "dosage", ["classifier"], "expired")
    assert live.actions(id)[-5:] == [
        "tick:suspicion:suspect",
        "tick:release:pause",
        "tick:release:roll_back",
        "tick:incident:open",
        "tick:release:confirm",
    ]
    assert "Ada" not in str(live.audit())
    replayed = live.cli("replay", id)
    assert (replayed["identical"], len(replayed["decisions"])) == (True, 3)


def test_H7_the_deadline_holds_while_control_is_killed_and_away(live: Live) -> None:
    """Taken in and paused, then the only control dies by SIGKILL; the next one takes the candidate back."""
    id = _released(live, "You are a very kind shop.", 6.0)
    with live.users() as users:
        call = _call(live, users, id, "candidate")
        assert _suspect(live, call).status_code == 202
        paused = live.stack.wait_release(id, "paused")
        assert "policy violation (dosage)" in paused["reason"]
        assert call in paused["reason"]
        live.control.kill()
        live.clock.sleep(6.0)
        live.control = live.stack.control(*QUICK)
        ended = live.stack.wait_release(id, "rolled_back")
    assert ended["reason"].startswith("Nobody confirmed or dismissed within")
    assert live.actions(id).count("tick:release:roll_back") == 1


def test_J1_confirming_on_the_command_line_rolls_back_and_control_calls_stop_nothing(live: Live) -> None:
    """What is said of a control call is told and no more; a confirmed suspicion of the candidate ends the release."""
    id = _released(live, "You are the kindest shop.", 900.0)
    with live.users() as users:
        assert _suspect(live, _call(live, users, id, "control")).status_code == 202
        assert live.stack.wait(lambda: len(live.cli("suspicions", "--release", id)["items"]) == 1)
        assert live.stack.release(id)["state"] == "running"
        call = _call(live, users, id, "candidate")
        one = live.cli("suspicions", "raise", call, "-m", "it gives a dose")
        assert live.stack.release(id)["state"] == "paused"
        live.cli("suspicions", "confirm", one["id"], "-m", "read it")
        ended = live.stack.wait_release(id, "rolled_back")
    assert "confirmed the suspected policy violation" in ended["reason"]
