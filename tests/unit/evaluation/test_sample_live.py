"""Live judges get a sample by the hash of the call, of both arms alike, each call once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from serinus.core.ids import RELEASE, id_text
from serinus.core.pipeline.app import AppConfig
from serinus.core.routing.assignment import Arm
from tests.unit.evaluation.courtroom import APP, LIVE, NOON_US, PASS, RAW_RELEASE, Room, call, config, in_sample

CANDIDATE, CONTROL = int(Arm.CANDIDATE), int(Arm.CONTROL)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_I2_a_share_of_the_calls_is_sampled_by_the_hash_of_their_ids(room: Room) -> None:
    """Exactly those whose hash lies below the share, whichever files they come in."""
    calls = [call(number) for number in range(400)]
    room.keep(calls[:250])
    first = room.sample()
    room.keep(calls[250:])
    assert first + room.sample() == len(in_sample(calls, 0.1))
    assert [raw for raw, state in zip(calls, room.states(calls), strict=True) if state] == in_sample(calls, 0.1)


def test_I2_nothing_is_looked_at_twice_and_nothing_forgotten(room: Room) -> None:
    """By two workers, by one that starts anew, and after files were gathered into one."""
    calls = [call(number) for number in range(300)]
    for start in range(0, 300, 15):
        room.keep(calls[start : start + 15])  # the sixteenth file gathers all before it
        if start % 45 == 0:
            room.sample()
    again = Room(room.folder)
    again.store, again.sampler = room.store, type(room.sampler)(room.store, again.texts)
    assert room.sample() + again.sample() > 0
    assert (room.sample(), again.sample()) == (0, 0)
    assert [raw for raw in calls if room.found(raw)] == in_sample(calls, 0.1)


def test_I2_both_arms_are_raised_alike_until_each_has_enough_in_the_hour(room: Room) -> None:
    """All kept texts of both arms, until the smaller arm has its number; then the share again, for both. Calls outside
    the comparison stay at the share, and the next hour begins anew."""
    app = config(msgspec.structs.replace(LIVE, at_least=10), payload_share=0.5)
    candidates = [call(n, CANDIDATE, release=RAW_RELEASE) for n in range(0, 300, 3)]
    controls = [call(n, CONTROL, release=RAW_RELEASE) for n in range(1, 600, 3)]
    others = [call(n) for n in range(2, 300, 3)]
    kept = sorted(in_sample([*candidates, *controls, *others], 0.5))
    room.keep(kept)
    room.sample(app=app)
    wanted, had = set(in_sample(others, 0.1)), {CANDIDATE: 0, CONTROL: 0}
    for raw in (raw for raw in kept if raw not in set(others)):
        if min(had.values()) < 10 or in_sample([raw], 0.1):
            wanted.add(raw)
            had[raw[28]] += 1
    assert {raw for raw in kept if room.found(raw)} == wanted
    assert min(had.values()) >= 10
    assert len(wanted) < len(kept) / 2
    later = in_sample([call(n, CANDIDATE, hour=1, release=RAW_RELEASE) for n in range(20)], 0.5)
    room.now_us += 3_600_000_000
    room.keep(later)
    room.sample(app=app)
    assert all(room.states(later))


def test_I2_what_comes_to_nothing_does_not_count_towards_the_floor(room: Room) -> None:
    """Both arms are raised again in the same hour for as many as were judged in vain, until each has its number of
    grades, however much smaller one arm is; what only waits counts already."""
    app = config(msgspec.structs.replace(LIVE, at_least=10, share=1e-9), payload_share=1.0)
    room.live = app.live_judges[0]
    candidates = [call(n, CANDIDATE, release=RAW_RELEASE) for n in range(0, 400, 4)]
    controls = [call(n, CONTROL, release=RAW_RELEASE) for n in range(1, 400, 2)]

    def arrive(first: int, last: int) -> list[int]:
        fresh = sorted([*candidates[first:last], *controls[2 * first : 2 * last]])
        room.keep(fresh)
        room.sample(app=app)
        return [sum(bool(room.found(raw)) for raw in arm) for arm in (candidates, controls)]

    assert arrive(0, 20) == [10, 18]
    assert arrive(20, 40) == [10, 18]
    room.world.provider.says = lambda _: "I would rather not say."
    while asyncio.run(room.ask().judge(lambda _: False)):
        pass
    assert arrive(40, 60) == [20, 36]
    room.world.provider.says = lambda _: PASS
    while asyncio.run(room.ask().judge(lambda _: False)):
        pass
    assert arrive(60, 100) == [20, 36]
    scored = [room.states(arm).count("scored") for arm in (candidates, controls)]
    assert scored == [10, 18]


def test_H13_a_first_release_has_no_control_to_wait_for(room: Room) -> None:
    """Its candidate alone counts."""
    app = config(msgspec.structs.replace(LIVE, at_least=5, share=0.0001))
    calls = [call(n, CANDIDATE, release=RAW_RELEASE) for n in range(30)]
    room.keep(calls)
    room.sample(app=app, alone=[id_text(RELEASE, RAW_RELEASE)])
    assert room.states(calls).count("waiting") == 5


def test_I2_copies_in_shadow_are_no_live_answers(room: Room) -> None:
    """Nobody saw them."""
    copies = in_sample([call(n, int(Arm.SHADOW), release=RAW_RELEASE) for n in range(100)], 0.1)
    assert copies
    room.keep(copies)
    assert room.sample() == 0


def test_I2_texts_that_come_a_day_late_are_not_judged_any_more(room: Room) -> None:
    """Nor those of an app without judges."""
    calls = in_sample([call(number) for number in range(100)], 0.1)
    room.keep(calls)
    assert room.sample(app=AppConfig(name=APP)) == 0
    room.now_us = NOON_US + 25 * 3_600_000_000
    assert room.sample() == 0
