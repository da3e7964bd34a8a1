"""Assignment: slices grow, are equal, keep their units, and releases are independent of each other."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from serinus.core.routing.assignment import (
    Arm,
    RampPoint,
    arm_of,
    point_at,
    slice_of,
    stratum_of,
    unit_point,
)

POINTS = st.integers(0, 2**53 - 1).map(lambda n: n / 2**53)
SHARES = st.floats(0.001, 0.5)
CHANCE = 1e-9  # of a false alarm in each test that counts


@st.composite
def ramps(draw: st.DrawFn) -> tuple[RampPoint, ...]:
    """A history as releases make it: growing revisions, steps and shares."""
    shares = sorted(draw(st.sets(SHARES, min_size=1, max_size=5)))
    revisions = sorted(draw(st.sets(st.integers(1, 100), min_size=len(shares), max_size=len(shares))))
    return tuple(
        RampPoint(revision=revision, step=step, share=share)
        for step, (revision, share) in enumerate(zip(revisions, shares, strict=True))
    )


@given(POINTS, SHARES, SHARES)
def test_H1_once_exposed_stays_exposed_while_shares_grow(u: float, one: float, other: float) -> None:
    """A unit in a slice keeps its arm at every larger share."""
    small, large = sorted((one, other))
    arm = slice_of(u, small)
    assert arm is Arm.REST or slice_of(u, large) is arm


@given(POINTS, SHARES, st.floats(0.5, 0.999, exclude_min=True))
def test_H1_candidates_stay_candidates_in_the_watch(u: float, share: float, watch: float) -> None:
    """Above one half the candidate's slice still only grows, and nobody is left outside."""
    if slice_of(u, share) is Arm.CANDIDATE:
        assert slice_of(u, watch) is Arm.CANDIDATE
    assert slice_of(u, watch) is not Arm.REST


@given(SHARES)
def test_H5_both_slices_are_equally_wide(share: float) -> None:
    """Candidate and control hold the same number of points, but for the rounding of 1 - share to 2^-53."""
    lattice = 2**53
    candidate = ceil(Fraction(share) * lattice)
    control = lattice - ceil(Fraction(1.0 - share) * lattice)
    assert abs(candidate - control) <= 1


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
def test_H5_counts_of_both_arms_are_those_of_a_fair_draw(share: float) -> None:
    """Out of 20,000 units each arm gets its share, within an exact binomial bound."""
    units = 20_000
    arms = [slice_of(unit_point("s1", f"user-{n}"), share) for n in range(units)]
    low, high = binom.ppf(CHANCE, units, share), binom.isf(CHANCE, units, share)
    for arm in (Arm.CANDIDATE, Arm.CONTROL):
        assert low <= arms.count(arm) <= high


def test_H1_salts_make_releases_independent() -> None:
    """Who was early in one release is not early in the next: chi-square over a 10 x 10 table of two salts."""
    units, side = 20_000, 10
    table = [0] * (side * side)
    for n in range(units):
        unit = f"user-{n}"
        table[int(unit_point("s1", unit) * side) * side + int(unit_point("s2", unit) * side)] += 1
    expected = units / side**2
    statistic = sum((count - expected) ** 2 / expected for count in table)
    assert statistic < chi2.isf(CHANCE, side**2 - 1)


@given(POINTS, ramps(), st.integers(0, 120), st.integers(0, 120))
def test_a_conversation_keeps_its_arm_when_the_ramp_goes_on(
    u: float, ramp: tuple[RampPoint, ...], started: int, now: int
) -> None:
    """Arm and stratum depend on the history up to the conversation's start, not on what came later (2.4)."""
    known_then = tuple(point for point in ramp if point.revision <= max(started, now))
    if started <= now:
        assert arm_of(u, known_then, started) == arm_of(u, ramp, started)


@given(POINTS, ramps(), st.integers(0, 120))
def test_a_conversation_begun_before_the_unit_was_enrolled_stays_outside(
    u: float, ramp: tuple[RampPoint, ...], started: int
) -> None:
    """Both arms count from the first conversation begun after enrolment (2.4)."""
    arm, stratum = arm_of(u, ramp, started)
    enrolled = next((point for point in ramp if slice_of(u, point.share) is not Arm.REST), None)
    if enrolled is None or started < enrolled.revision:
        assert (arm, stratum) == (Arm.REST, -1)
    else:
        assert arm in (Arm.CANDIDATE, Arm.CONTROL)
        assert stratum == enrolled.step


@given(POINTS, ramps())
def test_a_stratum_is_for_life(u: float, ramp: tuple[RampPoint, ...]) -> None:
    """The first step whose slices hold a unit stays its stratum at every later step (2.3)."""
    strata = [stratum_of(u, ramp[: n + 1]) for n in range(len(ramp))]
    found = [stratum for stratum in strata if stratum >= 0]
    assert len(set(found)) <= 1


@given(POINTS, ramps(), st.floats(0.9, 0.999))
def test_the_comparison_closes_above_one_half(u: float, ramp: tuple[RampPoint, ...], watch: float) -> None:
    """In the 100 % watch nobody has a stratum: former controls are served by the candidate (2.1)."""
    last = RampPoint(revision=200, step=len(ramp), share=watch)
    _, stratum = arm_of(u, (*ramp, last), 200)
    assert stratum == -1


def test_the_ramp_point_in_force_is_the_last_one_begun() -> None:
    """Before the first point there is none."""
    ramp = (RampPoint(revision=5, step=0, share=0.05), RampPoint(revision=9, step=1, share=0.25))
    assert [point_at(ramp, revision) for revision in (4, 5, 8, 9, 99)] == [None, ramp[0], ramp[0], ramp[1], ramp[1]]


@given(POINTS)
def test_no_share_is_no_exposure(u: float) -> None:
    """A share of 0 gives everybody the baseline, outside the comparison."""
    assert slice_of(u, 0.0) is Arm.REST


def test_salt_and_unit_cannot_be_shifted_into_each_other() -> None:
    """The separator keeps (ab, c) and (a, bc) apart."""
    assert unit_point("ab", "c") != unit_point("a", "bc")
