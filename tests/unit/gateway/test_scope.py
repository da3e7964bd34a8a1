"""Populations and opted-in units: found at the first turn, kept for the conversation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serinus.core.routing import conversation
from serinus.core.routing.assignment import Arm, RampPoint
from serinus.core.routing.predicate import AllOf, Condition, Predicate
from serinus.core.routing.snapshot import App, Release
from serinus.core.wire.refusal import Refusal
from serinus.gateway.conversations import noted, recalled
from tests.unit.gateway.test_admission import CANDIDATE, LIVE, Door

STAFF = 'x-serinus-attributes: {"staff": true}'
INTERNAL = Condition(name="staff", values=(True,))
COMPARED = {Arm.CANDIDATE, Arm.CONTROL}
ONE = (RampPoint(revision=1, step=0, share=0.5),)
BOTH = (*ONE, RampPoint(revision=3, step=1, share=0.2))


def app(populations: tuple[Predicate | None, ...] | None = None, **changes: Any) -> dict[str, App]:
    """The app in a release whose first step is for internal users, and its second for everyone."""
    ramp = changes.pop("ramp", ONE)
    forced = changes.pop("forced", ())
    release = Release(
        id="rel_" + "ab" * 16,
        salt="s",
        candidate=CANDIDATE,
        control=LIVE,
        ramp=ramp,
        forced=forced,
        populations=(INTERNAL,) if populations is None else populations,
    )
    values: dict[str, Any] = {"attributes": ("header", "metadata"), "unit": "request"} | changes
    return {"app": App(name="app", live=LIVE, release=release, **values)}


def arms(door: Door, *headers: str, **fields: Any) -> set[Arm]:
    """The arms of thirty users' first turns."""
    return {door.admit(*headers, user=f"u{n}", **fields).arm for n in range(30)}


def test_A1_only_whom_the_step_means_takes_part() -> None:
    """Both arms of internal users, none of all others, whose attributes say otherwise or nothing."""
    door = Door(apps=app())
    assert arms(door, STAFF) == COMPARED
    assert arms(door) == arms(door, 'x-serinus-attributes: {"staff": 1}') == {Arm.REST}
    assert {door.admit(STAFF, user=f"u{n}").stratum for n in range(30)} == {0}


def test_A1_attributes_come_from_the_header_or_the_metadata_whichever_is_declared() -> None:
    """In metadata as an object or as JSON text, for clients that send texts only; the first source counts first."""
    door = Door(apps=app())
    for given in ({"staff": True}, '{"staff": true}'):
        assert arms(door, metadata={"attributes": given}) == COMPARED
    assert arms(door, 'x-serinus-attributes: {"staff": false}', metadata={"attributes": {"staff": True}}) == {Arm.REST}
    deaf = Door(apps=app(attributes=("metadata",)))
    assert arms(deaf, STAFF) == {Arm.REST}


@pytest.mark.parametrize(
    ("headers", "fields", "param"),
    [
        (("x-serinus-attributes: staff",), {}, "x-serinus-attributes"),
        (("x-serinus-attributes: [1]",), {}, "x-serinus-attributes"),
        (('x-serinus-attributes: {"a": null}',), {}, "x-serinus-attributes"),
        (('x-serinus-attributes: {"a": "' + "x" * 5000 + '"}',), {}, "x-serinus-attributes"),
        ((), {"metadata": {"attributes": 7}}, "metadata.attributes"),
        ((), {"metadata": {"attributes": "no"}}, "metadata.attributes"),
    ],
)
def test_A1_bad_attributes_are_a_clear_400(headers: tuple[str, ...], fields: dict[str, Any], param: str) -> None:
    """Also without a release: callers learn of it before one needs them."""
    declared = App(name="app", live=LIVE, attributes=("header", "metadata"))
    for door in (Door(apps=app()), Door(apps={"app": declared})):
        with pytest.raises(Refusal) as refused:
            door.admit(*headers, user="ann", **fields)
        assert (refused.value.status, refused.value.code) == (400, "invalid_attributes")
        assert refused.value.param == param
        assert refused.value.mend


def test_H14_a_population_over_the_first_turn_is_decided_there() -> None:
    """Length, number of messages and tools: a long second turn changes nothing, with our token or a session id."""
    simple = AllOf(
        of=(
            Condition(about="turn", name="chars", op="at_most", values=(10,)),
            Condition(about="turn", name="messages", op="at_most", values=(1,)),
            Condition(about="turn", name="has_tools", values=(False,)),
        )
    )
    door = Door(apps=app((simple,)))
    short = [{"role": "user", "content": "hi"}]
    parts = [{"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url"}]}]
    long = [{"role": "user", "content": "a much longer question"}]
    assert arms(door, messages=short) == arms(door, messages=parts) == COMPARED
    assert arms(door, messages=long) == arms(door, messages=short * 2) == {Arm.REST}
    assert arms(door, messages=short, tools=[{"type": "function"}]) == {Arm.REST}
    for number in range(30):
        first = door.admit(user=f"u{number}", messages=short)
        later = door.admit(f"x-serinus-conversation: {first.token}", user=f"u{number}", messages=short + long)
        assert (later.arm, later.stratum, later.token) == (first.arm, first.stratum, first.token)
        began, went_on = (
            door.admit(user=f"u{number}", messages=messages, metadata={"session_id": "s"})
            for messages in (short, short + long)
        )
        assert (went_on.arm, went_on.token) == (began.arm, began.token)


