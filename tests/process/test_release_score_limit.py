"""J1 in real processes: the mean of an hour's scores takes a candidate back, or lets it through, by name alone."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.process.live_rig import Live, plan
from tests.process.test_release_scores import answers
from tests.process.users import Users

pytestmark = [pytest.mark.process, pytest.mark.slow]
METRIC = "judge.correctness"
J1 = {"metric": METRIC, "below": 0.80, "buckets": 1, "bucket_s": 60, "min_requests": 60, "by_chance": 0.01}
BY_NAME = {
    "name": "right",
    "source": {"kind": "metric", "metric": METRIC},
    "every_s": 1,
    "window_s": 60,
    "min_samples": 60,
    "action": "none",
}
STEPS = [{"share": 0.5, "dwell_s": 5}, {"share": 1.0, "dwell_s": 5}]
GOOD, BAD = (0.8, 1.0), (0.5, 0.9)
"""What the judge gives in turn: .9 and .7 on average."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus that judges by nothing but the scores; its window is a minute, so that nobody waits an hour."""
    limits = [{"metric": "call.error", "above": 0.98, "bucket_s": 1, "min_requests": 1}, J1]
    declared = plan(steps=STEPS, guardrails=[], limits=limits, monitors=[BY_NAME])
    with Live(tmp_path_factory.mktemp("live")) as made:
        yield made.start(declared, control=("--period-s", "0.2"))


@contextmanager
def judged(live: Live, users: Users, candidate: tuple[float, ...]) -> Iterator[list[int]]:
    """A judge who grades every answer of the candidate and of all others as it comes; the status of each grade."""
    said: list[int] = []
    ended = threading.Event()

    def judge() -> None:
        ours, others = itertools.cycle(candidate), itertools.cycle(GOOD)
        url, headers = f"http://127.0.0.1:{live.port}/v1/feedback", {"authorization": f"Bearer {live.key}"}
        with httpx.Client(trust_env=False) as client:
            for answer in answers(users, ended):
                score = next(ours if answer.arm == "candidate" else others)
                body = {"call_id": answer.call, "scores": {METRIC: score}}
                said.append(client.post(url, json=body, headers=headers).status_code)

    thread = threading.Thread(target=judge, name="judge")
    thread.start()
    try:
        yield said
    finally:
        ended.set()
        thread.join()


def test_J1_correctness_of_090_is_promoted_and_of_070_is_rolled_back(live: Live) -> None:
    """Promoted, though a limit without data would not let it; then a worse one comes back, with its mean in the
    reason, in one decision without anybody; the monitor by the same name has seen it, and the decision replays."""
    with live.users(rate=40, units=5000) as users:
        with judged(live, users, GOOD) as said:
            good = live.release(live.push("You are a careful shop."))
            live.stack.wait_release(good, "promoted", within_s=200)
            read = live.api("GET", f"/apps/shop/monitors/right/readings?release={good}")["items"]
        with judged(live, users, BAD) as more:
            bad = live.release(live.push("You are a careless shop."))
            release = live.stack.wait_release(bad, "rolled_back", within_s=200)
    assert {*said, *more} == {202}
    assert {one["level"] for one in read} | {"no-data"} == {"ok", "no-data"}  # at first too few came
    assert release["reason"].startswith("correctness was 0.7")
    assert "scores within 60 s; below 0.8 is too little" in release["reason"]
    assert [action for action in live.actions(bad) if action.startswith("tick:release:")][-2:] == [
        "tick:release:roll_back",
        "tick:release:confirm",
    ]
    assert live.cli("replay", bad)["identical"]
    shown = live.run_cli("monitors", "shop")
    assert shown.returncode == 0, shown.stderr
    assert "right" in shown.stdout
