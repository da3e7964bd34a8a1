"""Monitors in real processes: real calls through a gateway, a real service that breaks, a control that is killed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.answering import Answering, answering
from tests.process.live_rig import APP, MODEL, Live, plan

pytestmark = pytest.mark.process

NEVER = {"metric": "call.overdue", "above": 0.98, "bucket_s": 1, "min_requests": 1}
SQL = "SELECT avg(list_contains(events, 'call.error')::INT) FROM calls"
FOREVER = "SELECT count(*) FROM range(1000000000000000)"


def threshold(bound: float) -> dict[str, Any]:
    return {"side": "above", "bound": bound}


def monitors(service: Answering) -> list[dict[str, Any]]:
    """One of every source that needs no other server, and a query that never ends."""
    return [
        {"name": "kb", "source": {"kind": "http", "url": service.url}, "required": True, "every_s": 1},
        {
            "name": "failing calls", "source": {"kind": "sql", "query": SQL}, "alert": threshold(0.1), "every_s": 1,
            "window_s": 600,
        },
        {
            "name": "errors", "source": {"kind": "metric", "metric": "call.error"}, "alert": threshold(0.5),
            "every_s": 1, "window_s": 600, "min_samples": 5,
        },
        {
            "name": "endless", "source": {"kind": "sql", "query": FOREVER}, "alert": threshold(1), "every_s": 600,
            "timeout_s": 1,
        },
    ]  # fmt: skip


@pytest.fixture(scope="module")
def service() -> Iterator[Answering]:
    """What the app depends on."""
    with answering() as told:
        yield told


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, service: Answering) -> Iterator[Live]:
    """A running Serinus whose app is watched."""
    with Live(tmp_path_factory.mktemp("live")) as made:
        yield made.start(plan(monitors=monitors(service), guardrails=[], limits=[NEVER]), control=("--period-s", "0.2"))


def readings(live: Live) -> dict[tuple[str, str], dict[str, Any]]:
    """The newest, by monitor and subject."""
    found = live.api("GET", f"/apps/{APP}/monitors")["items"]
    return {(one["monitor"], one["subject"]): one for monitor in found for one in monitor["readings"]}


def level(live: Live, monitor: str, subject: str) -> str | None:
    found = readings(live).get((monitor, subject))
    return found["level"] if found else None


def told(live: Live) -> list[str]:
    """Kinds of the notices about monitors, oldest first."""
    found = live.api("GET", "/notices?limit=200")["items"]
    return [one["kind"] for one in reversed(found) if one["kind"] in ("alert", "critical", "recover", "no_data")]


def test_I_a_check_that_turns_critical_pauses_a_release_and_recovery_is_told(live: Live, service: Answering) -> None:
    """The service breaks: the release pauses within seconds, told once; it comes back, and that is told."""
    assert live.stack.wait(lambda: level(live, "kb", "app") == "ok")
    with live.users(rate=60):
        id = live.release(live.push("You are a kind shop."))
        service.answer = lambda _: (503, b"")
        try:
            held = live.stack.wait_release(id, "paused", within_s=30)
        finally:
            service.answer = lambda _: (200, b"{}")
        assert held["hold"]["trigger"] == "monitor:kb"
        assert "did not answer 200" in held["reason"]
        assert live.stack.wait(lambda: "recover" in told(live))
        assert told(live).count("critical") == 1
        live.api("POST", f"/releases/{id}/resume", {"reason": "it is back"})
        live.stack.wait_release(id, "running")
        live.api("POST", f"/releases/{id}/abort", {"reason": "enough"})
        live.stack.wait_release(id, "aborted")


def test_A2_SQL_and_metrics_watch_both_versions_over_real_calls(live: Live) -> None:
    """The candidate fails, the live version does not: each has its own reading, by SQL over the event log and by
    rollups alike; the query that never ends is ended, and says so."""
    with live.users(rate=60):
        live.release(live.push("You are a failing shop.", f"{MODEL}+500"))

        def seen() -> bool:
            found = readings(live)
            levels = {key: one["level"] for key, one in found.items()}
            wanted = {
                ("failing calls", "candidate"): "alert",
                ("failing calls", "live"): "ok",
                ("errors", "live"): "ok",
            }
            return wanted.items() <= levels.items()

        assert live.stack.wait(seen, within_s=60), [one["text"] for one in readings(live).values()]
    found = readings(live)
    assert found["failing calls", "live"]["value"] < 0.1
    assert found["failing calls", "candidate"]["value"] > 0.1
    assert "needs more than 1 s" in found["endless", "live"]["fault"]
    assert found["endless", "live"]["level"] == "no-data"


def test_a_killed_control_keeps_readings_and_tells_nothing_twice(live: Live, service: Answering) -> None:
    """The next one goes on where it was: levels, since when, and what was announced."""
    service.answer = lambda _: (500, b"")
    assert live.stack.wait(lambda: level(live, "kb", "app") == "critical")
    before, announced = readings(live)["kb", "app"], told(live)
    live.control.kill()
    live.control = live.stack.control("--period-s", "0.2", "--takeover-s", "1", name="second")
    kept = readings(live)["kb", "app"]
    assert (kept["level"], kept["since"]) == ("critical", before["since"])
    assert live.stack.wait(lambda: readings(live)["kb", "app"]["at"] > kept["at"])
    assert told(live) == announced
    service.answer = lambda _: (200, b"{}")
    assert live.stack.wait(lambda: level(live, "kb", "app") == "ok")
    shown = live.cli("monitors", APP)["items"]
    assert [one["name"] for one in shown] == ["kb", "failing calls", "errors", "endless"]
    tried = live.cli("monitors", APP, "--try", "kb")["items"]
    assert [one["level"] for one in tried] == ["ok"]
    history = live.cli("monitors", APP, "--history", "kb")["items"]
    assert {"ok", "critical"} <= {one["level"] for one in history}


def test_SQL_that_writes_is_refused_where_it_is_declared(live: Live) -> None:
    """By the API too: it is not stored."""
    bad = {"name": "w", "source": {"kind": "sql", "query": "DELETE FROM calls"}, "alert": threshold(1)}
    with pytest.raises(Exception, match="only a SELECT may be asked"):
        live.api("PUT", f"/apps/{APP}", {"plan": plan(monitors=[bad])})