def test_H1_a_conversation_stays_outside_when_the_population_widens_and_a_new_one_joins() -> None:
    """Its token says that no step held it at its start."""
    before, after = Door(apps=app(), revision=2), Door(apps=app(ramp=BOTH), revision=3)
    joined = 0
    for number in range(60):
        first = before.admit(user=f"u{number}")
        assert first.arm is Arm.REST
        kept = after.admit(f"x-serinus-conversation: {first.token}", user=f"u{number}")
        assert (kept.arm, kept.stratum) == (Arm.REST, -1)
        anew = after.admit(user=f"u{number}")
        joined += anew.arm is not Arm.REST
        assert anew.stratum == (1 if anew.arm in COMPARED else -1)
        inside = before.admit(STAFF, user=f"u{number}")
        still = after.admit(f"x-serinus-conversation: {inside.token}", user=f"u{number}")
        assert (still.arm, still.stratum) == (inside.arm, 0)
    assert 10 < joined < 40


def test_A1_opted_in_units_get_the_candidate_and_are_not_compared() -> None:
    """From the next conversation on: one under way keeps its version, and stays when its unit has opted out."""
    before = Door(apps=app(), revision=2)
    listed = Door(apps=app(forced=("ann",)), revision=3)
    after = Door(apps=app(), revision=4)
    old = before.admit(user="ann")
    assert listed.admit(f"x-serinus-conversation: {old.token}", user="ann").arm is Arm.REST
    call = listed.admit(user="ann")
    assert (call.arm, call.stratum, call.version.digest.hex()) == (Arm.CANDIDATE, -1, CANDIDATE)
    kept = after.admit(f"x-serinus-conversation: {call.token}", user="ann")
    assert (kept.arm, kept.stratum) == (Arm.CANDIDATE, -1)
    assert after.admit(user="ann").arm is Arm.REST


def test_a_place_of_an_earlier_release_is_worth_nothing_in_the_next() -> None:
    """Its conversation began before the ramp."""
    old, new = (
        Door(apps=app(), revision=2),
        Door(apps=app(ramp=(RampPoint(revision=5, step=0, share=0.5),)), revision=5),
    )
    for number in range(30):
        token = old.admit(STAFF, user=f"u{number}").token
        assert new.admit(f"x-serinus-conversation: {token}", STAFF, user=f"u{number}").arm is Arm.REST


def test_a_token_without_a_place_counts_for_everyone_steps_only() -> None:
    """It was issued before anything was asked of a first turn, which is not guessed afterwards."""
    door = Door(apps=app(ramp=BOTH), revision=3)
    found = set()
    for number in range(60):
        first = door.admit(user=f"u{number}")
        token = conversation.issue_by(first.app.conversation_mac, first.unit_hash, 3, bytes(5))
        found.add(door.admit(f"x-serinus-conversation: {token}", STAFF, user=f"u{number}").stratum)
    assert found == {-1, 1}


def test_without_populations_a_token_is_of_format_1() -> None:
    """Byte for byte as before: a host that is not upgraded yet can read it."""
    plain = Door()
    plain.routes.apps["app"].scope = None
    token = plain.admit(user="ann").token
    assert len(token) == conversation.TOKEN_CHARS
    assert conversation.read(plain.routes.mac_key, "app", token).place is None


def test_units_are_keys_where_the_cohort_rule_says_so() -> None:
    """Whatever user a call names: all calls of a key are one unit; those of another key another."""
    door = Door(apps=app((), unit="api_key"))
    assert len({door.admit(user=f"u{n}").unit_hash for n in range(5)}) == 1


def test_units_are_cache_keys_where_the_cohort_rule_says_so() -> None:
    """And a call without one is refused, unless it belongs to a session."""
    door = Door(apps=app((), unit="prompt_cache_key"))
    same = {door.admit(user=f"u{n}", prompt_cache_key="tenant-1").unit_hash for n in range(5)}
    assert len(same | {door.admit(prompt_cache_key="tenant-2").unit_hash}) == 2
    assert door.admit(metadata={"session_id": "s"}).unit_hash not in same
    with pytest.raises(Refusal) as refused:
        door.admit(user="ann")
    assert (refused.value.code, "prompt_cache_key" in refused.value.mend) == ("unit_missing", True)
    with pytest.raises(Refusal) as wrong:
        door.admit(prompt_cache_key=7)
    assert wrong.value.param == "prompt_cache_key"


@pytest.mark.parametrize("place", [None, 0, 99, 254, 255])
@pytest.mark.parametrize("started", [0, 1, 2**48 - 1])
def test_a_note_of_a_conversation_holds_start_and_place(started: int, place: int | None) -> None:
    """In 64 bits; without a place it is the start, as hosts have noted it before."""
    note = noted(started, place)
    assert recalled(note) == (started, place)
    assert note < 2**64
    assert place is not None or note == started


def test_json_in_the_header_may_be_any_language() -> None:
    """It is read as UTF-8 bytes."""
    door = Door(apps=app((Condition(name="city", values=("Zürich",)),)))
    assert arms(door, "x-serinus-attributes: " + json.dumps({"city": "Zürich"}, ensure_ascii=False)) == COMPARED
