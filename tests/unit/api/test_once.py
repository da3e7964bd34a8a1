"""Idempotency keys."""

from __future__ import annotations

import pytest

from serinus.control.enclosed import Enclosed
from serinus.core.errors import Contended

from .conftest import CONTENT, Api


def test_a_repeated_post_is_done_once_and_answered_alike(api: Api) -> None:
    """The second request with the same key gets the first one's answer, status and all."""
    _, second = api.prepared()
    body = {"app": "bot", "version": second}
    first = api.ask("POST", "/releases", body, idempotency_key="k1")
    again = api.ask("POST", "/releases", body, idempotency_key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(api.ok("GET", "/releases")["items"]) == 1


def test_without_a_key_the_second_is_refused_by_its_own_merits(api: Api) -> None:
    """H6: a second release of an app is refused, and the refusal names the first."""
    _, second = api.prepared()
    body = {"app": "bot", "version": second}
    first = api.ok("POST", "/releases", body)
    response = api.ask("POST", "/releases", body)
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert first["id"] in response.json()["detail"]


@pytest.mark.parametrize("change", ["body", "path", "if_match"])
def test_a_key_used_for_another_request_is_refused(api: Api, change: str) -> None:
    """The same key with another body, path or precondition is a mistake of the caller."""
    _, second = api.prepared()
    release = api.ok("POST", "/releases", {"app": "bot", "version": second})["id"]
    api.ok("POST", f"/releases/{release}/pause", {"reason": "a"}, idempotency_key="k")
    body = {"reason": "b"} if change == "body" else {"reason": "a"}
    path = "resume" if change == "path" else "pause"
    headers = {"if_match": "7"} if change == "if_match" else {}
    response = api.ask("POST", f"/releases/{release}/{path}", body, idempotency_key="k", **headers)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")


def test_a_refusal_is_not_remembered(api: Api) -> None:
    """What was refused changed nothing, so the same key may try again when the reason is gone."""
    api.ok("PUT", "/apps/bot", {})
    body = {"version": "bot-2026-W47-1"}
    assert api.ask("POST", "/apps/bot/live", body, idempotency_key="k").status_code == 404
    api.ok("PUT", "/endpoints/sim", {"base_url": "http://h/v1"})
    api.ok("POST", "/apps/bot/versions", CONTENT)
    assert api.ask("POST", "/apps/bot/live", body, idempotency_key="k").status_code == 200


def test_a_key_is_forgotten_after_a_day(api: Api) -> None:
    """After 24 h the same key is a new request."""
    api.ok("POST", "/keys", {"name": "a"}, idempotency_key="k")
    api.clock.sleep(24 * 3600 + 1)
    api.ok("POST", "/keys", {"name": "b"}, idempotency_key="k")
    assert [key["name"] for key in api.ok("GET", "/keys")["items"]] == ["root", "a", "b"]


def test_callers_do_not_share_idempotency_keys(api: Api) -> None:
    """Two people may choose the same word."""
    other = api.key("admin", name="other")
    api.ok("POST", "/keys", {"name": "a"}, idempotency_key="k")
    assert api.ask("POST", "/keys", {"name": "b"}, key=other, idempotency_key="k").status_code == 201


def test_a_keys_text_is_neither_stored_nor_told_twice(api: Api) -> None:
    """A repeated request learns which key it made, not its text."""
    first = api.ok("POST", "/keys", {"name": "ci", "roles": ["editor"]}, idempotency_key="k")
    again = api.ok("POST", "/keys", {"name": "ci", "roles": ["editor"]}, idempotency_key="k")
    assert first["secret"].startswith("sk-serinus-")
    assert again == {**first, "secret": None}
    assert api.ask("GET", "/apps", key=first["secret"]).status_code == 200


def test_a_change_and_its_answer_are_stored_together(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the answer cannot be kept, nothing was done."""
    _, second = api.prepared()
    response = api.ask("POST", "/releases", {"app": "bot", "version": second}, idempotency_key="k" * 201)
    assert response.status_code == 422

    def full(*_: object) -> None:
        raise Contended("busy")

    with api.control.tx() as tx:
        monkeypatch.setattr(type(tx), "remember", full)
    response = api.ask("POST", "/releases", {"app": "bot", "version": second}, idempotency_key="k")
    assert (response.status_code, response.json()["code"]) == (503, "contended")
    assert api.ok("GET", "/releases")["items"] == []


def test_a_transaction_that_was_given_up_is_not_joined_again(api: Api) -> None:
    """A use-case that tries again inside a lost transaction is told at once; only the owner begins anew."""
    with api.control.tx() as tx:
        store = Enclosed(api.control, tx)
        with pytest.raises(Contended), store.tx():
            raise Contended("lost")
        with pytest.raises(Contended, match="lost"), store.tx():
            pytest.fail("joined a lost transaction")


def test_every_change_wakes_the_tick_and_no_reading_does(api: Api) -> None:
    """The tick need not wait for its second."""
    api.ok("GET", "/apps")
    api.ok("POST", "/audit/verify")
    assert api.wakes == []
    api.ok("PUT", "/apps/bot", {})
    api.ok("POST", "/keys", {"name": "a"})
    assert api.wakes == [1, 1]
