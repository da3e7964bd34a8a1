"""Suspicions over the API: raised, listed, answered, and by whom."""

from __future__ import annotations

from typing import Any

import pytest

from serinus.core.ids import id_bytes
from serinus.core.records import call_id
from serinus.core.routing.assignment import Arm

from .conftest import Api


@pytest.fixture
def release(api: Api) -> str:
    """A release whose candidate users see, started by somebody else than the admin."""
    _, second = api.prepared()
    key = api.key("release_manager", name="rick")
    started = api.ask("POST", "/releases", {"app": "bot", "version": second}, key=key)
    return str(started.json()["id"])


def a_call(api: Api, release: str, arm: Arm = Arm.CANDIDATE, number: int = 1) -> str:
    """The printed id of a call of a release."""
    with api.control.tx() as tx:
        key = bytes.fromhex(tx.secrets().mac_key)
    raw = call_id.make(key, b"bot", 9, number.to_bytes(5, "big"), id_bytes(release), arm, 0, bytes(8))
    return call_id.text(raw)


def suspected(api: Api, call: str, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.ok("POST", "/suspicions", {"call": call, **fields})
    return found


def test_H4_a_raised_suspicion_pauses_and_is_shown_with_its_release(api: Api, release: str) -> None:
    """What, of which call, by whom, until when, and the `seq` to act on; the release lists it."""
    call = a_call(api, release)
    one = suspected(api, call, category="dosage", reason="<script>")
    assert (one["standing"], one["kind"], one["category"]) == ("pending", "suspected_violation", "dosage")
    assert (one["call"], one["release"], one["arm"], one["reason"]) == (call, release, "candidate", "<script>")
    assert one["by"][0].startswith("root (")
    assert (one["due_at"] > one["raised_at"], one["holds"]) == (True, True)
    shown = api.ok("GET", f"/releases/{release}")
    assert (shown["state"], shown["hold"]["trigger"], one["release_seq"]) == ("paused", "suspicion", shown["seq"])
    assert [found["id"] for found in shown["suspicions"]] == [one["id"]]
    assert api.ok("GET", f"/suspicions/{one['id']}") == one


def test_J1_confirming_rolls_back_and_the_second_time_is_the_first(api: Api, release: str) -> None:
    """By one Idempotency-Key or without."""
    one = suspected(api, a_call(api, release))
    body = {"reason": "it gives a dose"}
    for _ in range(2):
        again = api.ok("POST", f"/suspicions/{one['id']}/confirm", body, idempotency_key="k")
    assert api.ok("POST", f"/suspicions/{one['id']}/confirm", body)["answered_at"] == again["answered_at"]
    assert again["standing"] == "confirmed"
    assert api.ok("GET", f"/releases/{release}")["state"] == "rolling_back"


def test_H4_dismissing_leaves_the_pause_to_a_person(api: Api, release: str) -> None:
    """Before it, resuming is refused with what to do; after it, it goes on."""
    one = suspected(api, a_call(api, release))
    key = api.key("on_call", name="olga")
    refused = api.ask("POST", f"/releases/{release}/resume", {"reason": "go"}, key=key)
    assert (refused.status_code, refused.json()["where"]) == (409, "suspicion")
    answered = api.ask("POST", f"/suspicions/{one['id']}/dismiss", {"reason": "cookery"}, key=key)
    assert (answered.status_code, answered.json()["standing"]) == (200, "dismissed")
    assert answered.json()["answered_by"].startswith("olga (")
    assert api.ok("POST", f"/releases/{release}/resume", {"reason": "go"})["state"] == "running"
    assert api.ok("GET", f"/releases/{release}")["suspicions"] == []


def test_G1_who_made_it_is_refused_and_so_are_other_roles(api: Api, release: str) -> None:
    """The admin pushed the version, rick started the release; the review is the red team's alone."""
    one = suspected(api, a_call(api, release))
    pattern = suspected(api, a_call(api, release, number=2), kind="adversarial_pattern")
    body = {"reason": "fine"}
    assert api.ask("POST", f"/suspicions/{one['id']}/dismiss", body).status_code == 403
    for role, verb, id, status in (
        ("viewer", "confirm", one["id"], 403),
        ("reviewer", "dismiss", one["id"], 403),
        ("release_manager", "review", pattern["id"], 403),
        ("red_team", "review", pattern["id"], 200),
    ):
        answer = api.ask("POST", f"/suspicions/{id}/{verb}", body, key=api.key(role, name=f"a {role}"))
        assert answer.status_code == status, (role, answer.text)
    starter = api.ask("POST", f"/suspicions/{one['id']}/dismiss", body, key=api.key("on_call", name="rick"))
    assert (starter.status_code, "started this release" in starter.text) == (403, True)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"call": "call_nothing"}, "call_id"),
        ({"call": "x" * 201}, "call"),
        ({"kind": "hunch"}, "kind"),
        ({"category": "Two Words"}, "category"),
        ({"unknown": 1}, "unknown"),
        ({"reason": "x" * 2001}, "reason"),
    ],
)
def test_what_is_no_suspicion_is_refused_by_its_field(api: Api, release: str, body: dict[str, Any], where: str) -> None:
    """422, and the release goes on."""
    answer = api.ask("POST", "/suspicions", {"call": a_call(api, release), **body})
    assert (answer.status_code, where in answer.text) == (422, True)
    assert api.ok("GET", f"/releases/{release}")["state"] == "running"


def test_answers_are_for_what_was_seen(api: Api, release: str) -> None:
    """An old `seq`, no reason, one that is not there, and one about the control are refused."""
    one = suspected(api, a_call(api, release))
    path, body = f"/suspicions/{one['id']}/confirm", {"reason": "seen"}
    assert api.ask("POST", path, body, if_match="1").status_code == 409
    assert api.ask("POST", path, {"reason": ""}).status_code == 422
    assert api.ask("POST", "/suspicions/sus_none/confirm", body).status_code == 404
    assert api.ask("GET", "/suspicions/sus_none").status_code == 404
    other = suspected(api, a_call(api, release, Arm.CONTROL))
    assert other["standing"] == "told"
    assert api.ask("POST", f"/suspicions/{other['id']}/confirm", body).status_code == 409
    assert api.ok("POST", path, body, if_match=str(one["release_seq"]))["standing"] == "confirmed"


def test_listings_are_pages_of_an_app_or_a_release(api: Api, release: str) -> None:
    """Newest first; those that wait, alone."""
    made = [suspected(api, a_call(api, release, number=number))["id"] for number in range(3)]
    first = api.ok("GET", "/suspicions?limit=2")
    rest = api.ok("GET", f"/suspicions?limit=2&cursor={first['next_cursor']}")
    assert [one["id"] for one in (*first["items"], *rest["items"])] == made[::-1]
    assert api.ok("GET", "/suspicions?app=other")["items"] == []
    assert len(api.ok("GET", f"/suspicions?release={release}&pending=true")["items"]) == 3
    api.ok("POST", f"/suspicions/{made[0]}/confirm", {"reason": "seen"})
    standings = [one["standing"] for one in api.ok("GET", f"/suspicions?release={release}")["items"]]
    assert standings == ["lapsed", "lapsed", "confirmed"]
