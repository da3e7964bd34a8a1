"""The scenarios: how releases come, whether the candidate is worse, and what no test can beat."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.judging import traffic
from bench.judging.sample import LOOKS, STARTS, Array, Sample
from serinus.core.stats import efficiency

Generate = Callable[[np.random.Generator, int], Sequence[Sample]]


def _never(alpha: float) -> float:
    del alpha
    return math.nan


@dataclass(frozen=True, slots=True)
class Scenario:
    """`family` names the healthy scenario on which rivals are tuned for it. `bound(α)`: least mean units, or NaN."""

    name: str
    harmful: bool
    family: str
    generate: Generate
    bound: Callable[[float], float] = _never


def _flat(rate: float) -> Array:
    return np.full(LOOKS, rate)


def _events(rate1: Array, rate0: Array) -> Generate:
    return lambda rng, releases: [traffic.first_events(rng, releases, rate1, rate0)]


def _times(ratio: float) -> Scenario:
    worse = traffic.BASE * ratio
    return Scenario(
        f"failures {ratio:g} times",
        True,
        "healthy",
        _events(_flat(worse), _flat(traffic.BASE)),
        lambda alpha: efficiency.events_bound(worse, traffic.BASE, alpha),
    )


def _latency(name: str, all_slower: float, tail_slower: float) -> Scenario:
    return Scenario(
        name,
        all_slower * tail_slower > 1.0,
        "latency healthy",
        lambda rng, releases: [traffic.latencies(rng, releases, all_slower, tail_slower)],
    )


def _scores(
    name: str, drop: float | Array, labels: traffic.Labels = traffic.AT_ONCE, bound: Callable[[float], float] = _never
) -> Scenario:
    lower = np.broadcast_to(np.asarray(drop, float), LOOKS)
    return Scenario(
        name,
        bool(lower.any()),
        "scores healthy",
        lambda rng, releases: [traffic.scores(rng, releases, lower, labels)],
        bound,
    )


def _lower(drop: float) -> Scenario:
    return _scores(
        f"scores lower by {drop:.2f}".replace("0.", "."),
        drop,
        bound=lambda alpha: efficiency.means_bound(traffic.SCORE_SD, drop, alpha),
    )


_LABELS = traffic.Labels(late=10, missing=0.2, swing=0.1)
"""Ten minutes late, one in five never, and a mean between .7 and .9."""
_RISING = np.linspace(0.01, 0.04, LOOKS)
_LATE = traffic.BASE * np.where(np.arange(LOOKS) < STARTS[-1], 1.0, 2.0)
_INCIDENT = np.where(np.arange(LOOKS) < LOOKS // 2, traffic.BASE, 3 * traffic.BASE)

SCENARIOS = (
    Scenario("healthy", False, "healthy", _events(_flat(traffic.BASE), _flat(traffic.BASE))),
    _times(2.0),
    _times(3.0),
    Scenario("drift under ramp, healthy", False, "healthy", _events(_RISING, _RISING)),
    Scenario("drift under ramp, failures 2 times", True, "healthy", _events(2 * _RISING, _RISING)),
    Scenario("failures 2 times from the last step on", True, "healthy", _events(_LATE, _flat(traffic.BASE))),
    Scenario("provider incident in both arms", False, "healthy", _events(_INCIDENT, _INCIDENT)),
    Scenario("heavy returning users, healthy", False, "healthy", lambda rng, n: [traffic.returning(rng, n, 1.0)]),
    Scenario(
        "heavy returning users, failures 3 times", True, "healthy", lambda rng, n: [traffic.returning(rng, n, 3.0)]
    ),
    _scores("scores healthy", 0.0),
    _lower(0.05),
    _latency("latency healthy", 1.0, 1.0),
    _latency("p95 1.15 times, all calls slower", 1.15, 1.0),
    _latency("p95 1.3 times, all calls slower", 1.3, 1.0),
    _latency("p95 1.3 times, the slowest tenth", 1.0, 1.3),
    Scenario("8 guardrails healthy", False, "8 guardrails healthy", lambda rng, n: traffic.correlated(rng, n, 1.0)),
    Scenario("8 guardrails, one 2 times", True, "8 guardrails healthy", lambda rng, n: traffic.correlated(rng, n, 2.0)),
    _lower(0.10),
    _scores("scores lower by .05 from the last step on", np.where(np.arange(LOOKS) < STARTS[-1], 0.0, 0.05)),
    _scores("late and missing scores that drift, healthy", 0.0, _LABELS),
    _scores("late and missing scores that drift, lower by .05", 0.05, _LABELS),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
FAMILIES = tuple(dict.fromkeys(scenario.family for scenario in SCENARIOS))
