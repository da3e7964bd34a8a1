"""From a harmful release to the next one, with real processes: control dies by SIGKILL while it rolls back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from serinus.core.errors import SerinusError
from tests.process.live_rig import MODEL, Live, plan

pytestmark = pytest.mark.process

QUICK = ("--period-s", "0.2")
BLOCKING = {"block": True, "sign_off": "short"}
LIMITS = [{"metric": "call.error", "above": 0.5, "buckets": 2, "bucket_s": 1, "min_requests": 5}]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus whose app's releases wait for open incidents."""
    with Live(tmp_path_factory.mktemp("live")) as made:
        yield made.start(plan(limits=LIMITS, incidents=BLOCKING), control=QUICK)


def test_K1_a_harmful_release_leaves_an_incident_that_holds_the_next_one(live: Live) -> None:
    """Killed as soon as it rolls back, control comes again: one incident with its numbers, confirmed by the fleet; the
    clock is done by people, users are counted and exported, and the next release starts only once it is closed."""
    id = live.release(live.push("You are a broken shop.", f"{MODEL}+500"))
    with live.users() as users:
        live.stack.wait_release(id, "rolling_back", "rolled_back", within_s=60)
        live.control.kill()
        live.control = live.stack.control(*QUICK)
        live.stack.wait_release(id, "rolled_back", within_s=60)
    (one,) = live.cli("incidents", "--open")["items"]
    assert (one["release"], one["severity"], one["kind"]) == (id, "medium", "rollback")
    trigger = one["trigger"]
    assert trigger["metric"] == "call.error"
    assert trigger["kind"] in ("harm", "limit")
    assert trigger["value"] > 0.5 > trigger["against"]
    assert live.actions(id).count("tick:incident:open") == 1
    with pytest.raises(SerinusError, match="is open"):
        live.release(live.push("You are a mended shop."))
    live.cli("incidents", "confirm", id, "-m", "on it")
    live.cli("incidents", "note", id, "--kind", "hypothesis", "-m", "the endpoint refuses this model")
    live.cli("incidents", "note", id, "-m", "all calls of the candidate failed")
    met = {answer.unit for answer in users.answers if (answer.release, answer.arm) == (id, "candidate")}
    assert live.stack.wait(lambda: live.cli("incidents", "count", id)["exposed"]["users"] >= len(met))
    counted = live.cli("incidents", "count", id)
    assert counted["exposed"]["calls"] >= counted["exposed"]["sessions"] >= len(met)
    lines = live.stack.directory.joinpath("exposed.jsonl")
    assert live.run_cli("incidents", "units", id, "--jsonl", "--out", str(lines)).returncode == 0
    exported = [json.loads(line) for line in lines.read_text().splitlines()]
    assert len(exported) >= len(met)
    assert not {line["unit"] for line in exported} & met, "users are exported under their pseudonyms"
    live.cli("incidents", "sign", id, "root_cause", "--class", "configuration", "-m", "no such model")
    closed = live.cli("incidents", "close", id, "-m", "fixed")
    assert [item["name"] for item in closed["clock"] if not item["done_at"]] == ["review"]
    assert live.release(live.push("You are a mended shop."))
    assert live.cli("audit", "verify")["faults"] == []
