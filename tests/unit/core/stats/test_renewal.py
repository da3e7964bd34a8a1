"""Evidence renewed every so many events: weights, validity, and harm that begins late."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import events, renewal
from serinus.core.stats.events import Margin

EQUAL = Margin(1.0, 2.0)


def test_weights_sum_to_one() -> None:
    """Over all renewals there will ever be, to the tail's last digits."""
    assert math.fsum(renewal.weight(j) for j in range(100_000)) == pytest.approx(1.0, abs=1e-5)
    assert math.fsum(renewal.weight(j) for j in range(100_000)) <= 1.0


def test_a_renewal_is_due_by_events_of_both_arms() -> None:
    """25 events since the last, whichever arm had them."""
    assert not renewal.due((10, 10), (20, 24))
    assert renewal.due((10, 10), (10, 35))
    assert renewal.due((10, 10), (35, 10))


def test_evidence_is_the_weighted_mean_of_its_parts() -> None:
    """By hand: each part from its own start, those to come as 1."""
    starts, now = [(0, 0), (12, 13), (25, 25)], (45, 30)
    parts = [math.exp(float(events.harm(now[0] - a, now[1] - b, EQUAL))) for a, b in starts]
    weights = [renewal.weight(j) for j in range(3)]
    expected = sum(v * e for v, e in zip(weights, parts, strict=True)) + 1 - sum(weights)
    assert renewal.log_e(starts, now, EQUAL) == pytest.approx(math.log(expected), abs=1e-12)


def test_huge_evidence_does_not_overflow() -> None:
    """A candidate with all of 100,000 events."""
    assert renewal.log_e([(0, 0)], (100_000, 0), EQUAL) > 10_000


def test_mean_is_at_most_one_by_enumeration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over all orders of eight events, renewed every three, with fair coins: the mean is 1."""
    monkeypatch.setattr(renewal, "EVERY", 3)
    total = 0.0
    for coins in itertools.product((0, 1), repeat=8):
        starts, now = [(0, 0)], (0, 0)
        for coin in coins:
            now = (now[0] + coin, now[1] + 1 - coin)
            if renewal.due(starts[-1], now):
                starts.append(now)
        total += math.exp(renewal.log_e(starts, now, EQUAL)) / 2**8
    assert total == pytest.approx(1.0, abs=1e-9)


def test_looking_always_is_safe() -> None:
    """200 healthy releases of 400 events, looked at after every 20th, renewed on the way: at most α = 5 %."""
    rng = np.random.default_rng(1)
    false = 0
    for path in np.cumsum(rng.random((200, 400)) < 0.5, axis=1):
        starts: list[tuple[int, int]] = [(0, 0)]
        for n in range(20, 401, 20):
            now = int(path[n - 1]), n - int(path[n - 1])
            if renewal.due(starts[-1], now):
                starts.append(now)
            if renewal.log_e(starts, now, EQUAL) >= math.log(20):
                false += 1
                break
    assert false <= stats.binom.ppf(1 - 1e-6, 200, 0.05)


def test_bad_input_is_refused() -> None:
    """No start, and counters that go backwards."""
    with pytest.raises(InvalidInput, match="no renewal"):
        renewal.log_e([], (1, 1), EQUAL)
    with pytest.raises(InvalidInput, match="backwards"):
        renewal.log_e([(0, 0), (5, 5)], (4, 9), EQUAL)
    with pytest.raises(InvalidInput, match="not a count"):
        renewal.weight(-1)
