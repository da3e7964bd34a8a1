"""Labels of units are shipped exactly once, whatever order their records come in."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from serinus.agent.ship import Shipper
from serinus.core.records.categories import MOST
from serinus.core.records.labels import AwaitedUnit, Label
from serinus.core.records.record import Score
from tests.fake_workers import FakeWorker, begin, end, raw_call
from tests.unit.agent.world import RELEASE_ID, World

METRIC = "judge.correctness"


class Awaiting(World):
    """A world whose release awaits correctness and thumbs."""

    def start_agent(self) -> Shipper:
        awaited = {RELEASE_ID: frozenset({METRIC, "feedback.thumbs_down", "feedback.escalated", "feedback.rating"})}
        self.shipper = Shipper(
            "host-1", self.host, self.store, self.log, self.clock, self.settings, awaiting=lambda: awaited
        )
        return self.shipper

    def rows(self, metric: str = METRIC) -> list[AwaitedUnit]:
        with self.store.tx() as tx:
            return tx.awaited(RELEASE_ID, metric, (-1, b""), 2**60, 1000)

    def score(self, call: bytes, value: float, metric: str = METRIC) -> Score:
        return Score(call, self.clock.now_us(), metric, round(value * 1e6), "feedback", "k", "support-bot")


@pytest.fixture
def world(tmp_path: Path) -> Awaiting:
    return Awaiting(tmp_path)


def _call(world: Awaiting, worker: FakeWorker, number: int, arm: int = 1) -> bytes:
    call = raw_call(number, arm=arm)
    worker.write(begin(call, world.clock), end(call, world.clock))
    return call


def test_T43_a_unit_is_awaited_from_its_first_call_on_and_labelled_once(world: Awaiting) -> None:
    """Exposed at the time of its call; the first label counts, in millionths, the second changes nothing."""
    worker = world.worker()
    call = _call(world, worker, 1)
    world.round()
    assert [(row.exposed_at_us, row.label) for row in world.rows()] == [(int.from_bytes(call[1:7], "big") * 1000, None)]
    world.clock.advance(5)
    at_us = world.clock.now_us()
    worker.write(world.score(call, 0.25))
    world.round()
    world.start_agent()
    worker.write(world.score(call, 1.0))
    world.round()
    assert [row.label for row in world.rows()] == [Label(at_us, 250_000)]


def test_T43_a_label_that_comes_before_its_call_enrols_the_unit(world: Awaiting) -> None:
    """Another host may ship the score first."""
    first, second = world.worker(1), world.worker(2)
    call = raw_call(1, arm=2)
    second.write(world.score(call, 1.0))
    world.round()
    first.write(begin(call, world.clock), end(call, world.clock))
    world.round()
    assert [(row.arm, row.label and row.label.value) for row in world.rows()] == [(2, 1_000_000)]
    assert world.sums() == {("enrolled", 0, 2): 1}


def test_T43_what_is_on_no_scale_is_no_label(world: Awaiting) -> None:
    """A writer that checks less than the gateway labels nobody, and stops nothing (bad input)."""
    worker = world.worker()
    calls = [_call(world, worker, number) for number in range(4)]
    for call, value in zip(calls, (-1, 2**70, 1_000_001, 1_000_000), strict=True):
        worker.write(Score(call, world.clock.now_us(), METRIC, min(value, 2**63 - 1), "judge", "k", "support-bot"))
    world.round()
    assert sorted(row.label.value for row in world.rows() if row.label) == [1_000_000]
    assert len(world.rows()) == 4


def test_T28_thumbs_ratings_and_ends_are_labels_too(world: Awaiting) -> None:
    """Thumbs up says that it was not down; that a conversation was resolved says that nobody was handed over."""
    worker = world.worker()
    up, resolved, rated = (_call(world, worker, number) for number in range(3))
    worker.write(world.score(up, 0, "feedback.thumbs_down"), world.score(resolved, 1, "feedback.resolved"))
    worker.write(world.score(rated, 4, "feedback.rating"))
    world.round()

    def values(metric: str) -> list[int]:
        return [row.label.value for row in world.rows(metric) if row.label]

    assert values("feedback.thumbs_down") == [0]
    assert values("feedback.escalated") == [0]
    assert values("feedback.rating") == [750_000]
    assert values(METRIC) == []


def test_T28_what_nobody_guards_is_not_awaited(tmp_path: Path) -> None:
    """A release without such guardrails has no row more."""
    world = World(tmp_path)
    worker = world.worker()
    call = raw_call(1)
    worker.write(begin(call, world.clock), Score(call, world.clock.now_us(), METRIC, 1, "feedback", "k", "support-bot"))
    world.round()
    with world.store.tx() as tx:
        assert tx.awaited(RELEASE_ID, METRIC, (-1, b""), 2**60, 10) == []


@pytest.mark.parametrize("seed", range(5))
def test_T43_any_order_of_shipping_leaves_the_same_rows(tmp_path: Path, seed: int) -> None:
    """Calls and scores through two workers, in any batches, with restarts of the agent: one row and label a unit."""
    world, rng = Awaiting(tmp_path), random.Random(seed)
    workers = [world.worker(1), world.worker(2)]
    calls = [raw_call(number, arm=1 + number % 2) for number in range(30)]
    writes = [(begin(call, world.clock), end(call, world.clock)) for call in calls]
    writes += [(world.score(call, 0.5),) for call in calls for _ in range(2)]
    rng.shuffle(writes)
    for records in writes:
        rng.choice(workers).write(*records)
        if rng.random() < 0.3:
            world.round()
        if rng.random() < 0.1:
            world.start_agent()
    world.round()
    rows = world.rows()
    assert len(rows) == 30
    assert {row.label.value for row in rows if row.label} == {500_000}
    assert all(row.label for row in rows)


def test_I_what_a_user_was_first_handed_over_for_counts_once(world: Awaiting) -> None:
    """Told twice, through two workers, for another reason: one user, one category. Without one it is untold."""
    first, second = world.worker(1), world.worker(2)
    told, untold = _call(world, first, 1), _call(world, first, 2)

    def handed(call: bytes, category: str, key: str) -> Score:
        return Score(
            call, world.clock.now_us(), "feedback.escalated", 1_000_000, "feedback", key, "support-bot", 0, category
        )

    first.write(handed(told, "refund", "a"), handed(told, "login", "b"))
    world.round()
    second.write(handed(told, "login", "c"), handed(untold, "What Ever\n", "d"))
    world.round()
    categories = {key[0]: total for key, total in world.sums().items() if key[0].startswith("escalated:")}
    assert categories == {"escalated:refund": 1, "escalated:untold": 1}


def test_names_without_end_are_counted_as_others(world: Awaiting) -> None:
    """A caller that sends the number of a case as its category fills no table; every user is counted once."""
    worker, users = world.worker(), MOST + 20
    for number in range(users):
        call = _call(world, worker, number)
        name = f"case-{number}" if number != MOST + 5 else "case-7"
        told = (world.clock.now_us(), "feedback.escalated", 1_000_000, "feedback", f"k{number}", "support-bot", 0, name)
        worker.write(Score(call, *told))
        world.round()
    found = {key[0].removeprefix("escalated:"): n for key, n in world.sums().items() if key[0].startswith("escalated:")}
    assert len(found) == MOST + 1
    assert (found["others"], found["case-7"], sum(found.values())) == (19, 2, users)
