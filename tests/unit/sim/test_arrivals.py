"""When requests arrive."""

from __future__ import annotations

import itertools

import pytest
from scipy import stats

from serinus.sim.arrivals import Shape, arrivals, rate_at
from serinus.sim.chance import Draws


def times(spacing: str, shape: Shape, count: int, rate: float = 50.0, day_s: float = 60.0) -> list[float]:
    """The first arrivals."""
    return list(itertools.islice(arrivals(rate, spacing, shape, day_s, Draws("times")), count))  # type: ignore[arg-type]


def test_poisson_gaps_are_exponential() -> None:
    """Gaps of a constant rate follow the exponential law with mean 1 / rate."""
    at_s = times("poisson", "flat", 10_000)
    gaps = [later - earlier for earlier, later in itertools.pairwise(at_s)]
    assert stats.kstest(gaps, "expon", args=(0, 1 / 50.0)).pvalue > 1e-4


def test_even_gaps_are_even() -> None:
    """1 / rate apart."""
    assert times("even", "flat", 4) == pytest.approx([0.0, 0.02, 0.04, 0.06])


@pytest.mark.parametrize("spacing", ["poisson", "even"])
def test_a_day_has_its_night_and_its_noon(spacing: str) -> None:
    """The middle fifth of the day has about four times the traffic of the first and last tenths, the whole the rate."""
    at_s = [each for each in times(spacing, "day", 40_000, rate=500.0) if each < 60.0]
    night = sum(each < 6.0 or each >= 54.0 for each in at_s)
    noon = sum(24.0 <= each < 36.0 for each in at_s)
    assert len(at_s) == pytest.approx(30_000, rel=0.03)
    assert 3.0 < noon / night < 4.0


def test_the_wave_runs_from_forty_to_a_hundred_and_sixty_percent() -> None:
    """At the start of the day 0.4 times the rate, in its middle 1.6 times."""
    assert [rate_at(100.0, "day", at_s, 60.0) for at_s in (0.0, 30.0)] == pytest.approx([40.0, 160.0])
