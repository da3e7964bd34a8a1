"""Who stays where while a share grows: units in their arm, conversations on their version, until a rollback."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.process.live_rig import APP, Live, plan

pytestmark = pytest.mark.process
TALKS = 60
STEPS = [{"share": 0.2, "dwell_s": 1, "min_units": 40}, {"share": 0.5, "dwell_s": 600}, {"share": 1.0, "dwell_s": 600}]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """A running Serinus; its first step is left when enough units have come."""
    with Live(tmp_path) as made:
        yield made.start(plan(steps=STEPS), control=("--period-s", "0.2"))


class Talk:
    """A conversation through the official client, which hands the token back."""

    def __init__(self, client: openai.OpenAI, unit: str) -> None:
        self._client = client
        self._unit = unit
        self._token = ""
        self.arms: list[str] = []
        self.versions: list[str] = []

    def turn(self) -> Talk:
        """One more turn; what its answer told is noted."""
        answer = self._client.chat.completions.with_raw_response.create(
            model=APP,
            user=self._unit,
            messages=[{"role": "user", "content": f"Turn {len(self.arms)}"}],
            extra_headers={"x-serinus-conversation": self._token} if self._token else {},
        )
        assert answer.parse().choices[0].finish_reason == "stop"
        self._token = answer.headers["x-serinus-conversation"]
        self.arms.append(answer.headers["x-serinus-arm"])
        self.versions.append(answer.headers["x-serinus-version"])
        return self


def test_H1_units_stay_in_their_arm_and_conversations_on_their_version(live: Live) -> None:
    """Shares grow from 20 to 50 %: nobody compared changes arms, and a conversation goes on with the version it began
    with, while new ones of the same users meet the candidate. A rollback switches all of them at their next turn."""
    url = f"http://127.0.0.1:{live.port}/v1"
    with openai.OpenAI(api_key=live.key, base_url=url, max_retries=0) as client:
        id = live.release(live.push("You are a kind shop."))
        candidate = live.stack.release(id)["candidate"]["digest"]
        baseline = live.stack.release(id)["control"]["digest"]

        strangers = itertools.count()

        def met() -> set[str]:
            """Arms of some people who were never here before."""
            return {Talk(client, f"stranger-{next(strangers)}").turn().arms[0] for _ in range(5)}

        assert live.stack.wait(lambda: "candidate" in met())
        talks = [Talk(client, f"talk-{n}").turn() for n in range(TALKS)]
        assert live.stack.release(id)["step"] == 0
        assert {talk.arms[0] for talk in talks} == {"candidate", "control", "rest"}
        with live.users(rate=100, units=3000) as users:
            assert live.stack.wait(lambda: live.stack.release(id)["step"] == 1, 60)
            newest = live.revision()
            assert live.stack.wait(lambda: live.all_follow(newest))
            for talk in talks:
                talk.turn()
            anew = {talk: Talk(client, f"talk-{n}").turn().arms[0] for n, talk in enumerate(talks)}
            stepped = list(users.answers)
        live.api("POST", f"/releases/{id}/rollback", {"reason": "test"})
        live.stack.wait_release(id, "rolled_back")
        for talk in talks:
            talk.turn()
    for talk in talks:
        assert talk.arms[0] == talk.arms[1]
        assert talk.versions[0] == talk.versions[1] == (candidate if talk.arms[0] == "candidate" else baseline)
        assert (talk.arms[2], talk.versions[2]) == ("rest", baseline)
    assert all(anew[talk] == talk.arms[0] for talk in talks if talk.arms[0] != "rest")
    assert {anew[talk] for talk in talks if talk.arms[0] == "rest"} == {"candidate", "control"}
    moves: defaultdict[str, list[str]] = defaultdict(list)
    for answer in sorted(stepped, key=lambda answer: answer.sent_ns):
        if answer.arm not in moves[answer.unit][-1:]:
            moves[answer.unit].append(answer.arm)
    assert {tuple(told) for told in moves.values()} <= {
        ("rest",), ("candidate",), ("control",), ("rest", "candidate"), ("rest", "control"),
    }  # fmt: skip
