"""How the event test behaves over many releases: its error rate, its speed, and what must not be done instead."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from bench.judging import renewing
from serinus.core.stats import combine, events, renewal
from serinus.core.stats.beta import Floats
from serinus.core.stats.events import Margin

ALPHA = 0.05
LOOK = 50  # units between looks, half in each arm


def evidence(s1: Floats, s0: Floats, margin: Margin) -> Floats:
    """log E at all these counts, looked up in one table."""
    rows, columns = np.meshgrid(np.arange(s1.max() + 1), np.arange(s0.max() + 1), indexing="ij")
    return np.asarray(events.harm(rows, columns, margin)[s1, s0])


def alarms(log_e: Floats) -> Floats:
    """Which rows (releases) ever reach 1/α over their looks."""
    return np.asarray((log_e >= math.log(1 / ALPHA)).any(axis=1))


def most_allowed(releases: int) -> int:
    """The count that a test with a true rate of exactly α exceeds once in 100,000 runs of this file."""
    return int(stats.binom.ppf(1 - 1e-5, releases, ALPHA))


def first_events(rng: np.random.Generator, rate: float, releases: int, units: int) -> Floats:
    """Cumulative counts of units with an event in one arm at each look."""
    return np.asarray(np.cumsum(rng.binomial(LOOK // 2, rate, (releases, units // LOOK)), axis=1))


@pytest.mark.parametrize(
    ("base", "worse", "seen", "most"),
    [(0.02, 0.04, 2160, 15_000), (0.02, 0.06, 730, 5_000), (0.05, 0.10, 934, 7_000)],
    ids=str,
)
def test_units_until_rollback(base: float, worse: float, seen: int, most: int) -> None:
    """At α = .05, looked at every 50 units, harm is found after the number of units the statistics page gives."""
    rng = np.random.default_rng(20261121)
    s1, s0 = first_events(rng, worse, 2500, most), first_events(rng, base, 2500, most)
    found = evidence(s1, s0, Margin(1.0, 2.0)) >= math.log(1 / ALPHA)
    assert found.any(axis=1).mean() > 0.999
    units = (found.argmax(axis=1) + 1) * LOOK
    assert units.mean() == pytest.approx(seen, rel=0.06)


def test_close_to_the_limit_of_all_tests() -> None:
    """2 % → 4 % costs at most 1.3 times the units that any test of power one needs on average (section 6)."""
    p1, p0, mean = 0.04, 0.02, 0.03
    information = 0.5 * sum(special.rel_entr(p, mean) + special.rel_entr(1 - p, 1 - mean) for p in (p1, p0))
    bound = math.log(1 / ALPHA) / information
    assert bound == pytest.approx(1711, abs=1)
    rng = np.random.default_rng(7)
    s1, s0 = first_events(rng, p1, 2500, 15_000), first_events(rng, p0, 2500, 15_000)
    found = evidence(s1, s0, Margin(1.0, 2.0)) >= math.log(1 / ALPHA)
    assert ((found.argmax(axis=1) + 1) * LOOK).mean() / bound < 1.3


def test_false_alarms_at_most_alpha() -> None:
    """4,000 healthy releases at 2 % errors, looked at 600 times each: alarms stay within the bound for α."""
    rng = np.random.default_rng(11)
    s1, s0 = first_events(rng, 0.02, 4000, 30_000), first_events(rng, 0.02, 4000, 30_000)
    count = int(alarms(evidence(s1, s0, Margin(1.0, 2.0))).sum())
    assert 0.02 * 4000 < count <= most_allowed(4000)


def test_false_alarms_at_the_margin_with_restarts() -> None:
    """A candidate exactly at its margin, judged with restarts at three steps, raises at most α false alarms."""
    rng = np.random.default_rng(12)
    margin, releases = Margin(1.25, 2.0), 3000
    s1, s0 = first_events(rng, 0.025, releases, 20_000), first_events(rng, 0.02, releases, 20_000)
    total = np.full(s1.shape, -np.inf)
    for weight, start in zip(combine.restart_weights(3), (0, 80, 200), strict=True):
        at1, at0 = (s1[:, [start - 1]], s0[:, [start - 1]]) if start else (0, 0)
        since = evidence(np.maximum(s1 - at1, 0), np.maximum(s0 - at0, 0), margin)
        total = np.logaddexp(total, math.log(weight) + np.where(np.arange(s1.shape[1]) >= start, since, 0))
    assert int(alarms(total).sum()) <= most_allowed(releases)


def test_restarts_see_late_harm_sooner() -> None:
    """Harm of 2× after 800 healthy events is found in well under half of the events one long process needs."""
    rng = np.random.default_rng(13)
    late = np.cumsum(rng.random((400, 900)) < events.candidate_chance(2.0), axis=1)
    n = np.arange(1, 901)
    margin = Margin(1.0, 2.0)
    whole = events.harm(400 + late, 400 + n - late, margin)
    fresh = np.logaddexp(math.log(0.5) + whole, math.log(0.5) + events.harm(late, n - late, margin))
    bar = math.log(1 / ALPHA)
    whole_needs = (whole >= bar).argmax(axis=1).mean()
    fresh_needs = (fresh >= bar).argmax(axis=1).mean()
    assert 270 < whole_needs < 400
    assert fresh_needs < whole_needs / 2


def returning_users(rng: np.random.Generator, releases: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Two equal arms of users who return 20 times and differ in how often their requests fail (2 % on average).

    Cumulative counts at 60 looks: requests with an error, and users with a first error, per arm.
    """
    looks, users, visits = 60, 25, 20

    def arm() -> tuple[Floats, Floats]:
        rates = rng.beta(0.1, 4.9, (releases, looks, users))
        failed = rng.binomial(visits, rates)
        return np.cumsum(failed.sum(axis=2), axis=1), np.cumsum((failed > 0).sum(axis=2), axis=1)

    (r1, u1), (r0, u0) = arm(), arm()
    return r1, r0, u1, u0


