"""The first release of an app in real processes: from the message to live, and from a bad candidate to the message."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serinus.ports.event_log import CallQuery
from tests.process.live_rig import APP, FAST, MODEL, Live, plan

pytestmark = pytest.mark.process
OPTIONS = ("--takeover-s", "1", "--period-s", "0.2")
MESSAGE = "A colleague will answer you."
STEPS = [{"share": share, "dwell_s": 2, "min_units": 10} for share in (0.25, 0.5)] + [{"share": 1.0, "dwell_s": 2}]
LIMIT = {"metric": "call.error", "above": 0.2, "buckets": 2, "bucket_s": 1, "min_requests": 3}


def declared(**changes: Any) -> dict[str, Any]:
    """A plan with a signature before users."""
    stages = [{"kind": "approval", "name": "sign-off", "roles": ["ml_lead"]}, {"kind": "rollout", "steps": STEPS}]
    made = plan(stages=stages, limits=[LIMIT], lease_s=5, **changes)
    return {name: value for name, value in made.items() if name != "steps"}


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """Provider, control and gateway, and an app with nothing live."""
    with Live(tmp_path) as made:
        made.provider = made.stack.provider(*FAST)
        made.control = made.stack.control(*OPTIONS)
        made.gateway = made.stack.gateway(workers=2)
        made.configure(declared(), fallback_message=MESSAGE)
        made.key = made.stack.caller_key(APP)
        made.port = int(made.gateway.ready["port"])
        newest = made.revision()
        assert made.stack.wait(lambda: made.all_follow(newest))
        yield made


def signed(live: Live, version: str) -> str:
    """A release of this version that somebody else has signed; its id."""
    id = live.release(version)
    assert live.stack.wait(lambda: live.stack.release(id)["signing"] is not None)
    key = live.api("POST", "/keys", {"name": "bob", "roles": ["ml_lead"], "apps": []})["secret"]
    body = {"evidence": live.stack.release(id)["signing"]["evidence"], "role": "ml_lead", "reason": "read"}
    request = urllib.request.Request(
        f"{live.stack.url}/api/v1/releases/{id}/approve",
        method="POST",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
    return id


def test_H13_H7_a_first_release_goes_live_though_control_is_killed_on_the_way(live: Live) -> None:
    """SIGKILL at the second step, and another control goes on: each step once, candidate or message for every user,
    then the candidate for all. Nobody saw an error, and the log has no error of the message."""
    with live.users(rate=60) as users:
        assert live.stack.wait(lambda: len(users.answers) > 20)
        assert {(answer.status, answer.arm, answer.version) for answer in users.answers} == {(200, "rest", "")}
        version = live.push("You are a shop.")
        id = signed(live, version)
        assert live.stack.wait(lambda: live.stack.release(id)["step"] >= 1, 90)
        live.control.kill()
        live.control = live.stack.control(*OPTIONS, name="second")
        live.stack.use_api(int(live.control.ready["port"]))
        release = live.stack.wait_release(id, "promoted", within_s=90)
        ended_ns = time.monotonic_ns() + 500_000_000
        assert live.stack.wait(lambda: len(users.since(ended_ns)) > 30)
    during = [answer for answer in users.answers if answer.release == id]
    assert {answer.arm for answer in during} == {"candidate", "rest"}
    assert {answer.version for answer in during if answer.arm == "rest"} == {""}
    assert {(answer.arm, bool(answer.version)) for answer in users.since(ended_ns)} == {("rest", True)}
    assert ({answer.status for answer in users.answers}, users.failures) == ({200}, [])
    passing = {"tick:release:pause", "tick:release:resume"}
    passing.add("tick:release:request_approval")  # not asked for where it was signed first
    acts = [action for action in live.actions(id) if action.startswith("tick:") and action not in passing]
    assert acts == [*["tick:release:advance"] * 3, "tick:release:promote"]
    assert (release["control"], release["standing"]["not_compared"]) == (None, ["call.error"])
    said = live.stack.calls(CallQuery(app=APP, rung="message"))
    assert {(call.arm, call.status, call.error, call.events) for call in said} == {("rest", 200, "none", ())}
    assert {call.version for call in said} == {"00" * 32}
    assert live.stack.wait(lambda: live.api("GET", f"/apps/{APP}")["live"]["name"] == version)
    told = live.run_cli("audit", "verify")
    assert told.returncode == 0, told.stderr


def test_H13_a_bad_first_release_is_rolled_back_to_the_message(live: Live) -> None:
    """Its failures are covered by the message and counted against it; confirmed, everybody gets the message, and
    nothing can be pinned. `replay` decides the same anew."""
    with live.users(rate=60) as users:
        id = signed(live, live.push("You are a broken shop.", f"{MODEL}+500"))
        release = live.stack.wait_release(id, "rolled_back", within_s=90)
        ended_ns = time.monotonic_ns()
        assert live.stack.wait(lambda: len(users.since(ended_ns)) > 30)
    assert "above 20.0% in each of 2 seconds in a row" in release["reason"]
    assert {(answer.arm, answer.version) for answer in users.since(ended_ns)} == {("rest", "")}
    assert {answer.status for answer in users.answers} == {200}
    assert live.api("GET", f"/apps/{APP}")["live"] is None
    refused = live.run_cli("override", "set", APP, release["candidate"]["name"], "-m", "now")
    assert refused.returncode != 0
    assert "was live before" in refused.stderr + refused.stdout
    found = live.cli("replay", id)
    assert found["identical"]
