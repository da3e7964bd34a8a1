"""Control against its history: published mixture, integration, exact expectations, and the reference."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import control_health, estimate
from serinus.core.stats.control_health import Rate
from serinus.core.stats.estimate import Effect
from serinus.core.stats.evidence import NoData

ALPHA = 0.05


def integrated(events: int, expected: float, kappa: float) -> float:
    """log of ∫ r^N e^{−(r−1)Λ} over a gamma(κ, κ) density cut at r > 1."""
    prior = stats.gamma(kappa, scale=1 / kappa)
    peak = max(1.0, (kappa + events) / (kappa + expected))
    top = events * math.log(peak) - (peak - 1) * expected

    def ratio(r: float) -> float:
        return math.exp(events * math.log(r) - (r - 1) * expected - top) * prior.pdf(r)

    mass, _ = integrate.quad(ratio, 1.0, 1.0 + 60 * max(peak, 2.0), points=[peak + 0.01], limit=500, epsrel=1e-11)
    return math.log(mass / prior.sf(1.0)) + top


@pytest.mark.parametrize(("events", "expected"), [(0, 1.0), (0, 40.0), (5, 5.0), (30, 12.0), (12, 30.0), (220, 200.0)])
@pytest.mark.parametrize("kappa", [2.0, 10.0])
def test_log_e_is_the_mixture_integrated(events: int, expected: float, kappa: float) -> None:
    """The closed form equals the likelihood ratio integrated over the truncated prior."""
    found = control_health.worse_rate(Rate(events=events, units=1000), expected / 1000, prior_events=kappa).log_e
    assert found == pytest.approx(integrated(events, expected, kappa), abs=1e-8)


def test_published_value_of_the_mixture() -> None:
    """log E = −0.06991219 at S = 10, V = 100, c = 2, tuned at V = 100, as published with Howard et al. 2021.

    S = c (N − Λ) and V = c²Λ give Λ = 25 and N = 30; κ = ρ/c² with ρ of the one-sided normal mixture.
    """
    kappa = 1 / estimate.mixture_sd(100, 0.05, one_sided=True) ** 2 / 4
    found = control_health.worse_rate(Rate(events=30, units=100), 0.25, prior_events=kappa).log_e
    assert found == pytest.approx(-0.06991219, abs=1e-6)


@pytest.mark.parametrize("ratio", [0.3, 0.9, 1.0])
def test_mean_is_at_most_one(ratio: float) -> None:
    """Summed over all Poisson counts, E has mean 1 at the edge of the null and less inside it; less for coins too."""
    expected, units = 8.0, 40
    counts = np.arange(0, 200)
    log_e = np.array([control_health.worse_rate(Rate(events=int(n), units=400), expected / 400).log_e for n in counts])
    mean = float(np.exp(log_e + stats.poisson.logpmf(counts, ratio * expected)).sum())
    assert mean <= 1 + 1e-9
    if ratio == 1.0:
        assert mean == pytest.approx(1.0, abs=1e-9)
    coins = np.arange(units + 1)
    by_unit = np.array(
        [control_health.worse_rate(Rate(events=int(n), units=units), expected / units).log_e for n in coins]
    )
    assert float((np.exp(by_unit) * stats.binom.pmf(coins, units, ratio * expected / units)).sum()) <= mean + 1e-9


def test_looking_always_is_safe() -> None:
    """2,000 healthy controls looked at 50 times: false alarms stay within the exact binomial bound of α."""
    rng = np.random.default_rng(1)
    events = np.cumsum(rng.binomial(200, 0.02, (2000, 50)), axis=1)
    units = 200 * np.arange(1, 51)
    alarms = 0
    for row in events:
        looks = np.flatnonzero(row > 0.02 * units + 1.2 * np.sqrt(0.02 * units))  # the others are far below
        alarms += any(
            control_health.worse_rate(Rate(events=int(row[i]), units=int(units[i])), 0.02).log_e >= math.log(1 / ALPHA)
            for i in looks
        )
    assert alarms <= stats.binom.ppf(1 - 1e-6, 2000, ALPHA)


def test_a_provider_twice_as_bad_is_seen() -> None:
    """Twice the historic rate of 2 % over 2,000 units accuses; the historic rate clears; the margin is respected."""
    bad, good = Rate(events=80, units=2000), Rate(events=40, units=2000)
    assert control_health.worse_rate(bad, 0.02).log_e > math.log(100)
    assert control_health.worse_rate(good, 0.02).log_e < 0
    assert control_health.worse_rate(bad, 0.02, max_ratio=2.5).log_e < 0


def test_the_reference_is_an_upper_bound_of_history() -> None:
    """The true rate is above it in at most β of histories; a perfect history of 1,000 units may still be 0.3 %."""
    beta, rate, units = 0.05, 0.02, 3000
    counts = np.arange(0, 200)
    bounds = [control_health.reference_rate(Rate(events=int(n), units=units), beta) for n in counts]
    above = sum(stats.poisson.pmf(n, rate * units) for n, b in zip(counts, bounds, strict=True) if float(b) < rate)  # type: ignore[arg-type]
    assert above <= beta
    assert control_health.reference_rate(Rate(units=1000), 0.05) == pytest.approx(-math.log(0.05) / 1000)


def test_the_point_estimate_as_a_reference_is_wrong() -> None:
    """Judged against the rate its history happened to have, a healthy control alarms far above α; the bound holds."""
    rng = np.random.default_rng(2)
    wrong = right = 0
    for _ in range(300):
        history = Rate(events=int(rng.binomial(1000, 0.02)), units=1000)
        row, units = np.cumsum(rng.binomial(2000, 0.02, 15)), 2000 * np.arange(1, 16)
        bound = control_health.reference_rate(history, 0.01)
        looks = [Rate(events=int(n), units=int(m)) for n, m in zip(row, units, strict=True)]
        wrong += any(
            control_health.worse_rate(look, history.events / 1000).log_e >= math.log(1 / ALPHA) for look in looks
        )
        right += any(control_health.worse_rate(look, bound).log_e >= math.log(1 / ALPHA) for look in looks)
    assert wrong > 5 * stats.binom.ppf(1 - 1e-6, 300, ALPHA) / 3
    assert right <= stats.binom.ppf(1 - 1e-6, 300, ALPHA)


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.001, 0.5))
def test_evidence_grows_with_events(a: int, b: int, reference: float) -> None:
    """More events among as many units never accuse less."""
    low, high = sorted((a, b))
    less, more = (control_health.worse_rate(Rate(events=n, units=1000), reference).log_e for n in (low, high))
    assert less <= more + 1e-9


def test_stable_at_1e8_events_and_in_the_deep_tail() -> None:
    """At 10⁸ events one more changes log E by about the excess; far below history it is finite and falls smoothly."""
    n = 10**8
    first, second = (control_health.worse_rate(Rate(events=n + 60_000 + i, units=10 * n), 0.1).log_e for i in (0, 1))
    assert second - first == pytest.approx(math.log((n + 60_010.5) / (n + 10)), rel=0.01)
    falling = [control_health.worse_rate(Rate(events=0, units=u), 0.1).log_e for u in (10**4, 10**5, 10**6, 10**7)]
    for before, after in itertools.pairwise(falling):
        assert before - after == pytest.approx(math.log(10), abs=0.05)


@pytest.mark.parametrize(
    ("events", "expected"),
    [(0, 700), (0, 3_000), (40, 3_000), (700, 3_000), (10**6, 1.2e6), (10**8, 1.01e8), (5 * 10**7, 10**8)],
)
def test_deep_below_history_is_the_integral(events: int, expected: float) -> None:
    """Where the tail underflows, E is ∫ (1 + u/y)^{x−1} e^{−u} du / y against the prior's, integrated directly."""

    def log_tail(x: float, y: float) -> float:
        width = 60 / (1 - x / y)
        mass, _ = integrate.quad(lambda u: math.exp((x - 1) * math.log1p(u / y) - u), 0, width, limit=500, epsrel=1e-12)
        return math.log(mass / y)

    prior = control_health.PRIOR_EVENTS
    own = math.lgamma(prior) - prior * math.log(prior) + prior + math.log(float(stats.gamma.sf(prior, prior)))
    units = 10 * max(events, 10**4)
    found = control_health.worse_rate(Rate(events=events, units=units), expected / units).log_e
    digits = 1e-9 if events < 1000 else 1e-6
    assert found == pytest.approx(log_tail(prior + events, prior + expected) - own, abs=digits)


