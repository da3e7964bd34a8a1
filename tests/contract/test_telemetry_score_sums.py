"""Every telemetry store adds scores up by minute and arm, and reads a window of them."""

from __future__ import annotations

import pytest

from serinus.core.records.score_sums import ScoreKey, ScoreSum
from serinus.core.routing.assignment import Arm
from serinus.ports.telemetry_store import TelemetryStore
from tests.contract.values import BrokenOffError

METRIC = "judge.correctness"
MINUTE_US = 60_000_000
CANDIDATE, CONTROL = int(Arm.CANDIDATE), int(Arm.CONTROL)


def key(minute: int, arm: int = CANDIDATE, release: str = "rel_1", metric: str = METRIC, app: str = "desk") -> ScoreKey:
    """A minute's."""
    return ScoreKey(app=app, release=release, metric=metric, arm=arm, start_us=minute * MINUTE_US)


ONE = ScoreSum(1, 750_000, 562_500)


def test_I_scores_add_up_by_minute_and_arm(telemetry_store: TelemetryStore) -> None:
    """Within the window alone, each arm and metric by itself, whatever comes in how many batches."""
    with telemetry_store.tx() as tx:
        tx.add_score_sums({key(1): ONE, key(2): ONE, key(2, CONTROL): ScoreSum(2, 1_800_000, 1_620_000)})
    with telemetry_store.tx() as tx:
        tx.add_score_sums(
            {key(2): ONE, key(3): ONE, key(2, metric="judge.coherence"): ONE, key(2, release="rel_2"): ONE}
        )
        tx.add_score_sums({})
    with telemetry_store.tx() as tx:
        found = tx.score_sums_of({"rel_1", "rel_none"}, {METRIC}, 2 * MINUTE_US, 4 * MINUTE_US)
        both = tx.score_sums_of({"rel_1", "rel_2"}, {METRIC, "judge.coherence"}, 2 * MINUTE_US, 3 * MINUTE_US)
        assert tx.score_sums_of(set(), {METRIC}, 0, 9 * MINUTE_US) == {}
    assert found == {
        "rel_1": {
            (METRIC, CANDIDATE): ScoreSum(3, 2_250_000, 1_687_500),
            (METRIC, CONTROL): ScoreSum(2, 1_800_000, 1_620_000),
        }
    }
    assert both["rel_2"] == {(METRIC, CANDIDATE): ONE}
    assert both["rel_1"]["judge.coherence", CANDIDATE] == ONE


def test_I_the_scores_of_an_app_are_those_of_all_its_releases(telemetry_store: TelemetryStore) -> None:
    """And of no other app."""
    rest = int(Arm.REST)
    with telemetry_store.tx() as tx:
        tx.add_score_sums({key(1): ONE, key(1, release="rel_2"): ONE, key(2, rest, release=""): ONE})
        tx.add_score_sums({key(1, app="other", release="rel_3"): ONE})
    with telemetry_store.tx() as tx:
        found = tx.app_score_sums("desk", {METRIC}, 0, 3 * MINUTE_US)
    assert found == {(METRIC, CANDIDATE): ScoreSum(2, 1_500_000, 1_125_000), (METRIC, rest): ONE}


def test_I_old_minutes_are_dropped(telemetry_store: TelemetryStore) -> None:
    """How many rows that were is told."""
    with telemetry_store.tx() as tx:
        tx.add_score_sums({key(minute): ONE for minute in range(4)})
    with telemetry_store.tx() as tx:
        assert tx.prune_score_sums(3 * MINUTE_US) == 3
        assert tx.prune_score_sums(3 * MINUTE_US) == 0
        assert tx.score_sums_of({"rel_1"}, {METRIC}, 0, 9 * MINUTE_US) == {"rel_1": {(METRIC, CANDIDATE): ONE}}


def test_what_was_broken_off_was_not_added(telemetry_store: TelemetryStore) -> None:
    """With the rest of its transaction."""

    def fail() -> None:
        with telemetry_store.tx() as tx:
            tx.add_score_sums({key(1): ONE})
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        fail()
    with telemetry_store.tx() as tx:
        assert tx.app_score_sums("desk", {METRIC}, 0, 9 * MINUTE_US) == {}
