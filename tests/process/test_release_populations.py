"""Who is exposed first, with real processes: internal users, then everyone; who opted in, besides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import openai
import pytest

from serinus.adapters.clock import system_random
from serinus.adapters.stores import open_stores
from serinus.core.records.sums import ENROLLED
from tests.process.live_rig import APP, Live, plan

pytestmark = pytest.mark.process
COUNT = 40
INTERNAL = {"when": {"kind": "is", "name": "staff", "values": [True]}, "size": 0.02, "name": "internal"}
STEPS = [
    {"share": 0.1, "dwell_s": 1, "min_units": 30, "population": INTERNAL, "opted_in": ["beta"]},
    {"share": 0.5, "dwell_s": 600},
    {"share": 1.0, "dwell_s": 600},
]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """A running Serinus; its first step is left when enough internal users have come."""
    with Live(tmp_path) as made:
        yield made.start(
            plan(steps=STEPS),
            control=("--period-s", "0.2"),
            attributes=["header", "metadata"],
            opted_in={"beta": ["friend"]},
        )


class Talk:
    """A conversation through the official client, which sends who calls with the first turn only."""

    def __init__(self, client: openai.OpenAI, unit: str, staff: bool = False) -> None:
        self._client = client
        self._unit = unit
        self._token = ""
        self._attributes = json.dumps({"staff": staff})
        self.turns: list[tuple[str, str]] = []

    def turn(self) -> Talk:
        """One more turn; the arm and version of its answer are noted."""
        headers = {"x-serinus-attributes": self._attributes}
        if self._token:
            headers = {"x-serinus-conversation": self._token}
        answer = self._client.chat.completions.with_raw_response.create(
            model=APP,
            user=self._unit,
            messages=[{"role": "user", "content": f"Turn {len(self.turns)}"}],
            extra_headers=headers,
        )
        self._token = answer.headers["x-serinus-conversation"]
        self.turns.append((answer.headers["x-serinus-arm"], answer.headers["x-serinus-version"]))
        return self

    @property
    def arm(self) -> str:
        """The arm of the newest turn."""
        return self.turns[-1][0]


def talks(client: openai.OpenAI, name: str, staff: bool = False, people: int = COUNT) -> list[Talk]:
    """First turns of conversations, each of a user of its own."""
    return [Talk(client, f"{name}-{number}", staff).turn() for number in range(people)]


def test_A1_internal_users_first_then_everyone_and_who_opted_in_besides(live: Live) -> None:
    """Step 1 exposes internal users alone, half of them (H14); step 2 everyone, and nobody changes sides. Who opted in
    gets the candidate all along, outside the comparison, and a conversation keeps its version whatever its user says
    of itself later."""
    url = f"http://127.0.0.1:{live.port}/v1"
    with openai.OpenAI(api_key=live.key, base_url=url, max_retries=0) as client:
        id = live.release(live.push("You are a kind shop."))
        candidate = live.stack.release(id)["candidate"]["digest"]
        assert live.stack.wait(lambda: Talk(client, "friend").turn().arm == "candidate")
        friend = Talk(client, "friend").turn()
        assert friend.turns == [("candidate", candidate)]
        outside = talks(client, "outside")
        assert {talk.arm for talk in outside} == {"rest"}
        inside = talks(client, "staff", staff=True)
        assert {talk.arm for talk in inside} == {"candidate", "control"}

        numbers = count()

        def stepped() -> bool:
            talks(client, f"more-{next(numbers)}", staff=True, people=10)
            return bool(live.stack.release(id)["step"] == 1)

        assert live.stack.wait(stepped, 60)
        newest = live.revision()
        assert live.stack.wait(lambda: live.all_follow(newest))
        for talk in (*inside, *outside, friend):
            talk.turn()
        anew = {talk: Talk(client, f"outside-{n}").turn().arm for n, talk in enumerate(outside)}
        kept = [Talk(client, f"staff-{n}", staff=True).turn().arm for n in range(COUNT)]
        assert live.stack.wait(lambda: 1 in enrolled(live, id))
        units = enrolled(live, id)
        query = f"/calls?release={id}&user=friend&arm=candidate&limit=50"
        assert live.stack.wait(lambda: len(live.api("GET", query)["items"]) >= 3)
        calls = live.api("GET", query)["items"]
        live.api("POST", f"/releases/{id}/rollback", {"reason": "test"})
        live.stack.wait_release(id, "rolled_back")
        for talk in (*inside, friend):
            talk.turn()
    assert all(talk.turns[0] == talk.turns[1] for talk in (*inside, *outside, friend))
    assert set(anew.values()) == {"candidate", "control"}
    assert kept == [talk.turns[0][0] for talk in inside]
    assert {talk.arm for talk in inside} | {friend.arm} == {"rest"}
    assert {call["stratum"] for call in calls} == {-1}
    assert units.keys() == {0, 1}
    assert units[0] >= COUNT


def enrolled(live: Live, id: str) -> dict[int, int]:
    """Enrolled units of both arms by stratum."""
    control, telemetry = open_stores(live.stack.store, now_us=live.clock.now_us, random_bytes=system_random)
    try:
        with telemetry.tx() as tx:
            sums = tx.sums(id)
    finally:
        control.close()
        telemetry.close()
    found: dict[int, int] = {}
    for key, value in sums:
        if key.metric == ENROLLED:
            found[key.stratum] = found.get(key.stratum, 0) + value.total
    return found