@given(st.lists(st.integers(0, 10**6), min_size=6, max_size=6))
def test_rates_merge_in_any_order(n: list[int]) -> None:
    """Commutative and associative."""
    a, b, c = (Rate(events=n[i], units=n[i] + n[i + 3]) for i in range(3))
    assert a.plus(b).plus(c) == c.plus(b.plus(a))


def test_means_count_the_historys_own_uncertainty() -> None:
    """The rise is judged by 4.2 with both variances added."""
    control, history = Effect(value=1.3, variance=0.01), Effect(value=1.0, variance=0.03)
    expected = estimate.harm(Effect(value=0.3, variance=0.04), 0.2, 0.1)
    found = control_health.worse_mean(control, history, 0.2, 0.1)
    assert found.log_e == pytest.approx(expected.log_e)


def test_nothing_to_compare_is_no_data() -> None:
    """No history, nobody in control, no estimate: log E = 0 with the reason."""
    none = control_health.reference_rate(Rate(), 0.05)
    assert none == NoData(reason="control has no history")
    for found in (
        control_health.worse_rate(Rate(events=3, units=10), none),
        control_health.worse_rate(Rate(), 0.02),
        control_health.worse_mean(NoData(reason="0 units"), Effect(value=0.0, variance=1.0), 1.0, 0.0),
    ):
        assert found.log_e == 0.0
        assert found.no_data


def test_bad_input_is_refused() -> None:
    """More events than units, counts below 0, rates and ratios at or below 0, NaN."""
    for fields in ({"events": 3, "units": 2}, {"events": -1, "units": 2}):
        with pytest.raises(InvalidInput):
            Rate(**fields)
    some = Rate(events=1, units=10)
    for reference in (0.0, -0.1, math.nan):
        with pytest.raises(InvalidInput):
            control_health.worse_rate(some, reference)
    with pytest.raises(InvalidInput):
        control_health.worse_rate(some, 0.1, max_ratio=0.0)
    with pytest.raises(InvalidInput):
        control_health.reference_rate(some, 0.0)