def test_counting_requests_of_returning_users_is_wrong() -> None:
    """Requests of one user are not independent: counting them alarms in over 20 % of healthy releases; counting
    each user's first bad event does not."""
    r1, r0, u1, u0 = returning_users(np.random.default_rng(14), 600)
    by_request = int(alarms(events.harm(r1, r0, Margin(1.0, 2.0))).sum())
    by_unit = int(alarms(events.harm(u1, u0, Margin(1.0, 2.0))).sum())
    assert by_request > 0.2 * 600
    assert by_unit <= most_allowed(600)


@pytest.mark.parametrize("max_ratio", [1.5, 2.0])
def test_a_grid_below_the_margin_is_wrong(max_ratio: float) -> None:
    """A grid from log 1 up tests something else than r ≤ r0: equal arms alarm in over 80 % of releases; the grid
    from the margin up does not."""
    rng = np.random.default_rng(15)
    steps = np.cumsum(rng.random((200, 1500)) < 0.5, axis=1)[:, ::25]
    n = np.arange(1, 1501)[::25]

    def grid(low: float) -> Floats:
        points = np.linspace(math.log(low), math.log(6.0), events.GRID_POINTS + 1)[1:]
        base = math.log(max_ratio)
        gain1 = special.log_expit(points) - special.log_expit(base)
        gain0 = special.log_expit(-points) - special.log_expit(-base)
        terms = steps[..., None] * gain1 + (n - steps)[..., None] * gain0
        return np.asarray(special.logsumexp(terms, axis=2) - math.log(events.GRID_POINTS))

    assert int(alarms(grid(1.0)).sum()) > 0.8 * 200
    assert int(alarms(grid(max_ratio)).sum()) <= most_allowed(200)
    one = events.harm_in_strata([int(steps[0, -1])], [int(n[-1] - steps[0, -1])], [0.5], max_ratio)
    assert one == pytest.approx(grid(max_ratio)[0, -1], abs=1e-9)


