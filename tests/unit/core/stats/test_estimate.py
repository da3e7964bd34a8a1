"""The normal mixture over information: published values, integration, its boundary and its mirror."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import estimate
from serinus.core.stats.estimate import Effect
from serinus.core.stats.evidence import NoData

# Reference values of the authors' confseq library (test/uniform_boundaries_unittest.cpp): S = 10, V = 100, tuned at
# V = 100 and α = .05; S = I Δ̂ and V = I.
PUBLISHED = Effect(value=10 / 100, variance=1 / 100)
ALPHA = 0.05


def test_published_values_of_the_two_sided_mixture() -> None:
    """log E = −0.6510052, boundary 30.35209 and ρ = 12.60056 as published with Howard et al. 2021."""
    tau = estimate.mixture_sd(100, ALPHA, one_sided=False)
    assert 1 / tau**2 == pytest.approx(12.60056, abs=1e-5)
    assert estimate.difference(PUBLISHED, tau).log_e == pytest.approx(-0.6510052, abs=1e-6)
    low, high = estimate.interval(PUBLISHED, tau, ALPHA)
    assert (high - low) / 2 * 100 == pytest.approx(30.35209, abs=1e-5)


def test_published_values_of_the_one_sided_mixture() -> None:
    """log E = −0.06502391, and log E = log 20 at S = 27.66071, as published with Howard et al. 2021."""
    tau = estimate.mixture_sd(100, ALPHA, one_sided=True)
    assert estimate.harm(PUBLISHED, tau).log_e == pytest.approx(-0.06502391, abs=1e-6)
    edge = Effect(value=27.66071 / 100, variance=1 / 100)
    assert estimate.harm(edge, tau).log_e == pytest.approx(math.log(20), abs=1e-5)


def integrated(effect: Effect, null: float, tau: float, low: float) -> float:
    """log of the likelihood ratio averaged over a normal prior on the effect, cut at `low` and scaled to 1."""

    def ratio(shift: float) -> float:
        over = effect.information * (shift * (effect.value - null) - shift * shift / 2)
        return math.exp(over) * stats.norm.pdf(shift, 0, tau)

    mass, _ = integrate.quad(ratio, low, 12 * tau, epsabs=0, epsrel=1e-11, limit=400, points=[0.0])
    return math.log(mass / (0.5 if low == 0.0 else 1.0))


@pytest.mark.parametrize("z", [-6.0, -1.0, 0.0, 0.7, 3.0, 5.0])
@pytest.mark.parametrize("tau_in_se", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("null", [0.0, 0.25])
def test_log_e_is_the_mixture_integrated(z: float, tau_in_se: float, null: float) -> None:
    """Both formulas equal the likelihood ratio integrated over the prior, the half of it when one-sided."""
    se = 0.02
    effect, tau = Effect(value=null + z * se, variance=se * se), tau_in_se * se
    assert estimate.difference(effect, tau, null).log_e == pytest.approx(integrated(effect, null, tau, -12 * tau))
    assert estimate.harm(effect, tau, null).log_e == pytest.approx(integrated(effect, null, tau, 0.0))


@pytest.mark.parametrize("tau_in_se", [0.1, 1.0, 5.0, 30.0])
@pytest.mark.parametrize("shift", [0.0, -0.5, -2.0])
def test_mean_under_the_null_is_at_most_one(tau_in_se: float, shift: float) -> None:
    """Integrated over a normal estimate, E has mean 1 at the edge of the null and less inside it."""
    reach = 9 * math.sqrt(1 + tau_in_se**2)
    z, step = np.linspace(-reach, reach, 2001, retstep=True)
    one = [estimate.harm(Effect(value=x + shift, variance=1.0), tau_in_se).log_e for x in z]
    two = [estimate.difference(Effect(value=x, variance=1.0), tau_in_se).log_e for x in z]
    means = [float(np.exp(np.array(log_e) + stats.norm.logpdf(z)).sum() * step) for log_e in (one, two)]
    assert means[0] <= 1 + 1e-6
    assert means[1] == pytest.approx(1.0, abs=1e-6)
    if shift == 0.0:
        assert means[0] == pytest.approx(1.0, abs=1e-6)


def test_a_step_of_information_keeps_the_mean() -> None:
    """Given any estimate now, the expected E after more information is E now: a martingale at the edge of the null."""
    tau, before, after = 0.3, 40.0, 65.0
    for s in (-9.0, 0.0, 4.0, 12.0):
        now = estimate.harm(Effect(value=s / before, variance=1 / before), tau).log_e

        def later(gain: float, s: float = s) -> float:
            effect = Effect(value=(s + gain) / after, variance=1 / after)
            return math.exp(estimate.harm(effect, tau).log_e) * stats.norm.pdf(gain, 0, math.sqrt(after - before))

        mean, _ = integrate.quad(later, -80, 80, epsrel=1e-10, limit=400)
        assert math.log(mean) == pytest.approx(now, abs=1e-7)


@given(st.floats(-1e4, 1e4), st.floats(1e-12, 1e6), st.floats(1e-4, 1e4), st.floats(-10, 10))
def test_mirror(value: float, variance: float, tau: float, margin: float) -> None:
    """no_harm of an effect is harm of the effect turned round, for any size."""
    effect, turned = Effect(value=value, variance=variance), Effect(value=-value, variance=variance)
    assert estimate.no_harm(effect, tau, margin) == estimate.harm(turned, tau, -margin)


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.01, 100))
def test_harm_grows_with_the_effect(a: float, b: float, tau: float) -> None:
    """A larger increase is never less evidence of harm, so that p is monotone."""
    low, high = sorted((a, b))
    less, more = (estimate.harm(Effect(value=v, variance=1.0), tau).log_e for v in (low, high))
    assert less <= more + 1e-9


def test_deep_below_the_margin_is_finite_and_smooth() -> None:
    """At z = −1e8 the two huge terms cancel: the mixture falls like 1/z."""
    at = [estimate.harm(Effect(value=-z, variance=1.0), 1.0).log_e for z in (1e7, 1e8)]
    assert at[0] - at[1] == pytest.approx(math.log(10), abs=1e-6)


def test_interval_holds_what_is_not_refuted() -> None:
    """Exactly the nulls with E < 1/α lie inside."""
    effect, tau = Effect(value=1.3, variance=0.04), 0.5
    low, high = estimate.interval(effect, tau, 0.01)
    for end in (low, high):
        assert estimate.difference(effect, tau, end).log_e == pytest.approx(math.log(100))


@pytest.mark.parametrize("alpha", [0.05, 0.01])
@pytest.mark.parametrize("one_sided", [True, False])
def test_tau_is_near_the_tightest(alpha: float, one_sided: bool) -> None:
    """At the tuned information no other τ detects an effect smaller by more than 1 %."""

    def boundary(tau: float) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            effect = Effect(value=middle, variance=1 / 400)
            found = estimate.harm(effect, tau) if one_sided else estimate.difference(effect, tau)
            low, high = (middle, high) if found.log_e < math.log(1 / alpha) else (low, middle)
        return low

    tau = estimate.mixture_sd(400, alpha, one_sided=one_sided)
    assert boundary(tau) <= 1.01 * min(boundary(tau * f) for f in np.geomspace(0.25, 4, 41))


def test_looking_always_is_safe() -> None:
    """4,000 healthy releases looked at 200 times each: false alarms stay within the exact binomial bound of α."""
    rng = np.random.default_rng(20240501)
    information = np.linspace(20, 4000, 200)
    steps = rng.normal(size=(4000, 200)) * np.sqrt(np.diff(information, prepend=0.0))
    z = np.cumsum(steps, axis=1) / np.sqrt(information)
    tau = estimate.mixture_sd(400, ALPHA, one_sided=True)
    spread = tau**2 * information
    x = z * np.sqrt(spread / (1 + spread))
    log_e = math.log(2) - 0.5 * np.log1p(spread) + 0.5 * x * x + stats.norm.logcdf(x)
    assert estimate.harm(
        Effect(value=z[7, 90] / math.sqrt(information[90]), variance=1 / information[90]), tau
    ).log_e == (pytest.approx(float(log_e[7, 90])))
    alarms = int((log_e >= math.log(1 / ALPHA)).any(axis=1).sum())
    assert alarms <= stats.binom.ppf(1 - 1e-6, 4000, ALPHA)
    naive = int((z >= stats.norm.ppf(1 - ALPHA)).any(axis=1).sum())
    assert naive >= 0.3 * 4000, "a fixed-sample z-test looked at 200 times is the wrong way"


def test_no_data_stays_no_data() -> None:
    """No estimate is log E = 0 with the reason, on every side."""
    none = NoData(reason="3 units in candidate, 100 needed")
    for found in (estimate.harm(none, 1.0), estimate.no_harm(none, 1.0, 0.1), estimate.difference(none, 1.0)):
        assert (found.log_e, found.no_data) == (0.0, none.reason)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_effects_are_numbers_with_a_variance(value: float) -> None:
    """NaN, infinity and a variance of 0 are refused: a variance of 0 is infinite information."""
    with pytest.raises(InvalidInput):
        Effect(value=value, variance=1.0)
    for variance in (0.0, -1.0, value):
        with pytest.raises(InvalidInput):
            Effect(value=0.0, variance=variance)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, math.nan])
def test_levels_and_scales_are_checked(alpha: float) -> None:
    """α outside (0, 1), τ or information at or below 0 and a one-sided α of a half or more are refused."""
    effect = Effect(value=0.0, variance=1.0)
    with pytest.raises(InvalidInput):
        estimate.mixture_sd(100, alpha, one_sided=False)
    with pytest.raises(InvalidInput):
        estimate.interval(effect, 1.0, alpha)
    with pytest.raises(InvalidInput):
        estimate.mixture_sd(100, 0.5, one_sided=True)
    with pytest.raises(InvalidInput):
        estimate.mixture_sd(0.0, 0.05, one_sided=True)
    with pytest.raises(InvalidInput):
        estimate.harm(effect, 0.0)


def test_falling_information_is_a_reason_to_pause() -> None:
    """A fall beyond 5 % says from what to what; less, and growth, say nothing."""
    before = Effect(value=0.0, variance=0.01)
    assert estimate.fallen(before, Effect(value=0.0, variance=0.0105)) == ""
    assert estimate.fallen(before, Effect(value=0.0, variance=0.005)) == ""
    assert estimate.fallen(before, Effect(value=0.0, variance=0.02)) == "information fell from 100 to 50"
