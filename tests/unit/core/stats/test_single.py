"""One pair of counts at a time gives what arrays of them give."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from serinus.core.stats import allocation, events, single

MARGIN = events.Margin(1.25, 2.0)
COUNTS = st.one_of(st.integers(0, 60), st.integers(0, 5_000), st.integers(0, 100_000_000))
RATIOS = st.floats(1.0, 50.0)


@given(COUNTS, COUNTS, RATIOS, st.floats(1.01, 20.0))
def test_harm_of_one_pair_is_that_of_the_array(candidate: int, control: int, ratio: float, times: float) -> None:
    """To 1e-9 absolutely or of the value, everywhere: also deep in the tail, and at 10⁸ events."""
    margin = events.Margin(ratio, ratio * times)
    expected = float(events.harm(np.asarray([candidate]), np.asarray([control]), margin)[0])
    assert single.harm(candidate, control, margin) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(COUNTS, COUNTS, st.floats(1.01, 50.0))
def test_no_harm_of_one_pair_is_that_of_the_array(candidate: int, control: int, ratio: float) -> None:
    """The mirror image likewise."""
    expected = float(events.no_harm(np.asarray([candidate]), np.asarray([control]), ratio)[0])
    assert single.no_harm(candidate, control, ratio) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("candidate", "control"), [(0, 0), (9, 3), (40, 11), (3, 25)])
def test_harm_is_the_mixture_it_says(candidate: int, control: int) -> None:
    """The definition, integrated by brute force: a beta prior cut at θ0, against the likelihood at θ0."""
    theta0, design = (events.candidate_chance(r) for r in MARGIN)
    a, b = 10 * design, 10 * (1 - design)

    def likelihood(theta: float, x: float, y: float) -> float:
        return theta**x * (1 - theta) ** y

    above, _ = integrate.quad(lambda t: likelihood(t, a + candidate - 1, b + control - 1), theta0, 1, epsabs=1e-30)
    prior, _ = integrate.quad(lambda t: likelihood(t, a - 1, b - 1), theta0, 1, epsabs=1e-30)
    expected = math.log(above / prior / likelihood(theta0, candidate, control))
    assert single.harm(candidate, control, MARGIN) == pytest.approx(expected, abs=1e-6)


@given(st.integers(0, 100_000_000), st.integers(0, 100_000_000))
def test_mismatch_of_one_stratum_is_that_of_the_statistic(candidate: int, control: int) -> None:
    """Also of 10⁸ units."""
    expected = allocation.mismatch([allocation.Allocation(units=(candidate, control))]).log_e
    assert single.mismatch(candidate, control) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_no_event_is_no_evidence() -> None:
    """log E = 0."""
    assert single.harm(0, 0, MARGIN) == 0.0
    assert single.no_harm(0, 0, 1.25) == 0.0


@pytest.mark.parametrize("margin", [events.Margin(2.0, 2.0), events.Margin(0.0, 2.0), events.Margin(3.0, 2.0)])
def test_a_design_ratio_inside_the_margin_is_refused(margin: events.Margin) -> None:
    """As by the array."""
    with pytest.raises(ValueError, match="design ratio"):
        single.harm(1, 1, margin)


def test_counts_below_0_and_margins_without_room_are_refused() -> None:
    """As by the array."""
    with pytest.raises(ValueError, match="below 0"):
        single.harm(-1, 1, MARGIN)
    with pytest.raises(ValueError, match="above 1"):
        single.no_harm(1, 1, 1.0)
