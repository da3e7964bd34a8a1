"""The rivals of the table against worked examples of their own, or an independent derivation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from bench.judging import kayenta, platforms, windows
from bench.judging.method import running_rank
from bench.judging.sample import LOOKS, Array, Sample, Sums

GROWTHBOOK_CONTROL = (3_000.0, 1_396.87, 52_377.9767)
GROWTHBOOK_TREATMENT = (3_461.0, 2_422.7, 134_698.29)
"""n, sum and sum of squares of gbstats' own tests (tests/frequentist/test_tests.py)."""


def sums(units: float, total: float, squares: float) -> Sums:
    return Sums(*(np.full((1, 1), value) for value in (units, total, squares)))


def sample(one: Sums, zero: Sums, minute1: Array | None = None, minute0: Array | None = None) -> Sample:
    minutes = np.zeros((1, LOOKS))
    return Sample(
        kind="event",
        candidate=one,
        control=zero,
        served=one,
        rest=zero,
        minute1=minutes if minute1 is None else minute1,
        minute0=minutes if minute0 is None else minute0,
        history=0.02,
        exposed=one.units,
        bad=one.total,
    )


def test_growthbooks_one_sided_interval_is_that_of_its_tests() -> None:
    """SequentialOneSidedTreatmentGreaterTTest at its defaults: lower limits −0.42356 (relative) and −0.12657."""
    given = sample(sums(*GROWTHBOOK_TREATMENT), sums(*GROWTHBOOK_CONTROL))
    lift, variance = (float(found[0, 0]) for found in platforms.lift_of(given))
    assert (lift, math.sqrt(variance)) == pytest.approx((0.5033610858562358, 0.3334122146400735), abs=1e-9)
    half = float(platforms.half_width(np.array(variance), np.array(6_461.0), 0.05, 5_000.0))
    assert lift - half == pytest.approx(-0.42356454602790883, abs=1e-9)
    absolute = float(platforms.half_width(np.array(0.12983081254184736**2), np.array(6_461.0), 0.05, 5_000.0))
    assert 0.23437666666666668 - absolute == pytest.approx(-0.12656844172804982, abs=1e-9)
    assert float(platforms.growthbook(given, 0.05)[0, 0]) == pytest.approx(lift / half)


def test_growthbook_says_nothing_without_a_control_to_divide_by() -> None:
    """A control without any event has no relative lift."""
    given = sample(sums(100.0, 5.0, 5.0), sums(100.0, 0.0, 0.0))
    assert platforms.growthbook(given, 0.05)[0, 0] == -np.inf


@pytest.mark.parametrize("alpha", [0.05, 0.01])
@pytest.mark.parametrize("n", [200.0, 5_000.0])
def test_statsigs_critical_value_is_where_the_mixture_reaches_one_over_alpha(alpha: float, n: float) -> None:
    """At z = Z*, ∫ N(z√V; θ, V) dN(θ; 0, τ) / N(z√V; 0, V) = 1/α: the mSPRT, integrated numerically."""
    x1, x0 = 0.06 * n, 0.04 * n
    given = sample(sums(n, x1, x1), sums(n, x0, x0))
    one, zero = float(given.candidate.variance[0, 0]), float(given.control.variance[0, 0])
    v, tau = one / n + zero / n, stats.norm.ppf(1 - alpha) ** 2 * (one + zero) / (2 * n)
    z = (0.06 - 0.04) / math.sqrt(v)
    critical = z / float(platforms.statsig(given, alpha)[0, 0])
    at = critical * math.sqrt(v)

    def weighted(theta: float) -> float:
        ratio = stats.norm.pdf(at, theta, math.sqrt(v)) / stats.norm.pdf(at, 0, math.sqrt(v))
        return float(ratio * stats.norm.pdf(theta, 0, math.sqrt(tau)))

    mean = at * tau / (tau + v)
    found, _ = integrate.quad(weighted, mean - 1.0, mean + 1.0, points=[mean], limit=500)
    assert found == pytest.approx(1 / alpha, rel=1e-6)


def test_statsig_needs_values_that_vary() -> None:
    """Without variance there is no test."""
    assert platforms.statsig(sample(sums(50.0, 0.0, 0.0), sums(50.0, 0.0, 0.0)), 0.05)[0, 0] == -np.inf


def test_kayentas_interval_is_that_of_its_suite() -> None:
    """MannWhitneySuite: control 1, 2, 3, 4 and experiment 10, 20, 30, 40 have estimate 22.5 and lower limit 6 at 95 %:
    z falls below z_{.975} where the shift passes 6."""
    x, y = np.array([[10.0, 20.0, 30.0, 40.0]]), np.array([[1.0, 2.0, 3.0, 4.0]])
    assert kayenta.hodges_lehmann(x, y)[0] == 22.5
    below, above = (float(kayenta._z_at(x, y, np.array([shift]))[0]) for shift in (6.0 - 1e-6, 6.0 + 1e-6))
    assert above < stats.norm.ppf(0.975) < below


