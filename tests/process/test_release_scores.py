"""Answers that a judge finds worse, whole and in real processes: scores of live answers take a candidate back."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import httpx
import pytest

from tests.process.live_rig import Live, plan
from tests.process.users import Answer, Users

pytestmark = pytest.mark.process
METRIC = "judge.correctness"
RAIL = {"metric": METRIC, "max_drop": 0.05, "maturation_s": 6, "min_labels": 20}
GRADES = {"candidate": (0.2, 0.6, 0.4), "control": (0.9, 0.8, 1.0)}
"""What the judge gives, in turn: .4 and .9 on average."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Serinus that compares nothing but the scores."""
    declared = plan(guardrails=[RAIL], alpha=0.01)
    with Live(tmp_path_factory.mktemp("live")) as made:
        yield made.start(declared, control=("--period-s", "0.2"))


@contextmanager
def judged(live: Live, users: Users) -> Iterator[list[tuple[int, str]]]:
    """A judge who grades each user's first answer by either arm, as it comes, through the gateway; status and call of
    each grade, until the end of the block."""
    said: list[tuple[int, str]] = []
    ended = threading.Event()

    def judge() -> None:
        seen, turns = set(), {arm: itertools.cycle(grades) for arm, grades in GRADES.items()}
        url, headers = f"http://127.0.0.1:{live.port}/v1/feedback", {"authorization": f"Bearer {live.key}"}
        with httpx.Client(trust_env=False) as client:
            for answer in answers(users, ended):
                if answer.arm in turns and answer.unit not in seen:
                    seen.add(answer.unit)
                    body = {"call_id": answer.call, "scores": {METRIC: next(turns[answer.arm])}}
                    said.append((client.post(url, json=body, headers=headers).status_code, answer.call))

    thread = threading.Thread(target=judge, name="judge")
    thread.start()
    try:
        yield said
    finally:
        ended.set()
        thread.join()


def answers(users: Users, ended: threading.Event) -> Iterator[Answer]:
    """The users' answers as they come."""
    for place in itertools.count():
        while place >= len(users.answers):
            if ended.wait(0.02):
                return
        yield users.answers[place]


def console_page(live: Live, path: str) -> str:
    """A page of the console, to an admin."""
    with httpx.Client(base_url=live.stack.url, follow_redirects=True, trust_env=False) as browser:
        token = re.search(r'name="token" value="([^"]*)"', browser.get("/login").text)
        form = {"key": live.stack.key, "next": "/"} | ({"token": token[1]} if token else {})
        assert browser.post("/login", data=form).status_code == 200
        page = browser.get(path)
        assert page.status_code == 200
        return unescape(page.text)


def test_H5_a_candidate_whose_answers_are_worse_is_rolled_back_by_its_scores(live: Live) -> None:
    """Nothing fails and nobody is slow: the grades alone take it back, with both means in the reason, in the command's
    and the console's rows; and the decision replays to the same byte."""
    with live.users(rate=60, units=5000) as users, judged(live, users) as said:
        id = live.release(live.push("You are a careless shop."))
        release = live.stack.wait_release(id, "rolled_back", within_s=60)
    assert {answer.status for answer in users.answers} == {200}
    assert {status for status, _ in said} == {202}
    assert re.search(r"correctness was 0\.[34]\d* .*against 0\.[89]\d* ", release["reason"]), release["reason"]
    assert "points lower on a scale of 100" in release["reason"]
    assert [action for action in live.actions(id) if action.startswith("tick:")] == [
        "tick:release:roll_back",
        "tick:incident:open",
        "tick:release:confirm",
    ]
    [found] = live.api("GET", f"/releases/{id}")["standing"]["evidence"]
    assert (found["metric"], found["kind"], found["culprit"]) == (METRIC, "score", True)
    assert found["candidate_value"] == pytest.approx(0.4, abs=0.05)
    assert found["control_value"] == pytest.approx(0.9, abs=0.05)
    means = [f"{found[name]:.3g}" for name in ("candidate_value", "control_value")]
    status = live.run_cli("release", "status", id)
    assert status.returncode == 0, status.stderr
    assert re.search(rf"{METRIC}\s+{means[0]}\s+{means[1]}", status.stdout), status.stdout
    row = re.search(r"<tr[^>]*>(?:(?!</tr>).)*[Cc]orrectness.*?</tr>", console_page(live, f"/releases/{id}"), re.DOTALL)
    assert row
    assert all(mean in row[0] for mean in means), row[0]
    assert live.cli("replay", id)["identical"]
