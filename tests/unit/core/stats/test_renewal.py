"""Evidence renewed every so many events: weights, validity, and what is let go."""

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
STRICT, OLD = renewal.of_level(0.01), renewal.AT_ANY_LEVEL
Starts = tuple[renewal.Start, ...]


def evidence(starts: Starts, s1: int, s0: int, scheme: renewal.Scheme = STRICT) -> float:
    """E of one compared step with its renewals, as a release adds them up."""
    prior = scheme.prior_events
    parts = [math.exp(float(events.harm(s1, s0, EQUAL))) * renewal.step_weights(scheme, 1)[0]]
    parts += [renewal.weight(scheme, one) * math.exp(renewal.log_e(one, s1, s0, EQUAL, prior)) for one in starts]
    return math.fsum(parts) + renewal.to_come(scheme, starts)


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("scheme", [OLD, STRICT, renewal.of_level(0.05)])
def test_weights_sum_to_one(steps: int, scheme: renewal.Scheme) -> None:
    """Of the whole, the steps, and all renewals there will ever be."""
    assert math.fsum(renewal.step_weights(scheme, steps)) + scheme.renewed == pytest.approx(1.0, abs=1e-12)
    assert renewal.spent(0) == 0.0
    assert renewal.spent(10**6) == pytest.approx(1.0, abs=1e-9)
    assert renewal.spent(10**9) <= 1.0
    told = [renewal.spent(slot) for slot in range(200)]
    each = [b - a for a, b in itertools.pairwise(told)]
    assert each[0] == pytest.approx(each[renewal.LEVEL - 1])
    assert all(b <= a + 1e-12 for a, b in itertools.pairwise(each))
    assert each[2 * renewal.LEVEL - 1] == pytest.approx(each[0] / 8, rel=1e-6)


def test_the_lower_the_bar_the_less_the_whole_weighs() -> None:
    """As at α of 5 % and 1 %, between them by the logarithm of α, beyond them as there."""
    assert [renewal.of_level(alpha).whole for alpha in (0.5, 0.05, 0.01, 1e-6)] == [0.31, 0.31, 0.44, 0.44]
    assert renewal.of_level(math.sqrt(0.05 * 0.01)).whole == pytest.approx(0.375, abs=1e-6)
    assert all(min(renewal.of_level(alpha)[:3]) > 0 for alpha in (0.9, 0.03, 1e-12))


def test_a_renewal_begins_with_a_slot_whichever_arm_fills_it() -> None:
    """25 events of both arms; not again before the next 25."""
    assert renewal.renewed((), 10, 14, EQUAL, STRICT) == ()
    first = renewal.renewed((), 10, 15, EQUAL, STRICT)
    assert first == ((10, 15, 0),)
    assert renewal.renewed(first, 34, 15, EQUAL, STRICT) == first
    assert renewal.renewed(first, 10, 40, EQUAL, STRICT) == ((10, 15, 0), (10, 40, 1))


def test_slots_that_passed_between_two_looks_are_one_renewal_with_all_their_weight() -> None:
    """Nothing of α is lost to rare looks."""
    ((s1, s0, after),) = renewal.renewed((), 60, 45, EQUAL, STRICT)
    assert (s1, s0, after) == (60, 45, 0)
    weight = renewal.weight(STRICT, (s1, s0, after))
    assert weight == pytest.approx(STRICT.renewed * renewal.spent(4))
    assert renewal.to_come(STRICT, ((s1, s0, after),)) == pytest.approx(STRICT.renewed - weight)


def test_only_so_many_are_followed_and_the_least_is_let_go() -> None:
    """Of nine the one that weighs least; what is left is never more than what was."""
    starts: Starts = ()
    s1 = s0 = 0
    for slot in range(1, 40):
        s1, s0 = s1 + 12, s0 + 13
        before = starts
        starts = renewal.renewed(starts, s1, s0, EQUAL, STRICT)
        assert len(starts) == min(slot, renewal.KEPT)
        dropped = set(before) - set(starts)
        prior = STRICT.prior_events
        weighed = {
            one: renewal.weight(STRICT, one) * math.exp(renewal.log_e(one, s1, s0, EQUAL, prior)) for one in before
        }
        assert all(weighed[one] == min(weighed.values()) for one in dropped)
        assert evidence(starts, s1, s0) <= evidence(before, s1, s0) + 1e-12


@pytest.mark.parametrize("scheme", [OLD, STRICT, renewal.of_level(0.05)])
def test_mean_is_at_most_one_by_enumeration(monkeypatch: pytest.MonkeyPatch, scheme: renewal.Scheme) -> None:
    """Over all orders of ten events, renewed every three, with fair coins: the mean is 1 while none is let go, and
    below it when only one is followed."""
    monkeypatch.setattr(renewal, "EVERY", 3)
    means = []
    for kept in (8, 1):
        monkeypatch.setattr(renewal, "KEPT", kept)
        total = 0.0
        for coins in itertools.product((0, 1), repeat=10):
            starts: Starts = ()
            s1 = s0 = 0
            for coin in coins:
                s1, s0 = s1 + coin, s0 + 1 - coin
                starts = renewal.renewed(starts, s1, s0, EQUAL, scheme)
            total += evidence(starts, s1, s0, scheme) / 2**10
        means.append(total)
    assert means[0] == pytest.approx(1.0, abs=1e-9)
    assert 0.5 < means[1] < 1.0 - 1e-6


def test_looking_always_is_safe() -> None:
    """200 healthy releases of 400 events, looked at after every 20th, renewed on the way: at most α = 5 %."""
    rng = np.random.default_rng(1)
    false = 0
    for path in np.cumsum(rng.random((200, 400)) < 0.5, axis=1):
        starts: Starts = ()
        for n in range(20, 401, 20):
            s1, s0 = int(path[n - 1]), n - int(path[n - 1])
            if evidence(starts, s1, s0, renewal.of_level(0.05)) >= 20:
                false += 1
                break
            starts = renewal.renewed(starts, s1, s0, EQUAL, renewal.of_level(0.05))
    assert false <= stats.binom.ppf(1 - 1e-6, 200, 0.05)


def test_huge_counts_and_counts_that_fell() -> None:
    """A renewal after 250,000,000 events has a weight of 0 at worst, one that lies ahead has seen nothing."""
    full = tuple((10**7 * k, 10**7 * k, 10**6 * k - 1) for k in range(1, renewal.KEPT + 1))
    assert len(renewal.renewed(full, 10**9, 10**9, EQUAL, STRICT)) == renewal.KEPT
    assert renewal.log_e((5, 5, 0), 5, 5, EQUAL) == renewal.log_e((5, 5, 0), 4, 3, EQUAL) == pytest.approx(0.0)


def test_bad_input_is_refused() -> None:
    """Slots and steps are counts."""
    with pytest.raises(InvalidInput, match="not a count"):
        renewal.spent(-1)
    with pytest.raises(InvalidInput, match="strictly between 0 and 1"):
        renewal.of_level(1.0)
    with pytest.raises(ValueError, match="at least one step"):
        renewal.step_weights(STRICT, 0)
