"""Scores add up by minute and arm, each answer once for each metric, whatever is sent how often (I2, J1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from serinus.core.records.record import Score
from serinus.core.records.score_sums import ScoreSum
from serinus.ports.score_sums import ArmScores
from tests.fake_workers import begin, end, raw_call
from tests.unit.agent.world import RELEASE_ID, World

METRIC = "judge.correctness"
ALWAYS = (0, 2**60)


def score(world: World, call: bytes, value: float, metric: str = METRIC, key: str = "k") -> Score:
    """What somebody gives an answer."""
    return Score(call, world.clock.now_us(), metric, round(value * 1e6), "feedback", key, "support-bot")


def sums(world: World, metric: str = METRIC) -> ArmScores:
    """All that was added up of the release."""
    with world.store.tx() as tx:
        return tx.score_sums_of({RELEASE_ID}, {metric}, *ALWAYS).get(RELEASE_ID, {})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_J1_scores_add_up_by_arm(world: World) -> None:
    """Count, sum and sum of squares, as shares of the scale; of a rating from 1 to 5 a 4 is three quarters."""
    worker = world.worker()
    for number, (arm, value) in enumerate([(1, 0.5), (1, 1.0), (2, 0.25)]):
        call = raw_call(number, arm=arm)
        worker.write(begin(call, world.clock), end(call, world.clock), score(world, call, value))
    worker.write(score(world, raw_call(0, arm=1), 4, "feedback.rating"))
    world.round()
    assert sums(world) == {(METRIC, 1): ScoreSum(2, 1_500_000, 1_250_000), (METRIC, 2): ScoreSum(1, 250_000, 62_500)}
    assert sums(world, "feedback.rating") == {("feedback.rating", 1): ScoreSum(1, 750_000, 562_500)}


def test_J1_an_answer_counts_once_whoever_says_it_how_often(world: World) -> None:
    """The first score of a call and metric: not a retry, not a second judge, not after a restart of the agent."""
    worker, other = world.worker(1), world.worker(2)
    call = raw_call(1, arm=1)
    worker.write(begin(call, world.clock), end(call, world.clock), score(world, call, 0.5))
    worker.write(score(world, call, 0.5), score(world, call, 0.9, key="second"))
    world.round()
    world.start_agent()
    other.write(score(world, call, 1.0, key="third"))
    world.round()
    assert sums(world) == {(METRIC, 1): ScoreSum(1, 500_000, 250_000)}


def test_J1_what_is_on_no_scale_or_no_score_adds_nothing(world: World) -> None:
    """A writer that checks less than the gateway stops nothing (bad input)."""
    worker, call = world.worker(), raw_call(1, arm=1)
    worker.write(begin(call, world.clock), end(call, world.clock))
    worker.write(score(world, call, 1.5), score(world, call, -0.1), score(world, call, 1, "feedback.escalated"))
    world.round()
    assert (sums(world), sums(world, "feedback.escalated")) == ({}, {})


def test_I_a_score_counts_in_the_minute_in_which_it_came(world: World) -> None:
    """Not in that of its call, which may be long over."""
    worker, call = world.worker(), raw_call(1, arm=1)
    worker.write(begin(call, world.clock), end(call, world.clock))
    world.round()
    world.clock.advance(3600)
    now_us = world.clock.now_us()
    worker.write(score(world, call, 1.0))
    world.round()
    minute_us = now_us - now_us % 60_000_000
    with world.store.tx() as tx:
        assert tx.score_sums_of({RELEASE_ID}, {METRIC}, 0, minute_us) == {}
        found = tx.score_sums_of({RELEASE_ID}, {METRIC}, minute_us, minute_us + 60_000_000)
        of_app = tx.app_score_sums("support-bot", {METRIC}, *ALWAYS)
    assert found == {RELEASE_ID: {(METRIC, 1): ScoreSum(1, 1_000_000, 1_000_000)}}
    assert of_app == found[RELEASE_ID]
