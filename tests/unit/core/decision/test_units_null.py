"""False rollbacks by guardrails on latency and cost, through the agent's tally, a store's sums and the judgement."""

from __future__ import annotations

import numpy as np
from scipy import stats

from serinus.core.decision.verdict import Verdict
from serinus.core.records.record import Record
from serinus.core.routing.assignment import Arm
from tests.unit.core.decision.units_world import COST, P95, T_US, Shipped, calls, release_with

ALPHA = 0.05
RELEASES = 100
LOOKS = 10
CALLS = 160
"""Between two looks."""


def _stopped(seed: int, slower: float = 1.0, dearer: float = 1.0) -> bool:
    """Whether one release is stopped. A few users make most of the calls, some are slow or dear by nature, everything
    gets slower by and by, and a second step begins half-way."""
    rng = np.random.default_rng(seed)
    shipped = Shipped(release_with(P95, COST, alpha=ALPHA, steps=2))
    users = 4000
    arms = rng.integers(1, 3, users)
    taste = np.exp(rng.normal(0, 0.4, users))
    purse = np.exp(rng.normal(0, 0.7, users))
    for look in range(LOOKS):
        reach = users // 4 if look < LOOKS // 2 else users
        who = (reach * rng.random(CALLS * (1 if look < LOOKS // 2 else 3)) ** 1.7).astype(int)
        batch: list[tuple[Record | None, str]] = []
        for unit in who:
            arm = Arm(int(arms[unit]))
            by = arm is Arm.CANDIDATE
            waited = 0.45 * T_US * taste[unit] * np.exp(rng.normal(0, 0.3)) * (1 + 0.05 * look)
            cost = min(2e6 * purse[unit] * np.exp(rng.normal(0, 1.0)), 4e7)
            stratum = 0 if unit < users // 4 else 1
            waited, cost = waited * (slower if by else 1), cost * (dearer if by else 1)
            batch += calls(arm, int(unit), int(waited), int(cost), stratum)
        shipped.ship(batch)
        if shipped.judge().verdict is Verdict.FAIL:
            return True
    return False


def test_H5_heavy_and_returning_users_drift_and_a_ramp_stop_no_more_than_alpha() -> None:
    """At the boundary of its latency margin, and as dear as the control: not more false rollbacks than α allows, by
    the exact binomial bound at one in a million."""
    stopped = sum(_stopped(seed, slower=1.1) for seed in range(RELEASES))
    assert stopped <= stats.binom.ppf(1 - 1e-6, RELEASES, ALPHA), stopped


def test_a_slower_and_a_dearer_candidate_are_stopped() -> None:
    """The same worlds with half as much again: nearly all are stopped."""
    assert sum(_stopped(seed, slower=1.7) for seed in range(20)) >= 18
    assert sum(_stopped(seed, dearer=2.2) for seed in range(20)) >= 18
