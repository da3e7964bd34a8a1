"""Cached answers over the API: proposed, listed, approved, removed, and by whom (J5)."""

from __future__ import annotations

from typing import Any

import pytest

from serinus.core.routing import snapshot

from .conftest import PLAN, Api

ASKED = {"question": "How do I pay?", "answer": "By card.", "language": "en"}
LIST = "/apps/bot/cached-answers"


@pytest.fixture
def shop(api: Api) -> Api:
    """The app with a live version, that has cached answers."""
    api.prepared()
    api.ok("PUT", "/apps/bot", {"plan": PLAN, "fallback_message": "Later.", "fallback_cached": {"after_s": 5.5}})
    return api


def cached(api: Api) -> Any:
    newest = api.control.latest_snapshot()
    assert newest is not None
    return snapshot.decode(newest[1]).apps["bot"].cached


def test_J5_an_answer_goes_from_a_proposal_to_the_gateways_and_out_again(shop: Api) -> None:
    """Each step in the list by its state; a key repeats it without doing it twice."""
    one = shop.ok("POST", LIST, ASKED, idempotency_key="k")
    assert (one["state"], one["question"], one["approved_at"], one["why"]) == ("proposed", "How do I pay?", None, "")
    again = shop.ok("POST", LIST, ASKED, idempotency_key="k")
    assert (again["id"], again["question"], again["answer"]) == (one["id"], "", "")
    assert shop.ok("GET", LIST)["items"] == [one]
    assert shop.ok("GET", f"{LIST}?state=approved")["items"] == []
    approved = shop.ok("POST", f"/cached-answers/{one['id']}/approve", {"reason": "checked"})
    assert (approved["state"], approved["approved_by"][:4]) == ("approved", "root")
    assert shop.ok("GET", f"{LIST}?state=approved")["items"] == [approved]
    assert [entry.answer for entries in cached(shop).answers.values() for entry in entries] == ["By card."]
    assert (cached(shop).after_s, cached(shop).confidence) == (5.5, 0.75)
    shop.ok("DELETE", f"/cached-answers/{one['id']}", {"reason": "moved"})
    assert cached(shop).answers == {}
    assert shop.ask("DELETE", f"/cached-answers/{one['id']}", {}).status_code == 404


def test_J5_who_may_propose_approve_and_remove(shop: Api) -> None:
    """By the one table; who may not read texts sees none."""
    id = shop.ok("POST", LIST, ASKED)["id"]
    for role, method, path, status in (
        ("viewer", "GET", LIST, 403),
        ("editor", "GET", LIST, 403),
        ("reviewer", "GET", LIST, 200),
        ("editor", "POST", LIST, 403),
        ("ml_engineer", "POST", LIST, 201),
        ("ml_engineer", "POST", f"/cached-answers/{id}/approve", 403),
        ("reviewer", "POST", f"/cached-answers/{id}/approve", 403),
        ("quality_lead", "POST", f"/cached-answers/{id}/approve", 200),
        ("ml_engineer", "DELETE", f"/cached-answers/{id}", 403),
        ("on_call", "DELETE", f"/cached-answers/{id}", 200),
    ):
        body = None if method == "GET" else ASKED if path == LIST else {}
        answer = shop.ask(method, path, body, key=shop.key(role, name=f"a {role}"))
        assert answer.status_code == status, (role, method, answer.text)


@pytest.mark.parametrize(
    ("path", "body", "status", "where"),
    [
        (LIST, {}, 422, "call"),
        (LIST, {"call": "call_x", "question": "a", "answer": "b"}, 422, "call"),
        (LIST, {"question": "a"}, 422, "answer"),
        (LIST, {**ASKED, "language": "de-AT"}, 422, "language"),
        (LIST, {**ASKED, "version": "none"}, 404, "version"),
        (LIST, {"call": "call_x"}, 503, "calls"),
        (f"{LIST}/propose", {"metric": "user.rating", "at_least": 0.9}, 503, "calls"),
        ("/apps/nobody/cached-answers", ASKED, 404, "app"),
        ("/cached-answers/ans_none/approve", {}, 404, "answer"),
    ],
)
def test_J5_what_cannot_be_proposed_is_refused_by_its_field(
    shop: Api, path: str, body: Any, status: int, where: str
) -> None:
    """With a problem document."""
    answer = shop.ask("POST", path, body)
    assert (answer.status_code, answer.json().get("where")) == (status, where), answer.text
    assert shop.ok("GET", LIST)["items"] == []


def test_J5_the_declaration_is_shown_as_it_was_made_and_refused_by_its_field(shop: Api) -> None:
    """A hand-over without anything that measures, a time that never comes."""
    shown = shop.ok("GET", "/apps/bot")["config"]
    assert shown["fallback_cached"] == {"confidence": 0.75, "after_s": 5.5}
    for changes, where in (
        ({"hand_off_message": "x"}, "app.hand_off_message"),
        ({"fallback_cached": {"after_s": 90}}, "app.fallback_cached.after"),
        ({"fallback_cached": {}, "fallback_message": ""}, "app.fallback_cached"),
    ):
        refused = shop.ask("PUT", "/apps/bot", {"plan": PLAN, "fallback_message": "Later.", **changes})
        assert (refused.status_code, refused.json()["where"]) == (422, where), refused.text
