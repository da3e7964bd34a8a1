"""Incidents over the API: shown, worked on, signed, closed, and by whom."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import PLAN, Api


@pytest.fixture
def release(api: Api) -> str:
    """A release that a person rolled back; its app's releases wait for open incidents."""
    _, second = api.prepared()
    api.ok("PUT", "/apps/bot", {"plan": {**PLAN, "incidents": {"block": True, "sign_off": "full"}}})
    rick = api.key("release_manager", name="rick")
    id = str(api.ask("POST", "/releases", {"app": "bot", "version": second}, key=rick).json()["id"])
    olga = api.key("on_call", name="olga")
    assert api.ask("POST", f"/releases/{id}/rollback", {"reason": "<script>"}, key=olga).status_code == 200
    return id


def only(api: Api) -> dict[str, Any]:
    """The one incident."""
    (one,) = api.ok("GET", "/incidents?open=true")["items"]
    found: dict[str, Any] = one
    return found


def test_K2_an_incident_is_shown_by_its_id_and_its_releases(api: Api, release: str) -> None:
    """With severity, trigger, clock, duties of the list it was opened with, and its timeline."""
    one = only(api)
    assert api.ok("GET", f"/incidents/{release}") == api.ok("GET", f"/incidents/{one['id']}") == one
    assert (one["release"], one["severity"], one["trigger"]["kind"], one["open"]) == (release, "low", "person", True)
    assert [item["name"] for item in one["clock"] if item["done_at"]] == ["rerouted", "on_call"]
    assert one["lacking"] == ["root_cause", "regression", "engine", "no_impact", "reentry"]
    assert "<script>" in one["timeline"][0]["what"]
    assert api.ok("GET", "/incidents?app=other")["items"] == []
    assert api.ask("GET", "/incidents/inc_none").status_code == 404


def test_K1_the_next_release_is_refused_with_what_lacks(api: Api, release: str) -> None:
    """409 that names the incident; also as the plan is asked for."""
    _, second = [one["name"] for one in api.ok("GET", "/apps/bot/versions")["items"]][::-1]
    answer = api.ask("POST", "/releases", {"app": "bot", "version": second})
    assert (answer.status_code, answer.json()["where"]) == (409, "incident")
    assert only(api)["id"] in answer.json()["detail"]


def test_G1_every_act_is_for_its_roles(api: Api, release: str) -> None:
    """Refused to all others; what may be signed in which role is the duty's to say."""
    at = f"/incidents/{release}"
    sign = {"reason": "seen"}
    for role, path, body, status in (
        ("viewer", "/notes", {"text": "x"}, 403),
        ("executive", "/confirm", {}, 403),
        ("reviewer", "/count", {}, 403),
        ("on_call", "/duties/engine", sign, 403),
        ("ml_engineer", "/duties/engine", sign, 403),
        ("quality_lead", "/duties/engine", sign, 200),
        ("ml_engineer", "/close", {"reason": "x"}, 403),
        ("release_manager", "/close", {"reason": "x"}, 409),
        ("reviewer", "/notes", {"text": "the answers were in prose"}, 200),
        ("safety_reviewer", "/count", {}, 200),
    ):
        answer = api.ask("POST", at + path, body, key=api.key(role, name=f"a {role}"))
        assert answer.status_code == status, (role, path, answer.text)
    starter = api.ask("POST", f"{at}/duties/reentry", sign, key=api.key("release_manager", name="rick"))
    assert (starter.status_code, "started this release" in starter.text) == (403, True)
    assert api.ask("GET", f"{at}/units", key=api.key("viewer", name="v")).status_code == 403


def test_changes_are_done_once_and_for_what_was_seen(api: Api, release: str) -> None:
    """One Idempotency-Key notes once; an old `seq` is refused; nothing of a refusal is kept."""
    at, body = f"/incidents/{release}", {"text": "the prompt", "kind": "hypothesis"}
    for _ in range(2):
        one = api.ok("POST", f"{at}/notes", body, idempotency_key="k")
    assert [note["text"] for note in one["notes"]] == ["the prompt"]
    assert api.ask("POST", f"{at}/notes", body, if_match="1").status_code == 409
    assert api.ok("POST", f"{at}/notes", body, if_match=str(one["seq"]))["seq"] > one["seq"]
    for path, wrong in (
        ("/notes", {"text": ""}),
        ("/notes", {"text": "x", "kind": "guess"}),
        ("/duties/blame", {"reason": "x"}),
        ("/duties/root_cause", {"reason": "x" * 2001}),
        ("/close", {"reason": ""}),
    ):
        assert api.ask("POST", at + path, wrong).status_code == 422, path
    assert len(only(api)["notes"]) == 2


def test_K2_without_a_call_log_users_are_counted_and_cannot_be_listed(api: Api, release: str) -> None:
    """Sessions are null, never 0, and the export says what lacks."""
    counted = api.ok("POST", f"/incidents/{release}/count", {})["exposed"]
    assert (counted["users"], counted["sessions"], counted["calls"]) == (0, None, None)
    answer = api.ask("GET", f"/incidents/{release}/units")
    assert (answer.status_code, "--segments" in answer.text) == (503, True)
