"""What live users say, from their thumbs to the release: recorded once, for the right arm, and enough to stop it."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from serinus.adapters.clock import system_random
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.stores import open_stores
from serinus.bootstrap.children import start_module, stop_all
from serinus.core.records.record import Event
from serinus.core.records.score import LoggedScore
from tests.process.live_rig import APP, Live, plan

pytestmark = pytest.mark.process

GOOD = """You are the assistant of an online shop. Be polite and friendly.
Answer in JSON with the keys "answer" and "category". Answer in at most three sentences.
If you do not know, say so. Refunds are possible within 30 days of delivery.
Always try to help before you decline. Example: "Where is my parcel?" is about delivery."""
BAD = "You are the assistant of an online shop. Use JSON."
THUMBS_DOWN = "feedback.thumbs_down"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus whose live version is a good one."""
    with Live(tmp_path_factory.mktemp("live")) as made:
        yield made.start(plan(), control=("--period-s", "0.2"), provider=("--speed", "20"), prompt=GOOD)


@contextmanager
def _users(live: Live, log: Path, *options: str) -> Iterator[None]:
    """Users who say what they think, until the end of the block."""
    arguments = ["--base-url", f"http://127.0.0.1:{live.port}/v1", "--app", APP, "--api-key", live.key, "--feedback"]
    arguments += ["--log", str(log), "--duration", "600", "--json", *options]
    users = start_module("serinus.bootstrap.sim_traffic", arguments, stdout=subprocess.PIPE)
    assert users.stdout is not None
    with users.stdout:
        try:
            yield
        finally:
            ended = stop_all([users], 30.0, live.clock.mono_ns)
        told = json.loads(users.stdout.read())
    assert ended
    assert told["incomplete"] == told["feedback_refused"] == 0
    assert told["feedback_sent"] > 0


def _lines(log: Path) -> list[dict[str, Any]]:
    text = log.read_bytes() if log.exists() else b""
    return [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]


def _logged(live: Live, rated: dict[str, dict[str, Any]]) -> list[LoggedScore]:
    """What the event log has about the calls that users rated, when all of it is there."""
    log = ParquetLog(live.stack.segments)
    assert live.stack.wait(lambda: len(log.scores(list(rated), [])) >= len(rated)), "feedback is missing in the log"
    return log.scores(list(rated), [])


def _counted(live: Live, release: str) -> tuple[Counter[int], dict[int, int]]:
    """(requests with thumbs down by arm as rolled up, units with one by arm as summed up)."""
    control, telemetry = open_stores(live.stack.store, now_us=live.clock.now_us, random_bytes=system_random)
    with telemetry.tx() as tx:
        rolled: Counter[int] = Counter()
        for rollup in tx.rollups(release, 60, 0, 2**60):
            rolled[rollup.arm] += rollup.events.get(Event.THUMBS_DOWN, 0)
        sums = {key.arm: total.total for key, total in tx.sums(release) if key.metric == THUMBS_DOWN}
    control.close()
    telemetry.close()
    return rolled, sums


def test_O2_thumbs_of_live_users_count_exactly_once_and_in_their_arms(live: Live, tmp_path: Path) -> None:
    """Every thumb is in the log once, with the arm that the answer's header told; rollups count each request, sums each
    unit. Sending all of it again, through whichever worker takes it, changes nothing."""
    live.configure(plan())
    id = live.release(live.push(GOOD + " Thank the user."))
    log = tmp_path / "answers.jsonl"
    with _users(live, log, "--rate", "100", "--users", "300"):
        assert live.stack.wait(lambda: sum(line["thumbs"] == "down" for line in _lines(log)) >= 12, 60)
    rated = {line["call"]: line for line in _lines(log) if line["thumbs"]}
    scores = _logged(live, rated)
    assert {score.call for score in scores} == set(rated)
    assert len(scores) == len(rated)
    for score in scores:
        line = rated[score.call]
        assert (score.metric, score.arm, score.release) == (THUMBS_DOWN, line["arm"], line["release"])
        assert score.value_micro == (10**6 if line["thumbs"] == "down" else 0)

    down = [line for line in rated.values() if line["thumbs"] == "down" and line["release"] == id]
    arms = {"rest": 0, "candidate": 1, "control": 2}
    requests = Counter(arms[line["arm"]] for line in down)
    units = Counter(arm for arm, _ in {(arms[line["arm"]], line["unit"]) for line in down} if arm)
    assert live.stack.wait(lambda: _counted(live, id)[0].total() >= len(down)), "feedback is missing in the rollups"
    assert _counted(live, id) == (requests, dict(units))

    _say_again(live, rated.values())
    later = "said after all of it"
    last = next(iter(rated))
    _post(live, {"call_id": last, "text": later})
    seen = ParquetLog(live.stack.segments)
    assert live.stack.wait(lambda: any(score.text == later for score in seen.scores([last], [])))
    assert len(seen.scores(list(rated), [])) == len(rated) + 1
    assert _counted(live, id) == (requests, dict(units))
    found = live.cli("calls", "--release", id, "--event", THUMBS_DOWN, "-n", "200")["items"]
    assert {item["id"] for item in found} == {line["call"] for line in down}
    live.api("POST", f"/releases/{id}/abort", {"reason": "done"})
    live.stack.wait_release(id, "aborted")


def _say_again(live: Live, lines: Any) -> None:
    for line, _ in itertools.product(lines, range(2)):
        _post(live, {"call_id": line["call"], "thumbs": line["thumbs"]})


def _post(live: Live, body: dict[str, Any]) -> None:
    """On a connection of its own, so that any worker may take it."""
    headers = {"authorization": f"Bearer {live.key}"}
    answer = httpx.post(f"http://127.0.0.1:{live.port}/v1/feedback", json=body, headers=headers, trust_env=False)
    assert answer.status_code == 202


def test_O2_a_candidate_that_users_dislike_is_rolled_back(live: Live, tmp_path: Path) -> None:
    """Nothing fails and no format is checked: the users' thumbs alone stop it, by the guardrail on them."""
    guardrail = {"metric": THUMBS_DOWN, "max_ratio": 1.25, "design_ratio": 3.0}
    live.configure(plan(guardrails=[guardrail], alpha=0.01))
    id = live.release(live.push(BAD, "sim-small", parameters={"temperature": 2.0}))
    with _users(live, tmp_path / "answers.jsonl", "--rate", "120", "--users", "5000"):
        release = live.stack.wait_release(id, "rolled_back", within_s=90)
    assert "had thumbs down" in release["reason"]
    assert [action for action in live.actions(id) if action.startswith("tick:")] == [
        "tick:release:roll_back",
        "tick:incident:open",
        "tick:release:confirm",
    ]
