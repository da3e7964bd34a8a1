"""Raising by people, and taking in what was raised beside the calls: once, and not more than people can answer."""

from __future__ import annotations

import pytest

from serinus.control import take_in_suspicions as taking
from serinus.control.raise_suspicion import raise_suspicion
from serinus.control.take_in_suspicions import AT_ONCE
from serinus.core.decision.decision import ENDING
from serinus.core.errors import InvalidInput
from serinus.core.records import call_id
from serinus.core.records.suspicion import VIOLATION
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from tests.unit.control.production import Production
from tests.unit.control.suspects import JUDGE, REVIEWER, RULED, a_call, all_of, answer, running, stored, suspect, told


def test_H4_a_person_who_suspects_pauses_at_once_and_the_same_again_is_one() -> None:
    """In the transaction that raises it, with the person's words; no round of the tick is needed."""
    world = running()
    call, now_us = call_id.text(a_call(world)), world.clock.now_us()
    one = raise_suspicion(world.control, now_us, JUDGE, call, VIOLATION, "", "<b>a dose</b>")
    release = world.release()
    assert release.state is State.PAUSED
    assert release.reason.endswith("<b>a dose</b>")
    assert raise_suspicion(world.control, now_us, REVIEWER, call, VIOLATION) == one
    assert world.seconds(3).state is State.PAUSED
    assert len(all_of(world)) == 1


@pytest.mark.parametrize(
    ("call", "kind", "category", "where"),
    [
        ("call_x", VIOLATION, "", "call_id"),
        ("", VIOLATION, "", "call_id"),
        (None, "hunch", "", "kind"),
        (None, VIOLATION, "Big Words", "category"),
    ],
)
def test_a_person_can_only_suspect_a_call_of_this_project(
    call: str | None, kind: str, category: str, where: str
) -> None:
    """Each refusal names its field, and nothing is paused."""
    world = running()
    given = call_id.text(a_call(world)) if call is None else call
    with pytest.raises(InvalidInput) as refused:
        raise_suspicion(world.control, 1, JUDGE, given, kind, category)
    assert refused.value.where == where
    assert world.release().state is State.RUNNING


def test_a_call_of_another_project_is_foreign() -> None:
    """Its proof was made with another key."""
    world, other = running(), Production(RULED, seed=2)
    other.start()
    with pytest.raises(InvalidInput, match="not a call id of this project"):
        raise_suspicion(world.control, 1, JUDGE, call_id.text(a_call(other)), VIOLATION)


def test_H7_taking_in_twice_is_taking_in_once() -> None:
    """A control that dies between taking in and forgetting leaves its work to be done again, to the same end."""
    world = running()
    raw = a_call(world)
    suspect(world, raw)
    world.second()
    audited = world.audit()
    suspect(world, raw)
    world.second()
    new = world.audit()[len(audited) :]
    assert [action for action, _ in new if "suspicion" in action] == []


def test_a_flood_holds_so_many_at_a_time_and_is_told_once_a_minute() -> None:
    """What is beyond waits to be taken in until some are answered; the app's other suspicions are not kept waiting."""
    world = running()
    for number in range(AT_ONCE + 5):
        suspect(world, a_call(world, number))
    world.second()
    late = [suspect(world, a_call(world, number)) for number in range(1000, 1003)]
    live = suspect(world, a_call(world, 2000, arm=Arm.CONTROL))
    world.second()
    assert told(world).count("suspect") == 0
    assert stored(world, live).holds is False
    assert len(all_of(world)) == AT_ONCE + 1
    for one in [one for one in all_of(world) if one.holds][:20]:
        answer(world, one.id, "dismissed")
    world.second()
    assert {one.id for one in all_of(world)} >= set(late)
    assert world.release().state is State.PAUSED


def test_H4_a_second_judge_confirms_in_a_flood_too() -> None:
    """Its word needs no room among those that wait: the release rolls back in the next round."""
    world = running()
    raws = [a_call(world, number) for number in range(AT_ONCE + 30)]
    for raw in raws:
        suspect(world, raw)
    assert world.second().state is State.PAUSED
    asked = next(one for one in all_of(world) if one.holds)
    suspect(world, next(raw for raw in raws if call_id.text(raw) == asked.call), by="guard-2")
    assert world.second().state in ENDING
    assert stored(world, asked.id).by == ("classifier", "guard-2")


def test_H4_a_live_version_is_told_of_without_any_release() -> None:
    """Once a minute at most, whatever the classifier says."""
    world = Production()
    for number in range(3):
        raw = call_id.make(
            bytes.fromhex(_mac(world)), b"shop", 1, number.to_bytes(5, "big"), bytes(16), Arm.REST, -1, bytes(8)
        )
        suspect(world, raw)
        world.tick.once()
        world.clock.sleep(1)
    assert told(world).count("suspect_live") == 1
    assert [(one.release, one.holds) for one in all_of(world)] == [("", False)] * 3


def test_one_round_takes_in_so_many_and_the_next_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """No round grows with what callers send."""
    world = running()
    monkeypatch.setattr(taking, "BATCH", 2)
    for number in range(5):
        suspect(world, a_call(world, number))
    counts = []
    for _ in range(3):
        world.second()
        counts.append(len(all_of(world)))
    assert counts == [2, 4, 5]


def _mac(world: Production) -> str:
    with world.control.tx() as tx:
        return tx.secrets().mac_key
