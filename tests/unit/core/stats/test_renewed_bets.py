"""Bets that begin anew every 32 units: weights, batches, validity, and drops that begin late."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import bounded, renewed_bets
from serinus.core.stats.betting import NANO, SCALE, Capital, Growth, log_growth
from serinus.core.stats.bounded import Cursor, Score, Scores
from serinus.core.stats.renewed_bets import EVERY


def growth_of(coins: np.ndarray) -> Growth:
    """Of fair gains of ± 1."""
    gains = np.where(coins, SCALE, -SCALE).tolist()
    return log_growth(gains, [SCALE] * len(gains))


def test_it_is_the_weighted_sum_of_bets_that_began_then() -> None:
    """100 gains: three beginnings, after units 32, 64 and 96, by hand from the capital of each."""
    gains = [400_000, -SCALE, 200_000, 100_000, 0] * 20
    worst = [SCALE] * len(gains)
    found = renewed_bets.log_e(renewed_bets.carried_on((), log_growth(gains, worst), 0))
    each = [renewed_bets.spent(EVERY * j) - renewed_bets.spent(EVERY * (j - 1)) for j in (1, 2, 3)]
    own = [Capital(margin=0).after(gains[EVERY * j :], worst[EVERY * j :]).log_e for j in (1, 2, 3)]
    assert found == pytest.approx(math.log(sum(v * math.exp(e) for v, e in zip(each, own, strict=True))), abs=1e-6)


@pytest.mark.parametrize("size", [1, 7, 32, 90])
def test_batches_do_not_matter(size: int) -> None:
    """To the last nano-nat."""
    growth = growth_of(np.random.default_rng(2).random(200) < 0.5)
    whole = renewed_bets.carried_on((), growth, 0)
    state: renewed_bets.Renewed = ()
    for start in range(0, 200, size):
        state = renewed_bets.carried_on(state, growth[:, start : start + size], start)
    assert state == whole


def test_before_the_first_nothing_has_begun() -> None:
    """31 units: no state, E of what has begun is 0 and all weight lies ahead."""
    state = renewed_bets.carried_on((), growth_of(np.ones(EVERY - 1, bool)), 0)
    assert state == ()
    assert renewed_bets.log_e(state) == -math.inf
    assert renewed_bets.spent(EVERY - 1) == 0.0
    one = renewed_bets.carried_on(state, growth_of(np.ones(1, bool)), EVERY - 1)
    assert renewed_bets.log_e(one) == pytest.approx(math.log(renewed_bets.spent(EVERY)), abs=1e-7)


def test_weights_sum_to_one() -> None:
    """Level for 3,200 units, then falling with the third power."""
    assert renewed_bets.spent(10**7) == pytest.approx(1.0, abs=1e-6)
    assert renewed_bets.spent(10**12) <= 1.0
    told = [renewed_bets.spent(EVERY * slot) for slot in range(250)]
    each = [b - a for a, b in itertools.pairwise(told)]
    assert each[0] == pytest.approx(each[renewed_bets.LEVEL - 1])
    assert each[2 * renewed_bets.LEVEL - 1] == pytest.approx(each[0] / 8, rel=1e-6)
    with pytest.raises(InvalidInput, match="not a count"):
        renewed_bets.spent(-1)


def test_mean_is_at_most_one_by_enumeration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over all orders of nine fair gains, beginning anew every three, with those to come: 1, but for what is rounded
    down."""
    monkeypatch.setattr(renewed_bets, "EVERY", 3)
    total = 0.0
    for coins in itertools.product((False, True), repeat=9):
        state = renewed_bets.carried_on((), growth_of(np.array(coins)), 0)
        total += (math.exp(renewed_bets.log_e(state)) + 1.0 - renewed_bets.spent(9)) / 2**9
    assert 1.0 - 30 / NANO < total <= 1.0


def _played(seed: int, healthy: int, units: int, drop: float, size: int) -> list[tuple[float, Scores]]:
    """Log E as a release of one step has it (whole 0.52, renewals 0.48), and the state, after each `size` units."""
    rng = np.random.default_rng(seed)
    arm = rng.random(units) < 0.5
    values = np.clip(rng.normal(0.7, 0.2, units) - drop * (arm & (np.arange(units) >= healthy)), 0, 1)
    scores = [Score(Cursor(i, b""), bool(arm[i]), round(values[i] * SCALE)) for i in range(units)]
    state, found = bounded.opened(0.0), []
    for start in range(0, units, size):
        state = bounded.advanced(state, scores[start : start + size], renews=True)
        begun, ahead = renewed_bets.log_e(state.renewed), 1.0 - renewed_bets.spent(state.harm.count)
        parts = 0.52 * math.exp(bounded.harm(state).log_e) + 0.48 * math.exp(begun) + 0.48 * ahead
        found.append((math.log(parts), state))
    return found


def test_looking_always_is_safe() -> None:
    """120 healthy releases of 600 units, looked at after every 20th: at most α = 5 %."""
    false = sum(max(log_e for log_e, _ in _played(seed, 0, 600, 0.0, 20)) >= math.log(20) for seed in range(120))
    assert false <= stats.binom.ppf(1 - 1e-6, 120, 0.05)


def test_a_drop_that_begins_late_is_found_sooner_than_by_the_whole_alone() -> None:
    """A drop of .10 after 1,200 healthy units, α = 1 %: 30 releases, mean of the units after that."""
    renewed, alone = [], []
    for seed in range(30):
        found = _played(seed, 1_200, 3_200, 0.10, 50)
        renewed.append(next(i for i, (log_e, _) in enumerate(found) if log_e >= math.log(100)))
        whole = [bounded.harm(state).log_e for _, state in found]
        alone.append(next((i for i, log_e in enumerate(whole) if log_e >= math.log(100)), len(whole)))
    assert 50 * np.mean(renewed) - 1_200 < 0.7 * (50 * np.mean(alone) - 1_200)
