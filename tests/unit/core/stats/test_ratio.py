"""Ratio metrics: the delta method against simulation, strata, guards, and what clusters do to a false rollback."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import estimate, ratio, unit_sums
from serinus.core.stats.estimate import Effect
from serinus.core.stats.evidence import NoData
from serinus.core.stats.ratio import Guards, Stratum
from serinus.core.stats.unit_sums import Buckets, Moments

Ints = npt.NDArray[np.int64]
ALPHA = 0.05
BUCKETS = 256


def most_allowed(releases: int, alpha: float = ALPHA) -> int:
    """The count that a test with a true rate of exactly α exceeds once in a million runs."""
    return int(stats.binom.ppf(1 - 1e-6, releases, alpha))


def clustered(key: Ints, size: int, x: Ints, y: Ints, units: int) -> Moments:
    """The moments with `key` (a unit, a bucket, or each request by itself) as the cluster."""
    xs, ys = np.bincount(key, x, size).astype(np.int64), np.bincount(key, y, size).astype(np.int64)
    return Moments(
        units=units,
        clusters=size,
        events=int((xs != 0).sum()),
        x=int(xs.sum()),
        y=int(ys.sum()),
        xx=int((xs * xs).sum()),
        xy=int((xs * ys).sum()),
        yy=int((ys * ys).sum()),
    )


def visits(rng: np.random.Generator, users: int) -> tuple[Ints, Ints]:
    """User and cost of each request: heavy users come often, and each user has a level of cost of their own."""
    often = np.minimum(1 + rng.pareto(1.3, users) * 2, 60).astype(np.int64)
    level = rng.lognormal(0, 1.0, users)
    user = rng.permutation(np.repeat(np.arange(users), often))
    return user, np.rint(1000 * level[user] * rng.lognormal(0, 0.5, user.size)).astype(np.int64)


def found(strata: list[Stratum], guards: Guards = ratio.DEFAULT) -> Effect:
    """The increase, which there must be."""
    effect = ratio.increase(strata, guards)
    assert isinstance(effect, Effect)
    return effect


def test_variance_is_that_of_the_linearised_units() -> None:
    """SE² equals the sample variance of (x − R y)/ȳ over n, computed in fractions."""
    xs, ys = [3, 0, 8, 1, 5, 9, 2], [1, 2, 3, 1, 1, 4, 1]
    n, mean_y = len(xs), Fraction(sum(ys), len(ys))
    r = Fraction(sum(xs), sum(ys))
    linear = [(x - r * y) / mean_y for x, y in zip(xs, ys, strict=True)]
    se2 = sum(v * v for v in linear) / (n - 1) / n
    assert ratio.arm_ratio(unit_sums.of_units(xs, ys)) == pytest.approx((float(r), float(se2)), rel=1e-14)


def test_scales_give_the_metric_in_its_own_unit() -> None:
    """Costs stored in millionths and requests in hundredths give the same ratio and variance as plain numbers."""
    xs, ys = [3, 0, 8, 1, 5], [1, 2, 3, 1, 1]
    stored = unit_sums.of_units([x * 10**6 for x in xs], [y * 100 for y in ys], x_scale=10**6, y_scale=100)
    assert ratio.arm_ratio(stored) == pytest.approx(ratio.arm_ratio(unit_sums.of_units(xs, ys)), rel=1e-14)


def test_standard_error_is_the_spread_of_many_samples() -> None:
    """Over 3,000 samples of returning users the mean SE² is the variance of the ratio, by unit and by bucket."""
    rng = np.random.default_rng(5)
    ratios, by_unit, by_bucket = [], [], []
    for _ in range(3000):
        user, cost = visits(rng, 400)
        one = np.ones_like(cost)
        unit = ratio.arm_ratio(clustered(user, 400, cost, one, 400))
        bucket = ratio.arm_ratio(clustered(user % BUCKETS, BUCKETS, cost, one, 400))
        assert unit is not None
        assert bucket is not None
        ratios.append(unit[0])
        by_unit.append(unit[1])
        by_bucket.append(bucket[1])
    truth = float(np.var(ratios))
    assert np.mean(by_unit) == pytest.approx(truth, rel=0.12)
    assert np.mean(by_bucket) == pytest.approx(truth, rel=0.12)


def test_exact_at_1e8_units() -> None:
    """A sample repeated 10⁷ times has its ratio and a variance 10⁷ times smaller, without loss of digits."""
    small = unit_sums.of_units([10**9 + v for v in (3, 0, 8, 1, 5, 9, 2, 4, 4, 6)])
    k = 10**7
    big = Moments(
        units=10 * k,
        clusters=10 * k,
        events=10 * k,
        x=small.x * k,
        y=small.y * k,
        xx=small.xx * k,
        xy=small.xy * k,
        yy=small.yy * k,
    )
    one, many = ratio.arm_ratio(small), ratio.arm_ratio(big)
    assert one is not None
    assert many is not None
    assert many[0] == one[0]
    assert many[1] == pytest.approx(one[1] * 9 / (10 * k - 1), rel=1e-12)


def test_log_ratio_is_the_increase_per_value() -> None:
    """log R1 − log R0 with SE²/R² of each arm."""
    rng = np.random.default_rng(3)
    arms = [unit_sums.of_units(rng.integers(1, 100, 200).tolist()) for _ in range(2)]
    effect = ratio.log_ratio([Stratum(candidate=arms[0], control=arms[1])])
    assert isinstance(effect, Effect)
    (r1, v1), (r0, v0) = (ratio.arm_ratio(arm) or (0.0, 0.0) for arm in arms)
    assert effect.value == pytest.approx(math.log(r1 / r0))
    assert effect.variance == pytest.approx(v1 / r1**2 + v0 / r0**2)


def test_strata_are_joined_by_information() -> None:
    """Without a floor, information adds up and each stratum weighs by its own."""
    rng = np.random.default_rng(4)
    guards = Guards(variance_floor=0.0)
    strata = [
        Stratum(
            candidate=unit_sums.of_units(rng.integers(0, top, n).tolist()),
            control=unit_sums.of_units(rng.integers(0, top, n).tolist()),
        )
        for top, n in ((50, 300), (90, 500))
    ]
    parts = [found([s], guards) for s in strata]
    whole = found(strata, guards)
    assert whole.information == pytest.approx(sum(p.information for p in parts))
    assert whole.value == pytest.approx(sum(p.value * p.information for p in parts) / whole.information)


def alarms(releases: int, rng: np.random.Generator, cluster: str) -> int:
    """False rollbacks among healthy releases of returning, heavy users, looked at ten times, by kind of cluster."""
    count, users = 0, 600
    for _ in range(releases):
        arms = [visits(rng, users) for _ in range(2)]
        tau, rolled_back = 0.0, False
        for look in range(1, 11):
            sums = []
            for user, cost in arms:
                part = cost[: cost.size * look // 10]
                who = user[: part.size]
                seen = int(np.unique(who).size)
                key, size = {
                    "unit": (np.unique(who, return_inverse=True)[1], seen),
                    "bucket": (who % BUCKETS, BUCKETS),
                    "request": (np.arange(part.size), part.size),
                }[cluster]
                sums.append(clustered(key, size, part, np.ones_like(part), seen))
            effect = ratio.log_ratio([Stratum(candidate=sums[0], control=sums[1])])
            if isinstance(effect, NoData):
                continue
            tau = tau or estimate.mixture_sd(effect.information, ALPHA, one_sided=True)
            rolled_back = rolled_back or estimate.harm(effect, tau).log_e >= math.log(1 / ALPHA)
        count += rolled_back
    return count


def test_returning_and_heavy_users_by_unit_or_bucket_are_safe() -> None:
    """Healthy releases with returning, heavy-tailed users roll back at most at α, by unit and by hash bucket."""
    assert alarms(150, np.random.default_rng(11), "unit") <= most_allowed(150)
    assert alarms(150, np.random.default_rng(12), "bucket") <= most_allowed(150)


def test_requests_as_units_are_wrong() -> None:
    """The same releases judged with each request as if it were a user roll back far more often than α."""
    assert alarms(150, np.random.default_rng(11), "request") > most_allowed(150)


@pytest.mark.slow
def test_many_releases_of_returning_and_heavy_users() -> None:
    """2,000 healthy releases: at most α, by unit and by bucket."""
    assert alarms(2000, np.random.default_rng(21), "unit") <= most_allowed(2000)
    assert alarms(2000, np.random.default_rng(22), "bucket") <= most_allowed(2000)


def tiny_strata(rng: np.random.Generator, guards: Guards) -> bool:
    """Whether a healthy release of one large and 150 tiny strata, of heavy-tailed values, is rolled back."""
    sizes = [200] + [3] * 150
    strata = [
        Stratum(
            candidate=unit_sums.of_units((100 * rng.binomial(1, 0.1, n) + rng.integers(0, 30, n)).tolist()),
            control=unit_sums.of_units((100 * rng.binomial(1, 0.1, n) + rng.integers(0, 30, n)).tolist()),
        )
        for n in sizes
    ]
    effect = ratio.increase(strata, guards)
    if isinstance(effect, NoData):
        return False
    return estimate.harm(effect, 3.0).log_e >= math.log(1 / ALPHA)


def test_tiny_strata_with_hardly_any_variance_do_not_decide() -> None:
    """Strata of three units without the guards roll back healthy releases; floor or minimum alone prevent it."""
    rng = np.random.default_rng(8)
    bare = Guards(min_stratum_units=2, variance_floor=0.0)
    assert sum(tiny_strata(rng, bare) for _ in range(200)) > most_allowed(200)
    for guards in (Guards(), Guards(min_stratum_units=2), Guards(variance_floor=0.0)):
        assert sum(tiny_strata(rng, guards) for _ in range(200)) <= most_allowed(200)


def test_three_identical_units_have_no_infinite_weight() -> None:
    """Their SE is 0; with the floor they weigh as three units, and alone they are no data."""
    rng = np.random.default_rng(9)
    main = Stratum(
        candidate=unit_sums.of_units(rng.integers(0, 100, 500).tolist()),
        control=unit_sums.of_units(rng.integers(0, 100, 500).tolist()),
    )
    three = Stratum(candidate=unit_sums.of_units([90] * 3), control=unit_sums.of_units([10] * 3))
    guards = Guards(min_stratum_units=2)
    assert abs(found([main, three], guards).value - found([main], guards).value) < 1.0
    assert found([main, three]) == found([main])
    alone = ratio.increase([three], Guards(min_units=2, min_stratum_units=2, min_events=1))
    assert alone == NoData(reason="the values do not vary")


def test_steps_of_unlike_shares_under_drift_need_strata() -> None:
    """With 10 % candidates before a rise and 50 % after it, pooling sees harm that strata know is none."""
    rng = np.random.default_rng(10)

    def arm(n: int, mean: float) -> Moments:
        return unit_sums.of_units(rng.poisson(mean, n).tolist())

    before = Stratum(candidate=arm(1000, 10.0), control=arm(9000, 10.0))
    after = Stratum(candidate=arm(5000, 12.0), control=arm(5000, 12.0))
    pooled = Stratum(candidate=before.candidate.plus(after.candidate), control=before.control.plus(after.control))
    assert estimate.harm(found([pooled]), 0.2).log_e > math.log(1e6)
    assert estimate.harm(found([before, after]), 0.2).log_e < math.log(1 / ALPHA)


def ramped(rng: np.random.Generator) -> bool:
    """Whether a healthy release over steps of 5, 10, 25 and 50 % is rolled back while its cost drifts upwards.

    Each step enrols a stratum, half of it candidates; all strata go on to the end, with three looks in each step.
    """
    steps, tau = (0.05, 0.05, 0.15, 0.25), 0.0
    sums: list[list[Moments]] = []
    for step in range(4):
        for look in range(3):
            hour = step + look / 3
            if look == 0:
                sums.append([Moments(), Moments()])
            for stratum, arms in enumerate(sums):
                n = round(steps[stratum] * 1000)
                for arm in (0, 1):
                    xs = rng.gamma(0.5, 20 * (1 + hour), n).astype(np.int64)
                    arms[arm] = arms[arm].plus(unit_sums.of_units(xs.tolist()))
            effect = ratio.log_ratio([Stratum(candidate=one, control=zero) for one, zero in sums])
            if isinstance(effect, NoData):
                continue
            tau = tau or estimate.mixture_sd(effect.information, ALPHA, one_sided=True)
            if estimate.harm(effect, tau).log_e >= math.log(1 / ALPHA):
                return True
    return False


@pytest.mark.slow
def test_ramps_under_drift_are_safe() -> None:
    """1,000 healthy releases ramped up over four strata while costs rise fourfold: at most α."""
    rng = np.random.default_rng(30)
    assert sum(ramped(rng) for _ in range(1000)) <= most_allowed(1000)


@pytest.mark.parametrize(
    ("candidate", "control", "says"),
    [
        (Moments(), Moments(), "0 units in candidate"),
        (unit_sums.of_units([5, 7] * 60), Moments(), "0 units in candidate"),
        (unit_sums.of_units([5, 7] * 40), unit_sums.of_units([5, 7] * 80), "80 units in candidate"),
        (unit_sums.of_units([5, 7] * 80), unit_sums.of_units([5, 7] * 40), "80 units in control"),
        (unit_sums.of_units([0] * 300), unit_sums.of_units([0] * 300), "0 units with a value, 20 needed"),
        (unit_sums.of_units([4] * 300), unit_sums.of_units([4] * 300), "do not vary"),
        (unit_sums.of_units([4] * 300, [0] * 300), unit_sums.of_units([4] * 300), "no stratum has a ratio"),
    ],
)
def test_too_little_is_no_data(candidate: Moments, control: Moments, says: str) -> None:
    """Empty arms, one arm only, too few units or events, no variance, no denominator: no data, and why."""
    for judged in (ratio.increase, ratio.log_ratio):
        effect = judged([Stratum(candidate=candidate, control=control)])
        assert isinstance(effect, NoData)
        assert says in effect.reason
        assert estimate.harm(effect, 1.0).log_e == 0.0


def test_a_logarithm_needs_values_above_zero() -> None:
    """An arm whose ratio is 0 has no log-ratio; the increase still judges it."""
    stratum = Stratum(candidate=unit_sums.of_units([0, 1] * 100), control=unit_sums.of_units([0] * 200))
    assert isinstance(ratio.log_ratio([stratum]), NoData)
    assert isinstance(ratio.increase([stratum]), Effect)


def test_guards_that_guard_nothing_are_refused() -> None:
    """A variance takes two units."""
    for fields in ({"min_units": 1}, {"min_stratum_units": 0}, {"min_events": 0}):
        with pytest.raises(InvalidInput):
            Guards(**fields)
    with pytest.raises(InvalidInput):
        Guards(variance_floor=math.nan)


def test_buckets_and_units_agree() -> None:
    """On the same traffic both estimates are equal and both standard errors close."""
    user, cost = visits(np.random.default_rng(2), 4000)
    one = np.ones_like(cost)
    by_unit = ratio.arm_ratio(clustered(user, 4000, cost, one, 4000))
    places = [np.bincount(user % 1024, v, 1024).astype(np.int64).tolist() for v in (cost, one)]
    buckets = Buckets(units=4000, events=4000, x=tuple(places[0]), y=tuple(places[1]))
    by_bucket = ratio.arm_ratio(buckets.moments())
    assert by_unit is not None
    assert by_bucket is not None
    assert by_unit[0] == by_bucket[0]
    assert by_bucket[1] == pytest.approx(by_unit[1], rel=0.2)


@pytest.mark.parametrize("still", ["candidate", "control"])
def test_the_floor_is_the_pooled_variance_of_the_arm(still: str) -> None:
    """An arm that does not vary in one stratum is given the variance per unit of that arm over all strata."""
    varied, same = unit_sums.of_units([0, 8] * 50), unit_sums.of_units([4] * 50)
    own, other = (same, varied) if still == "candidate" else (varied, same)
    effect = found([Stratum(candidate=varied, control=varied), Stratum(candidate=own, control=other)])
    per_unit = 16 * 100 / 99
    pooled = per_unit * 100 / 150
    information = 1 / (2 * per_unit / 100) + 1 / (per_unit / 100 + pooled / 50)
    assert effect.information == pytest.approx(information)
