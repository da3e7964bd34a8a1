"""Simulated users."""

from __future__ import annotations

from collections import Counter

from serinus.sim.queries import own_queries
from serinus.sim.users import Habits, Population, Turn


def turns(count: int, answered: bool, **habits: float) -> list[Turn]:
    """Turns of a population that gets its answers, or waits for ever."""
    population = Population(Habits(**habits), own_queries(), seed=1)  # type: ignore[arg-type]
    drawn = []
    for _ in range(count):
        turn = population.next_turn()
        drawn.append(turn)
        if answered:
            turn.talk.answered("token", "An answer.")
    return drawn


def test_who_asks_what_does_not_depend_on_answers() -> None:
    """Users, queries and streaming are the same whether answers come or not: the loop is open."""
    come, wait = turns(500, answered=True), turns(500, answered=False)
    for one, other in zip(come, wait, strict=True):
        assert (one.unit, one.query, one.stream, one.metadata) == (
            other.unit,
            other.query,
            other.stream,
            other.metadata,
        )


def test_A1_a_user_has_the_same_attributes_for_ever() -> None:
    """About a twentieth is staff; all regions and segments are there."""
    drawn = turns(4000, answered=True, users=400)
    known: dict[str, dict[str, str | bool]] = {}
    for turn in drawn:
        assert known.setdefault(turn.unit, turn.attributes) == turn.attributes
    assert 4 < sum(bool(one["staff"]) for one in known.values()) < 50
    assert len({one["region"] for one in known.values()}) == 4


def test_users_return_some_often_and_most_rarely() -> None:
    """The busiest of 100 users comes several times as often as the median one."""
    counts = sorted(Counter(turn.unit for turn in turns(5000, answered=True, users=100)).values())
    assert len(counts) == 100
    assert counts[-1] > 4 * counts[50]


def test_a_conversation_goes_on_with_its_token_and_messages() -> None:
    """A later turn carries all that was said."""
    drawn = turns(4000, answered=True, users=50)
    later = [turn for turn in drawn if turn.talk.turn > 1]
    assert later
    assert all(turn.talk.token == "token" for turn in later)
    alternating = [message["role"] for message in later[0].talk.messages[:4]]
    assert alternating == ["user", "assistant", "user", "assistant"][: len(alternating)]


def test_a_user_who_waits_begins_another_conversation() -> None:
    """No turn is added to a conversation whose last answer has not come."""
    assert all(turn.talk.turn == 1 for turn in turns(500, answered=False, users=5, go_on=1.0))


def test_a_failed_turn_leaves_no_trace_in_the_messages() -> None:
    """The next request has no question without an answer in it."""
    population = Population(Habits(users=1, go_on=1.0), own_queries(), seed=1)
    first = population.next_turn()
    first.talk.answered("", "")
    second = population.next_turn()
    assert [message["role"] for message in second.body("app")["messages"]] == ["user"]


def test_history_is_bounded_and_begins_with_a_question() -> None:
    """However long the conversation, a request has at most seven messages; its answer is the eighth."""
    last = turns(40, answered=True, users=1, go_on=1.0)[-1].talk.messages
    assert len(last) <= 8
    assert last[0]["role"] == "user"


def test_a_user_keeps_segment_and_region() -> None:
    """Attributes belong to the user, not to the call; each call has its own number."""
    drawn = turns(2000, answered=True, users=20)
    seen: dict[str, set[tuple[str, str]]] = {}
    for turn in drawn:
        seen.setdefault(turn.unit, set()).add((turn.metadata["segment"], turn.metadata["region"]))
    assert all(len(attributes) == 1 for attributes in seen.values())
    assert len({turn.metadata["sim_call"] for turn in drawn}) == len(drawn)
