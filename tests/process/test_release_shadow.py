"""Releases that begin in shadow, whole and in real processes: a good one goes on, a bad one ends, and users notice
neither."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from serinus.ports.event_log import CallQuery
from tests.process.live_rig import Live, plan

pytestmark = pytest.mark.process
PROMPT = 'You are a shop. Answer in JSON with the keys "answer" and "category".'
RULE = {"kind": "json_object", "required_keys": ["answer"]}
JSON = {"response_format": {"type": "json_object"}}


def shadowed(**changes: Any) -> dict[str, Any]:
    """A plan that begins in shadow; at its pass it stays at one half. `changes` are those of the stage."""
    stage = {
        "kind": "shadow",
        "name": "shadow",
        "dwell_s": 3.0,
        "min_units": 100,
        "budget_s": 120.0,
        "guardrails": [{"metric": "call.invalid_format"}],
        "limits": [{"metric": "call.error", "above": 0.5}],
        "measures": [{"measure": "latency", "role": "info"}],
    }
    declared = plan()
    rollout = {"kind": "rollout", "steps": declared.pop("steps")}
    return {**declared, "stages": [stage | changes, rollout]}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus whose live version answers as the format rule wants it."""
    with Live(tmp_path_factory.mktemp("live")) as made:
        yield made.start(
            shadowed(), control=("--period-s", "0.2", "--takeover-s", "1"), prompt=PROMPT, format_rule=RULE
        )


def _exposed(answers: list[Any], candidate: str) -> list[Any]:
    return [answer for answer in answers if answer.arm == "candidate" or answer.version == candidate]


def test_E1_a_good_candidate_passes_its_shadow_and_no_user_met_it_there(live: Live) -> None:
    """Copies are in the call log as such, with the candidate's version; the result names pairs; then the first users
    get it."""
    live.configure(shadowed(), format_rule=RULE)
    version = live.push(PROMPT + " Be kind.", **JSON)
    with live.users(rate=80) as users:
        id = live.release(version)
        assert live.stack.wait(lambda: live.stack.release(id)["step"] >= 0, 60), live.stack.release(id)
        assert live.stack.wait(lambda: bool(_exposed(users.answers, version)), 20)
    stages = live.stack.release(id)["stages"]
    assert stages[0]["result"]["outcome"] == "pass"
    assert "pairs" in stages[0]["result"]["text"]
    shadow = live.stack.release(id)["standing"]["shadow"]
    assert shadow["outcome"] == "pass"
    assert shadow["units"] >= 100
    assert shadow["sent"] >= 100
    assert {answer.status for answer in users.answers} == {200}
    copies = live.stack.calls(CallQuery(release=id, arm="shadow"))
    assert len(copies) >= 100
    assert not {call.call for call in copies} & {answer.call for answer in users.answers}
    live.api("POST", f"/releases/{id}/abort", {"reason": "enough seen"})
    live.stack.wait_release(id, "aborted")


def test_E3_a_candidate_that_breaks_the_format_is_rejected_and_nobody_saw_it(live: Live) -> None:
    """Its reason has the numbers; it ends without a rollback, since nothing has to be taken back."""
    live.configure(shadowed(), format_rule=RULE)
    version = live.push("You are a shop. Answer in plain words.")
    with live.users(rate=80) as users:
        id = live.release(version)
        release = live.stack.wait_release(id, "rejected", within_s=60)
        assert live.stack.wait(lambda: len(users.answers) > 200)
    assert "only the candidate had broken formats" in release["reason"]
    assert release["standing"]["shadow"]["outcome"] == "fail"
    assert _exposed(users.answers, version) == []
    assert {answer.arm for answer in users.answers} == {"rest"}
    assert {answer.status for answer in users.answers} == {200}
    assert "tick:release:roll_back" not in live.actions(id)
    answered = {answer.call for answer in users.answers}

    def worse() -> list[Any]:
        copies = live.stack.calls(CallQuery(release=id, arm="shadow", event="call.invalid_format"))
        shown = [live.api("GET", f"/calls/{copy.call}") for copy in copies[-5:]]
        return [score for copy in shown for score in copy["scores"] if score["metric"] == "shadow.worse"]

    assert live.stack.wait(lambda: any(score["value"] == 1.0 for score in worse()))
    assert {score["text"] for score in worse()} <= answered
    told = live.run_cli("release", "status", id).stdout
    assert "call.invalid_format" in told


def test_H7_a_killed_control_loses_nothing_of_a_shadow_stage(live: Live) -> None:
    """Dwell, pairs and attempt go on where they were; the pass comes from the next control."""
    live.configure(shadowed(dwell_s=8.0), format_rule=RULE)
    version = live.push(PROMPT + " Be brief.", **JSON)
    with live.users(rate=80):
        id = live.release(version)

        def shadow() -> dict[str, Any]:
            found: dict[str, Any] = live.stack.release(id)["standing"]["shadow"]
            return found

        assert live.stack.wait(lambda: shadow()["served_s"] > 2, 60)
        before = shadow()
        live.control.kill()
        live.control = live.stack.control("--period-s", "0.2", "--takeover-s", "1", name="second")
        after = shadow()
        assert live.stack.wait(lambda: live.stack.release(id)["step"] >= 0, 60), live.stack.release(id)
    assert after["served_s"] >= before["served_s"]
    assert after["units"] >= before["units"]
    assert live.stack.release(id)["stages"][0]["result"]["attempt"] == 1
    live.api("POST", f"/releases/{id}/abort", {"reason": "enough seen"})
    live.stack.wait_release(id, "aborted")