def test_kayentas_z_is_scipys_with_ties_and_continuity() -> None:
    """The p-value of z at no shift is that of scipy's asymptotic Mann-Whitney test."""
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 5, (3, 30)).astype(float), rng.integers(0, 4, (3, 25)).astype(float)
    z = kayenta._z_at(x, y, np.zeros(3))
    for i in range(3):
        theirs = stats.mannwhitneyu(x[i], y[i], alternative="two-sided", method="asymptotic", use_continuity=True)
        assert 2 * stats.norm.sf(abs(z[i])) == pytest.approx(theirs.pvalue, rel=1e-9)


def test_kayenta_passes_identical_minutes_and_leaves_out_a_metric_without_data() -> None:
    """The classifier passes equal series; Nodata is −inf here, as it never lowers the score."""
    equal = np.tile(np.arange(20.0), (2, 1))
    assert (kayenta.shift_z(equal, equal) <= 0).all()
    assert (kayenta.shift_z(np.full((2, 20), np.nan), equal) == -np.inf).all()


def test_kayentas_score_thresholds_decide_how_many_metrics_must_fail() -> None:
    """Of 8 metrics 3 must fail to be below marginal (75), one to be below pass (95); of one metric, that one."""
    assert [kayenta._failing(8, 75.0), kayenta._failing(8, 95.0), kayenta._failing(1, 75.0)] == [3, 1, 1]
    steady = np.random.default_rng(2).normal(1.0, 0.1, (1, LOOKS))
    unit = sums(1.0, 0.0, 0.0)
    bad, good = sample(unit, unit, steady + 5.0, steady), sample(unit, unit, steady, steady)
    reached = kayenta.strength([bad] + [good] * 7, 0.05)[0] > kayenta.bar(0.05)
    assert reached.nonzero()[0].tolist() == [59]
    assert (kayenta.strength([bad] * 3 + [good] * 5, 0.05)[0] > kayenta.bar(0.05)).nonzero()[0][0] == 19


def test_the_rank_runs_on() -> None:
    """The second-greatest value so far, with gaps."""
    values = np.array([[np.nan, 3.0, 1.0, 5.0, 4.0]])
    assert running_rank(values, 2).tolist() == [[-np.inf, -np.inf, 1.0, 3.0, 4.0]]


def test_argo_aborts_at_the_fourth_failed_measurement() -> None:
    """Success below 95 % over 5 minutes, failureLimit 3: three failures are allowed, the fourth is one too many."""
    minutes = np.full((1, LOOKS), 0.02)
    for window in (1, 3, 5, 7):
        minutes[0, 5 * window : 5 * window + 5] = 0.06
    unit = sums(1.0, 0.0, 0.0)
    failed = windows.argo(sample(unit, unit, minutes), 0.05)[0] > 1.0
    assert failed.argmax() == 39
    minutes[0, 35:40] = 0.02
    assert not (windows.argo(sample(unit, unit, minutes), 0.05) > 1.0).any()


def test_flagger_rolls_back_at_the_tenth_failed_check() -> None:
    """Success below 99 % in a minute, threshold 10."""
    minutes = np.zeros((1, LOOKS))
    minutes[0, 1:20:2] = 0.02
    unit = sums(1.0, 0.0, 0.0)
    failed = windows.flagger(sample(unit, unit, minutes), 0.05)[0] > 1.0
    assert failed.argmax() == 19


def test_the_point_estimate_waits_for_its_sample() -> None:
    """Below 100 requests in an arm it says nothing, above it the plain ratio."""
    assert windows.point_estimate(sample(sums(99.0, 9.0, 9.0), sums(200.0, 2.0, 2.0)), 0.05)[0, 0] == -np.inf
    assert windows.point_estimate(sample(sums(100.0, 9.0, 9.0), sums(200.0, 2.0, 2.0)), 0.05)[0, 0] == pytest.approx(9)


def test_the_z_test_is_welchs() -> None:
    """z of two samples is scipy's unequal-variance statistic."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(1, 1, 150), rng.normal(0.9, 2, 220)
    given = sample(*(sums(float(v.size), float(v.sum()), float((v * v).sum())) for v in (x, y)))
    assert platforms.z_test(given, 0.05)[0, 0] == pytest.approx(stats.ttest_ind(x, y, equal_var=False).statistic)
    assert platforms.z_bar(0.05) == pytest.approx(1.6448536)