def test_pooling_steps_under_drift_is_wrong() -> None:
    """Candidate against all the rest while the base rate rises from 1 % to 4 %: pooled over the steps nearly every
    healthy release alarms; with the steps as strata, and with slices of equal width, it does not."""
    rng = np.random.default_rng(16)
    releases, units = 200, 10_000
    shares, rates = np.array([0.05, 0.25, 0.5]), np.array([0.01, 0.02, 0.04])
    x1 = np.stack([rng.binomial((units * s).astype(int), r, releases) for s, r in zip(shares, rates, strict=True)], 1)
    x0 = np.stack(
        [rng.binomial((units * (1 - s)).astype(int), r, releases) for s, r in zip(shares, rates, strict=True)], 1
    )
    bar = math.log(1 / ALPHA)
    pooled = [events.harm_in_strata([a.sum()], [b.sum()], [shares.mean()], 1.0) for a, b in zip(x1, x0, strict=True)]
    strata = [events.harm_in_strata(a, b, shares, 1.0) for a, b in zip(x1, x0, strict=True)]
    assert sum(e >= bar for e in pooled) > 0.9 * releases
    assert sum(e >= bar for e in strata) <= most_allowed(releases)
    equal1 = sum(rng.binomial((units * s).astype(int), r, releases) for s, r in zip(shares, rates, strict=True))
    equal0 = sum(rng.binomial((units * s).astype(int), r, releases) for s, r in zip(shares, rates, strict=True))
    assert int((events.harm(equal1, equal0, Margin(1.0, 2.0)) >= bar).sum()) <= most_allowed(releases)


@pytest.mark.slow
@pytest.mark.parametrize(("max_ratio", "units"), [(2.0, 3_200), (1.5, 9_700), (1.25, 31_000)])
def test_units_to_show_no_harm(max_ratio: float, units: int) -> None:
    """With equal arms at 2 % errors, showing a ratio below the margin at β = .05 takes the units of section 3."""
    rng = np.random.default_rng(17)
    s1, s0 = first_events(rng, 0.02, 400, units * 5), first_events(rng, 0.02, 400, units * 5)
    shown = events.no_harm(s1, s0, max_ratio) >= math.log(1 / 0.05)
    assert shown.any(axis=1).mean() > 0.98
    needed = np.where(shown.any(axis=1), (shown.argmax(axis=1) + 1) * LOOK, units * 5)
    assert needed.mean() == pytest.approx(units, rel=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_false_rollbacks_of_whole_releases_at_most_alpha(alpha: float) -> None:
    """10,000 healthy releases with a ramp, base rates that drift, first events of returning and heavy users and eight
    guardrails, judged as a release is judged: false rollbacks stay within the bound for α."""
    rng = np.random.default_rng(18)
    releases, looks, rails, starts = 10_000, 60, 8, (0, 20, 40)
    margin, scheme = Margin(1.0, 2.0), renewal.of_level(alpha / rails)
    total = np.zeros((releases, looks))
    ramp = np.repeat([0.1, 0.5, 1.0], looks // 3)
    drift = np.exp(np.cumsum(rng.normal(0, 0.2, (releases, looks)), axis=1))  # shared by all metrics and arms
    for _ in range(rails):
        heavy = rng.gamma(0.5, 2.0, (releases, looks))
        arrived = rng.poisson(np.minimum(2.0 * ramp * drift * heavy, 20.0))
        mine = rng.binomial(arrived, 0.5)
        s1, s0 = np.cumsum(mine, axis=1), np.cumsum(arrived - mine, axis=1)
        total += np.exp(renewing.log_e(s1, s0, margin, starts, scheme)) / rails
    count = int((total >= 1 / alpha).any(axis=1).sum())
    assert 0 < count <= stats.binom.ppf(1 - 1e-5, releases, alpha)
