"""Monitors by API: declared and given back, read, paged, by role."""

from __future__ import annotations

import msgspec

from serinus.core.monitoring.reading import Reading
from tests.unit.api.conftest import PLAN, START_US, Api

MONITORS = [
    {"name": "errors", "source": {"kind": "metric", "metric": "call.error"}, "required": True},
    {"name": "by hand", "source": {"kind": "sql", "query": "SELECT 1"}, "alert": {"side": "above", "bound": 0.5}},
    {"name": "kb", "source": {"kind": "http", "url": "http://kb/"}},
]


def _prepared(api: Api) -> None:
    api.prepared()
    api.ok("PUT", "/apps/bot", {"plan": {**PLAN, "monitors": MONITORS}})


def _read(api: Api, name: str, count: int) -> None:
    with api.control.tx() as tx:
        app = tx.app("bot")
        assert app is not None
        assert app.config.plan is not None
        monitor = next(one for one in app.config.plan.monitors if one.name == name)
        for n in range(count):
            tx.put_reading(
                Reading(
                    app="bot", monitor=name, subject="live", at_us=START_US + n, level="alert", text=f"reading {n}",
                    definition=monitor.digest, value=float(n), since_us=START_US,
                )
            )  # fmt: skip


def test_A2_what_is_declared_comes_back_and_can_be_sent_again(api: Api) -> None:
    """With what was left out filled in; sending that changes nothing."""
    _prepared(api)
    plan = api.ok("GET", "/apps/bot")["config"]["plan"]
    errors, by_hand, kb = plan["monitors"]
    assert (errors["every_s"], errors["critical"]["bound"], errors["action"]) == (15, 0.025, "pause")
    assert by_hand["source"] == MONITORS[1]["source"]
    assert kb["critical"] == {"side": "below", "bound": 1.0, "factor": 0.0}
    assert api.ok("PUT", "/apps/bot", {"plan": plan})["config"]["plan"] == plan


def test_J1_scores_are_declared_by_name_in_monitors_and_limits(api: Api) -> None:
    """What comes back has the usual thresholds and chance filled in, and can be sent again; what no scale has is
    refused with what to write."""
    api.prepared()
    right = {"name": "right", "source": {"kind": "metric", "metric": "judge.correctness"}}
    j1 = {"metric": "judge.correctness", "below": 0.8, "buckets": 60, "min_requests": 100, "by_chance": 0.01}
    declared = {**PLAN, "monitors": [right], "limits": [{"metric": "call.error", "above": 0.025}, j1]}
    plan = api.ok("PUT", "/apps/bot", {"plan": declared})["config"]["plan"]
    [monitor] = plan["monitors"]
    assert (monitor["critical"]["bound"], monitor["by_chance"], monitor["min_samples"]) == (0.82, 0.05, 100)
    assert plan["limits"][-1] == {**plan["limits"][-1], **j1}
    assert api.ok("PUT", "/apps/bot", {"plan": plan})["config"]["plan"] == plan
    for wrong, said in (
        ({**j1, "below": 80}, "not within 0 to 1"),
        ({**j1, "bucket_s": 1}, "whole minutes"),
        ({**j1, "below": None, "above": 0.8}, "better when higher"),
    ):
        problem = api.ask("PUT", "/apps/bot", {"plan": {**PLAN, "limits": [wrong]}})
        assert problem.status_code == 422
        assert said in problem.text


def test_A2_monitors_are_listed_with_their_newest_readings(api: Api) -> None:
    """One that was not read yet has none; a reading of another declaration is none."""
    _prepared(api)
    _read(api, "errors", 2)
    items = api.ok("GET", "/apps/bot/monitors")["items"]
    assert [one["name"] for one in items] == ["errors", "by hand", "kb"]
    assert [reading["text"] for reading in items[0]["readings"]] == ["reading 1"]
    assert items[0]["alert"] == "above 1 %"
    assert items[2]["readings"] == []
    changed = [{**MONITORS[0], "window_s": 60}]
    api.ok("PUT", "/apps/bot", {"plan": {**PLAN, "monitors": changed}})
    assert api.ok("GET", "/apps/bot/monitors")["items"][0]["readings"] == []


def test_A2_the_history_is_paged(api: Api) -> None:
    """Newest first; names may hold spaces."""
    _prepared(api)
    _read(api, "by hand", 3)
    first = api.ok("GET", "/apps/bot/monitors/by%20hand/readings?limit=2")
    second = api.ok("GET", f"/apps/bot/monitors/by%20hand/readings?limit=2&cursor={first['next_cursor']}")
    assert [one["value"] for one in (*first["items"], *second["items"])] == [2.0, 1.0, 0.0]
    assert second["next_cursor"] == ""
    assert api.ok("GET", "/apps/bot/monitors/by%20hand/readings?subject=candidate")["items"] == []
    assert api.ask("GET", "/apps/none/monitors/x/readings").status_code == 404
    assert api.ok("GET", "/apps/bot/monitors/kb/readings")["items"] == []


def test_A2_the_history_of_a_name_that_was_never_watched_is_refused(api: Api) -> None:
    """With the names there are. One that is declared no more is told as long as there is a reading of it."""
    _prepared(api)
    _read(api, "errors", 1)
    answer = api.ask("GET", "/apps/bot/monitors/erors/readings")
    assert (answer.status_code, answer.json()["mend"]) == (404, "known: errors, by hand, kb")
    api.ok("PUT", "/apps/bot", {"plan": {**PLAN, "monitors": [MONITORS[1]]}})
    assert len(api.ok("GET", "/apps/bot/monitors/errors/readings")["items"]) == 1
    assert api.ok("GET", "/apps/bot/monitors/errors/readings?subject=candidate")["items"] == []
    assert api.ask("GET", "/apps/bot/monitors/erors/readings").status_code == 404


def test_a_monitor_that_cannot_work_is_refused(api: Api) -> None:
    """In core's words, with the place."""
    api.prepared()
    bad = {**MONITORS[1], "alert": {"side": "above", "factor": 1.2}}
    answer = api.ask("PUT", "/apps/bot", {"plan": {**PLAN, "monitors": [bad]}})
    assert answer.status_code == 422
    assert "only built-in metrics have a baseline" in answer.text


def test_G1_who_may_look_may_not_try(api: Api) -> None:
    """A trial asks the world: that is for those who configure. Where nothing reads monitors it is said."""
    _prepared(api)
    viewer = api.key("viewer")
    assert api.ask("GET", "/apps/bot/monitors", key=viewer).status_code == 200
    assert api.ask("GET", "/apps/bot/monitors/kb/try", key=viewer).status_code == 403
    assert api.ask("GET", "/apps/bot/monitors/kb/try").status_code == 503


def test_readings_hold_no_more_than_they_tell() -> None:
    """What is stored is what is shown and what the sampler needs: no URL, token or query."""
    assert set(Reading.__struct_fields__) & {"url", "token", "query", "source"} == set()
    assert "value" in {field.name for field in msgspec.structs.fields(Reading)}
