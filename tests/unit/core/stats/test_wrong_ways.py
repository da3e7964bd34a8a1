"""What must not be done, as nulls that fail: beside those that stand with the tests of each method."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from serinus.core.stats import efficiency, events
from serinus.core.stats.betting import BETS
from serinus.core.stats.events import Margin

ALPHA = 0.05
EQUAL = Margin(1.0, 2.0)
WEIGHTS = [b**1.5 * (1 - b) / sum(c**1.5 * (1 - c) for c in BETS) for b in BETS]
Counts = npt.NDArray[np.int64]


def alarms(s1: Counts, s0: Counts) -> int:
    """Rows (releases) that ever reach 1/α over their looks."""
    rows, columns = np.meshgrid(np.arange(s1.max() + 1), np.arange(s0.max() + 1), indexing="ij")
    return int((events.harm(rows, columns, EQUAL)[s1, s0] >= math.log(1 / ALPHA)).any(axis=1).sum())


def most_allowed(releases: int) -> int:
    """The count that a test with a true rate of exactly α exceeds once in a million runs."""
    return int(stats.binom.ppf(1 - 1e-6, releases, ALPHA))


def test_strata_by_the_step_of_the_request_are_wrong() -> None:
    """A user who fails often has a first event in every step that she comes back in. Counted once per step she is
    several coins that fall alike: equal arms alarm twice as often as α allows. Counted once for life they do not."""
    rng = np.random.default_rng(1)
    releases, steps, users = 400, 24, 20

    def arm() -> tuple[Counts, Counts]:
        proneness = rng.beta(0.05, 0.95, (releases, steps, users, 1))
        fails = rng.random((releases, steps, users, steps)) < proneness
        come, step = np.arange(steps)[:, None, None], np.arange(steps)
        fails &= step >= come
        per_step = np.cumsum(fails.sum(axis=(1, 2)), axis=1)
        for_life = (fails.cumsum(axis=3) > 0).sum(axis=(1, 2))
        return per_step, for_life

    (often1, once1), (often0, once0) = arm(), arm()
    assert alarms(often1, often0) > most_allowed(releases)
    assert alarms(once1, once0) <= most_allowed(releases)


def test_requests_of_heavy_users_are_wrong() -> None:
    """Visits are heavy-tailed as well: counting requests rolls back more than 4 healthy releases in 10, counting each
    user's first bad event at most α."""
    rng = np.random.default_rng(2)
    releases, looks, users = 300, 40, 20

    def arm() -> tuple[Counts, Counts]:
        visits = np.minimum(np.ceil(5 * (1 + rng.pareto(1.2, (releases, looks, users)))), 400).astype(int)
        failed = rng.binomial(visits, rng.beta(0.1, 4.9, visits.shape))
        return np.cumsum(failed.sum(axis=2), axis=1), np.cumsum((failed > 0).sum(axis=2), axis=1)

    (requests1, users1), (requests0, users0) = arm(), arm()
    assert alarms(requests1, requests0) > 0.4 * releases
    assert alarms(users1, users0) <= most_allowed(releases)


def test_bets_tuned_for_intervals_are_slow() -> None:
    """The bet √(2 log(1/α) / (σ² t log(1 + t))), made for tight intervals, needs more than 1.8 times what no test can
    beat at a drop of .05 of scores that spread by .35; the mixture of bets, on the same scores, less than 1.6 times."""
    rng = np.random.default_rng(3)
    releases, units, sd, drop = 120, 12_000, 0.35, 0.05
    candidate = rng.random((releases, units)) < 0.5
    mean = np.where(candidate, 0.8 - drop, 0.8)
    size = mean * (1 - mean) / sd**2 - 1
    scores = rng.beta(mean * size, (1 - mean) * size)
    gains = 2 * np.where(candidate, 0.8 - scores, scores - 0.8) / 1.6
    t = np.arange(1, units + 1)
    before = np.concatenate([np.full((releases, 1), 0.25), (np.cumsum(gains**2, axis=1) / t)[:, :-1]], axis=1)
    for_intervals = np.minimum(np.sqrt(2 * math.log(1 / ALPHA) / (before * t * np.log1p(t))), 0.5)
    tuned = np.cumsum(np.log1p(for_intervals * gains), axis=1)
    bound = efficiency.means_bound(sd, drop, ALPHA)
    assert _units(tuned) / bound > 1.8
    logs = [math.log(w) + np.cumsum(np.log1p(b * gains), axis=1) for b, w in zip(BETS, WEIGHTS, strict=True)]
    assert _units(np.asarray(np.logaddexp.reduce(logs, axis=0))) / bound < 1.6


def _units(log_e: npt.NDArray[np.float64]) -> float:
    """Mean units until 1/α."""
    reached = log_e >= math.log(1 / ALPHA)
    return float(np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, log_e.shape[1]).mean())
