"""Differences, drift and signatures over the API."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from serinus.adapters.ed25519 import Ed25519Check, Ed25519Key
from serinus.core.versions.signing import key_id, signed_message
from tests.unit.api.conftest import CONTENT, Api

KEY = Ed25519Key.new(bytes(32))


@pytest.fixture
def signing(api: Api) -> Iterator[Api]:
    """The API as a control process makes it: it checks signatures."""
    with api.with_parts(signatures=Ed25519Check()) as made:
        yield made


def signature(digest: str) -> dict[str, str]:
    """The body that signs a digest."""
    made = KEY.sign(signed_message(digest))
    return {"public_key": base64.b64encode(KEY.public_bytes()).decode(), "signature": base64.b64encode(made).decode()}


def test_B4_diff_of_two_versions(api: Api) -> None:
    """Both are named, the field that differs is told, and the type of release with its risk and its reason."""
    first, second = api.prepared()
    found = api.ok("GET", f"/apps/bot/diff?from={first}&to={second}")
    assert (found["before"]["name"], found["after"]["name"], found["same"]) == (first, second, False)
    assert found["fields"] == [{"field": "model", "before": '"sim-1"', "after": '"sim-2"'}]
    assert [message["change"] for message in found["messages"]] == ["equal"]
    assert (found["proposal"]["type"], found["proposal"]["base_risk"]) == ("base_model_upgrade", 75)
    assert found["proposal"]["reasons"][0]["text"] == "another model of the family sim (sim-1 → sim-2)"


def test_B4_live_stands_for_the_live_version(api: Api) -> None:
    """Without `from` the comparison is with what is live; the same version differs in nothing."""
    first, second = api.prepared()
    assert api.ok("GET", f"/apps/bot/diff?to={second}")["before"]["name"] == first
    same = api.ok("GET", "/apps/bot/diff?to=live")
    assert (same["same"], same["fields"], same["proposal"]["type"]) == (True, [], "none")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?to=nothing-here", 404),
        ("?from=nothing-here&to=live", 404),
        ("", 422),
        ("?to=", 422),
        (f"?to={'x' * 999}", 422),
    ],
)
def test_what_cannot_be_compared_is_refused(api: Api, query: str, status: int) -> None:
    """Unknown versions are 404, missing and oversized names 422."""
    api.prepared()
    assert api.ask("GET", f"/apps/bot/diff{query}").status_code == status


def test_nothing_live_is_a_conflict(api: Api) -> None:
    """Before the first version is live there is nothing to drift from."""
    api.ok("PUT", "/apps/bot", {})
    refusal = api.ask("POST", "/apps/bot/drift", CONTENT)
    assert (refusal.status_code, refusal.json()["where"]) == (409, "app.live")


def test_A7_the_live_content_does_not_drift(api: Api) -> None:
    """The same content, however it is written, is no drift; it changes nothing and needs no more than to look."""
    first, _ = api.prepared()
    viewer = api.key("viewer")
    found = api.ask("POST", "/apps/bot/drift", dict(reversed(CONTENT.items())), key=viewer).json()
    assert (found["same"], found["after"]["name"]) == (True, first)


def test_A7_other_content_drifts_and_says_how(api: Api) -> None:
    """Content that nobody has pushed is compared word by word; it has a digest and no name."""
    api.prepared()
    changed = {**CONTENT, "messages": [{"role": "system", "template": "Be <b>very</b> kind."}]}
    found = api.ok("POST", "/apps/bot/drift", changed)
    assert (found["same"], found["after"]) == (False, None)
    spans = found["messages"][0]["spans"]
    assert "".join(span["text"] for span in spans if span["kind"] != "removed") == "Be <b>very</b> kind."
    assert len(api.ok("GET", "/apps/bot/versions")["items"]) == 2


def test_A7_content_that_is_none_is_refused(api: Api) -> None:
    """A broken body is told like that of a push."""
    api.prepared()
    assert api.ask("POST", "/apps/bot/drift", {"model": "m"}).status_code == 422


def test_B1_signatures_are_kept_checked_and_listed(signing: Api) -> None:
    """201 the first time, 200 after; the listing says whose it is and that it fits."""
    first, _ = signing.prepared()
    digest = signing.ok("GET", f"/apps/bot/versions/{first}")["digest"]
    path = f"/apps/bot/versions/{first}/signatures"
    assert signing.ask("POST", path, signature(digest)).status_code == 201
    assert signing.ask("POST", path, signature(digest)).status_code == 200
    (kept,) = signing.ok("GET", path)["items"]
    assert (kept["key_id"], kept["valid"]) == (key_id(KEY.public_bytes()), True)
    assert kept["signed_by"].startswith("root (")


def test_B1_a_signature_that_does_not_verify_is_refused(signing: Api) -> None:
    """Of another digest, or malformed: 422, and nothing is kept."""
    first, _ = signing.prepared()
    path = f"/apps/bot/versions/{first}/signatures"
    for body in (signature("0" * 64), {"public_key": "x", "signature": "y"}, {}):
        assert signing.ask("POST", path, body).status_code == 422
    assert signing.ok("GET", path)["items"] == []


def test_B1_without_a_check_nothing_is_accepted(api: Api) -> None:
    """An API that cannot check signatures accepts none unseen."""
    first, _ = api.prepared()
    digest = api.ok("GET", f"/apps/bot/versions/{first}")["digest"]
    assert api.ask("POST", f"/apps/bot/versions/{first}/signatures", signature(digest)).status_code == 422


def test_G1_viewers_do_not_sign(signing: Api) -> None:
    """To sign takes a role that builds or releases."""
    first, _ = signing.prepared()
    body = signature(signing.ok("GET", f"/apps/bot/versions/{first}")["digest"])
    path = f"/apps/bot/versions/{first}/signatures"
    assert signing.ask("POST", path, body, key=signing.key("viewer")).status_code == 403
    assert signing.ask("POST", path, body, key=signing.key("editor")).status_code == 201
