"""Staged releases over the API: shown, signed, refused, run again."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from serinus.core.pipeline.stages import StageResult

from .conftest import PLAN, Api

STAGES = [
    {"kind": "offline", "name": "offline", "suites": ["golden"]},
    {"kind": "approval", "name": "sign-off", "roles": ["ml_lead", "ops_lead"]},
    {"kind": "rollout", "steps": PLAN["steps"]},
]


@pytest.fixture
def release(api: Api) -> str:
    """A release in its offline stage."""
    _, second = api.prepared()
    plan = {name: value for name, value in PLAN.items() if name != "steps"}
    api.ok("PUT", "/apps/bot", {"plan": {**plan, "stages": STAGES}})
    started = api.ok("POST", "/releases", {"app": "bot", "version": second})
    assert (started["stage"], started["step"], started["exposed"], started["share"]) == ("offline", -1, False, 0.0)
    return str(started["id"])


def signable(api: Api, release: str) -> dict[str, Any]:
    """The release when it has come to its approval: as the tick would take it there."""
    with api.control.tx() as tx:
        tx.insert_stage_result(
            StageResult(
                release=release,
                stage=0,
                attempt=1,
                outcome="pass",
                text="91 of 100 cases passed",
                evidence_digest="e" * 64,
                evidence='{"cases":100}',
                at_us=api.clock.at_us,
            )
        )
        found = tx.release(release)
        assert found is not None
        tx.replace_release(msgspec.structs.replace(found, seq=found.seq + 1, stage=1), found.seq)
    shown: dict[str, Any] = api.ok("GET", f"/releases/{release}")
    return shown


def test_stages_are_shown_as_they_stand(api: Api, release: str) -> None:
    """Each with its kind, standing, newest result and roles; the signing tells the digest to send."""
    before = api.ok("GET", f"/releases/{release}")
    assert [stage["standing"] for stage in before["stages"]] == ["current", "ahead", "ahead"]
    assert (before["signing"], before["stages"][0]["attempt"], before["stages"][0]["result"]) == (None, 1, None)
    shown = signable(api, release)
    assert [(s["name"], s["kind"], s["standing"]) for s in shown["stages"]] == [
        ("offline", "offline", "done"),
        ("sign-off", "approval", "current"),
        ("rollout", "rollout", "ahead"),
    ]
    assert shown["stages"][0]["result"]["outcome"] == "pass"
    assert shown["stages"][2]["steps"] == [0, 1]
    assert shown["signing"]["lacking"] == ["ml_lead", "ops_lead"]
    assert shown["signing"]["barred"] == [shown["created_by"]]
    (result,) = api.ok("GET", f"/releases/{release}/results")["items"]
    assert (result["name"], result["counts"], result["evidence"]) == ("offline", True, {"cases": 100})


def test_G1_people_sign_in_their_roles(api: Api, release: str) -> None:
    """Each approval says what is still open; a double click and a repeated request are one."""
    digest = signable(api, release)["signing"]["evidence"]
    bob = api.key("ml_lead", name="bob")
    body = {"evidence": digest, "reason": "read all of it"}
    first = api.ask("POST", f"/releases/{release}/approve", body, key=bob).json()
    assert (first["role"], first["lacking"]) == ("ml_lead", ["ops_lead"])
    assert api.ask("POST", f"/releases/{release}/approve", body, key=bob).json() == first
    (approval,) = api.ok("GET", f"/releases/{release}")["stages"][1]["approvals"]
    assert (approval["role"], approval["verdict"], approval["lapsed"]) == ("ml_lead", "approve", False)
    assert api.wakes


def test_G1_refusals_are_told_in_words(api: Api, release: str) -> None:
    """The starter, an admin without the role, other evidence, an outdated seq, a malformed digest."""
    shown = signable(api, release)
    digest, path = shown["signing"]["evidence"], f"/releases/{release}/approve"
    admin = api.ask("POST", path, {"evidence": digest})
    assert (admin.status_code, "pushed this version" in admin.json()["detail"]) == (403, True)
    outsider = api.ask("POST", path, {"evidence": digest}, key=api.key("legal", name="lee"))
    assert (outsider.status_code, "is for ml_lead and ops_lead" in outsider.json()["detail"]) == (403, True)
    bob = api.key("ml_lead", name="bob")
    other = api.ask("POST", path, {"evidence": "0" * 64}, key=bob)
    assert (other.status_code, digest in other.json()["detail"]) == (409, True)
    late = api.ask("POST", path, {"evidence": digest}, key=bob, if_match=str(shown["seq"] - 1))
    assert late.status_code == 409
    assert api.ask("POST", path, {"evidence": "abc"}, key=bob).status_code == 422
    assert api.ask("POST", path, {"evidence": digest}, key=api.key("viewer", name="vi")).status_code == 403


def test_one_no_rejects(api: Api, release: str) -> None:
    """A candidate that nobody has seen ends as rejected."""
    signable(api, release)
    ended = api.ask("POST", f"/releases/{release}/reject", {"reason": "tone"}, key=api.key("ops_lead", name="cy"))
    assert (ended.json()["state"], ended.json()["final"]) == ("rejected", True)
    called = ended.json()["candidate"]
    assert called["label"] == f"{called['name']}-rejected"
    assert re.fullmatch(rf"REJECTED-\d{{4}}-\d\d-\d\d-{called['name']}", called["tag"])
    assert api.ok("GET", f"/apps/{ended.json()['app']}/versions/{called['tag']}")["tag"] == called["tag"]
    shown = api.ok("GET", f"/releases/{release}")
    assert shown["signing"] is None
    assert [one["verdict"] for one in shown["stages"][1]["approvals"]] == ["reject"]


def test_a_stage_is_run_again(api: Api, release: str) -> None:
    """The release goes back to it, and the newest result counts no more."""
    signable(api, release)
    again = api.ok("POST", f"/releases/{release}/rerun", {"stage": "offline", "reason": "new cases"})
    assert again["stage"] == "offline"
    shown = api.ok("GET", f"/releases/{release}")
    assert (shown["stages"][0]["attempt"], shown["stages"][0]["result"]) == (2, None)
    assert [one["counts"] for one in api.ok("GET", f"/releases/{release}/results")["items"]] == [False]


def test_M3_the_plan_is_shown_before_the_start(api: Api) -> None:
    """What a start would do, or the refusal that it would get."""
    first, second = api.prepared()
    planned = api.ok("GET", f"/apps/bot/plan?version={second}")
    assert (planned["candidate"]["name"], planned["control"]["name"]) == (second, first)
    assert planned["plan"]["stages"][0]["kind"] == "rollout"
    refused = api.ask("GET", f"/apps/bot/plan?version={first}")
    assert (refused.status_code, "live already" in refused.json()["detail"]) == (409, True)


def test_M3_the_effective_plan_is_shown_before_the_start_and_with_the_release(api: Api) -> None:
    """With what a person says of the risk: the same plan, risk and changes as the start then has."""
    _, second = api.prepared()
    risk = {"high": {"canary_factor": 3, "confirm_at": [0.25], "confirm_by": ["ml_lead"]}}
    api.ok("PUT", "/apps/bot", {"plan": {**PLAN, "risk": risk}})
    implied = api.ok("GET", f"/apps/bot/plan?version={second}")["risk"]
    assert (implied["type"], implied["proposed"], implied["risk"]) == ("base_model_upgrade", "base_model_upgrade", 75)
    said = "&type=full_model_replacement&modifier=policy-change"
    planned = api.ok("GET", f"/apps/bot/plan?version={second}{said}")
    assert (planned["risk"]["risk"], planned["risk"]["level"], planned["risk"]["floor"]) == (90, "critical", 61)
    assert any("ml_lead must confirm" in one["what"] for one in planned["changes"])
    assert {one["why"] for one in planned["changes"]} == {"critical risk: 90 of 100"}
    body = {"app": "bot", "version": second, "type": "full_model_replacement", "modifiers": ["policy-change"]}
    started = api.ok("POST", "/releases", body)
    shown = api.ok("GET", f"/releases/{started['id']}")
    assert (shown["risk"], shown["changes"]) == (planned["risk"], planned["changes"])
    assert shown["plan"] == planned["plan"]


def test_M1_a_lower_type_without_a_reason_is_refused_over_the_api(api: Api) -> None:
    """422 with the field; before the start as well."""
    _, second = api.prepared()
    refused = api.ask("GET", f"/apps/bot/plan?version={second}&type=none")
    assert (refused.status_code, refused.json()["where"]) == (422, "type_reason")
    refused = api.ask("POST", "/releases", {"app": "bot", "version": second, "type": "none"})
    assert (refused.status_code, refused.json()["where"]) == (422, "type_reason")
