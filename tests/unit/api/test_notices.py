"""Notifications and notices over the API."""

from __future__ import annotations

from typing import Any

import pytest

from serinus.control.route_notices import route_notices
from tests.unit.api.conftest import PLAN, Api

TARGETS = {"on_call": [{"url_env": "PAGER"}], "release_channel": [{"url_file": "/run/secrets/slack"}]}


def declared(api: Api, **changed: Any) -> None:
    """The app with targets."""
    api.prepared()
    api.ok("PUT", "/apps/bot", {"plan": PLAN, "notifications": {**TARGETS, **changed}})


def routed(api: Api) -> None:
    """One round of the leader's deliverer, without sending."""
    leader = api.control.leader() or api.control.claim("me", None)
    assert leader is not None
    route_notices(api.control, leader.epoch, api.clock.now_us())


def test_A4_notifications_come_back_as_declared(api: Api) -> None:
    """References, deadline and own routes; the rest has its defaults."""
    declared(api, events={"advance": []}, acknowledge_within_s=60)
    config = api.ok("GET", "/apps/bot")["config"]["notifications"]
    assert config["on_call"] == [{"url_env": "PAGER", "url_file": ""}]
    assert config["release_channel"] == [{"url_env": "", "url_file": "/run/secrets/slack"}]
    assert (config["leads"], config["events"], config["acknowledge_within_s"]) == ([], {"advance": []}, 60)


@pytest.mark.parametrize(
    "target",
    [
        {"url": "slack://hunter2"},
        {"url_env": "slack://hunter2"},
        {"url_file": "slack://hunter2"},
        {},
        {"url_env": "A", "url_file": "/a"},
    ],
)
def test_A4_a_url_in_place_of_a_reference_is_refused_and_not_repeated(api: Api, target: dict[str, str]) -> None:
    """The store never sees it, and neither does the answer."""
    api.prepared()
    refusal = api.ask("PUT", "/apps/bot", {"plan": PLAN, "notifications": {"on_call": [target]}})
    assert refusal.status_code == 422
    assert "hunter2" not in refusal.text


def test_A4_a_test_notice_is_listed_with_its_deliveries(api: Api) -> None:
    """On its way at first; once routed, one delivery for each target, by reference."""
    declared(api)
    made = api.ask("POST", "/apps/bot/notifications/test", {})
    assert (made.status_code, made.json()["deliveries"]) == (202, [])
    routed(api)
    (notice,) = api.ok("GET", "/notices")["items"]
    assert (notice["id"], notice["kind"], notice["app"], notice["title"]) == (made.json()["id"], "test", "bot", "Test")
    told = {one["target"]: (one["route"], one["state"], one["attempts"]) for one in notice["deliveries"]}
    assert told == {
        "env:PAGER": ("on_call", "pending", 0),
        "file:/run/secrets/slack": ("release_channel", "pending", 0),
    }


def test_a_repeated_request_tests_once(api: Api) -> None:
    """The same idempotency key makes no second notice."""
    declared(api)
    for _ in range(3):
        assert api.ask("POST", "/apps/bot/notifications/test", {}, idempotency_key="k").status_code == 202
    assert len(api.ok("GET", "/notices")["items"]) == 1


def test_A4_an_app_without_targets_cannot_be_tested(api: Api) -> None:
    """409 says how to declare them; an app that is not there is 404."""
    api.prepared()
    assert api.ask("POST", "/apps/bot/notifications/test", {}).status_code == 409
    assert api.ask("POST", "/apps/ship/notifications/test", {}).status_code == 404


def test_changes_of_a_release_are_notices_of_its_app(api: Api) -> None:
    """Kind, app, release, reason and who did it; a person's deed needs no acknowledgement."""
    _, second = api.prepared()
    release = api.ok("POST", "/releases", {"app": "bot", "version": second})["id"]
    api.ok("POST", f"/releases/{release}/pause", {"reason": "look"})
    routed(api)
    pause, start = api.ok("GET", "/notices?app=bot")["items"]
    assert (pause["kind"], start["kind"], pause["release"]) == ("pause", "start", release)
    assert pause["actor"].startswith("root (")
    assert pause["acknowledge_by"] is None
    assert api.ok("GET", "/notices?app=ship")["items"] == []
    assert api.ok("GET", "/notices?waiting=true")["items"] == []


def test_I1_acknowledging_is_on_record(api: Api) -> None:
    """Who and when, in the listing and on the audit trail; the first stays; unknown numbers are 404."""
    declared(api)
    id = api.ask("POST", "/apps/bot/notifications/test", {}).json()["id"]
    on_call = api.key("on_call", name="night")
    seen = api.ask("POST", f"/notices/{id}/acknowledge", {"reason": "on it"}, key=on_call).json()
    assert seen["acknowledged_by"].startswith("night (")
    assert api.ok("POST", f"/notices/{id}/acknowledge", {})["acknowledged_by"] == seen["acknowledged_by"]
    (entry,) = api.ok("GET", f"/audit?subject=notice {id}")["items"]
    assert (entry["action"], entry["reason"]) == ("person:notice:acknowledge", "on it")
    assert api.ask("POST", "/notices/99/acknowledge", {}).status_code == 404


@pytest.mark.parametrize("id", ["0", "-1", "x", str(2**63), "1e3"])
def test_numbers_that_are_none_are_refused(api: Api, id: str) -> None:
    """422 for what is no number of a notice."""
    assert api.ask("POST", f"/notices/{id}/acknowledge", {}).status_code == 422


def test_G1_viewers_look_and_do_not_acknowledge(api: Api) -> None:
    """To acknowledge takes a role that may stop a release; to test one that builds or releases."""
    declared(api)
    viewer = api.key("viewer")
    assert api.ask("GET", "/notices", key=viewer).status_code == 200
    assert api.ask("POST", "/notices/1/acknowledge", {}, key=viewer).status_code == 403
    assert api.ask("POST", "/apps/bot/notifications/test", {}, key=viewer).status_code == 403
