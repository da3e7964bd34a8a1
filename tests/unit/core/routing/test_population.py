"""A population decides who takes part; the side is the point's alone, for life."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from serinus.core.routing.assignment import Arm, RampPoint, arm_of, point_at
from serinus.core.routing.population import FORCED, NOWHERE, arm_at, place_of, share_within
from serinus.core.routing.predicate import Condition, Facts, Predicate

GRID = 2**53
EDGE = 2**-50
Populations = tuple[Predicate | None, ...]


def segment(number: int) -> Condition:
    """Those who send a certain attribute."""
    return Condition(name=f"s{number}", values=(True,))


def facts(*members: int) -> Facts:
    """Somebody in these segments."""
    return Facts(attributes={f"s{number}": True for number in members})


@st.composite
def ramps(draw: st.DrawFn) -> tuple[tuple[RampPoint, ...], Populations]:
    """Steps of any slice up to one half, some of them for segments only; perhaps the watch behind them."""
    slices = draw(st.lists(st.integers(1, 500), min_size=1, max_size=6))
    meant = draw(st.lists(st.none() | st.integers(0, 3), min_size=len(slices), max_size=len(slices)))
    ramp = [RampPoint(revision=10 * (i + 1), step=i, share=s / 1000) for i, s in enumerate(slices)]
    if draw(st.booleans()):
        ramp.append(RampPoint(revision=10 * (len(ramp) + 1), step=len(ramp), share=0.99))
    return tuple(ramp), tuple(segment(s) if s is not None else None for s in meant)


POINTS = st.integers(0, GRID - 1)
STARTS = st.integers(0, 90)
MEMBERS = st.sets(st.integers(0, 3)).map(lambda found: facts(*found))


def off_the_edges(u: float, ramp: Sequence[RampPoint]) -> bool:
    """Whether a point is no neighbour of where a slice ends, where a float cannot be mirrored."""
    ends = [end for point in ramp for end in (point.share, 1 - point.share)]
    return all(abs(u - end) > EDGE for end in ends)


@given(ramps(), POINTS, STARTS, MEMBERS)
def test_H1_the_mirrored_unit_has_the_other_arm_at_the_same_step(
    made: tuple[tuple[RampPoint, ...], Populations], number: int, started: int, who: Facts
) -> None:
    """For whatever ramp, populations and facts, up to one half. The hash makes both units equally likely, so that under
    no effect the arm of every unit in the comparison is an exact coin flip, within each stratum and at each time."""
    ramp, populations = made
    now = point_at(ramp, started)
    assume(now is None or now.share <= 0.5)
    u, mirrored = number / GRID, (GRID - 1 - number) / GRID
    assume(off_the_edges(u, ramp))
    place, other = (place_of(point, ramp, populations, started, who) for point in (u, mirrored))
    assert place == other
    arm, stratum = arm_at(u, ramp, started, place)
    swapped = {Arm.CANDIDATE: Arm.CONTROL, Arm.CONTROL: Arm.CANDIDATE, Arm.REST: Arm.REST}[arm]
    assert arm_at(mirrored, ramp, started, other) == (swapped, stratum)


@given(ramps(), POINTS, STARTS, STARTS, MEMBERS, MEMBERS)
def test_H1_nobody_changes_sides_whatever_its_attributes_do(
    made: tuple[tuple[RampPoint, ...], Populations], number: int, first: int, second: int, was: Facts, became: Facts
) -> None:
    """Two conversations of a unit at any times with any facts: compared in both, it is in the same arm."""
    ramp, populations = made
    u = number / GRID
    arms = {
        arm
        for started, who in ((first, was), (second, became))
        for arm, stratum in [arm_at(u, ramp, started, place_of(u, ramp, populations, started, who))]
        if stratum >= 0
    }
    assert len(arms) <= 1
    assert arms <= {Arm.CANDIDATE if u < 0.5 else Arm.CONTROL}


@given(ramps(), POINTS, STARTS, STARTS, MEMBERS)
def test_H1_enrolled_stays_enrolled_with_its_stratum_while_the_facts_stay(
    made: tuple[tuple[RampPoint, ...], Populations], number: int, first: int, second: int, who: Facts
) -> None:
    """Slices only grow: later conversations are in the union of all steps so far, in the stratum of the first."""
    ramp, populations = made
    u = number / GRID
    early, late = sorted((first, second))
    place = place_of(u, ramp, populations, early, who)
    if place != NOWHERE:
        assert place_of(u, ramp, populations, late, who) == place


@given(ramps(), POINTS, STARTS, MEMBERS)
def test_without_populations_all_is_as_assignment_version_1_has_it(
    made: tuple[tuple[RampPoint, ...], Populations], number: int, started: int, who: Facts
) -> None:
    """Whether facts are known or not; on ramps whose shares grow, as those of steps for everyone do."""
    ramp = tuple(
        RampPoint(revision=p.revision, step=p.step, share=share)
        for p, share in zip(made[0], sorted(p.share for p in made[0]), strict=True)
    )
    u = number / GRID
    for known in (who, None):
        assert arm_at(u, ramp, started, place_of(u, ramp, (), started, known)) == arm_of(u, ramp, started)


def test_H1_a_conversation_keeps_what_its_first_turn_was_given() -> None:
    """A place found at the start is worth the same at every later revision of the ramp."""
    internal = (segment(0),)
    ramp = (RampPoint(revision=5, step=0, share=0.5), RampPoint(revision=9, step=1, share=0.1))
    for u in (0.3, 0.05, 0.95, 0.7):
        place = place_of(u, ramp[:1], internal, 6, facts())
        assert place == NOWHERE
        assert arm_at(u, ramp[:1], 6, place) == arm_at(u, ramp, 6, place) == (Arm.REST, -1)
        held = place_of(u, ramp[:1], internal, 6, facts(0))
        assert arm_at(u, ramp[:1], 6, held) == arm_at(u, ramp, 6, held)
        assert arm_at(u, ramp, 6, held)[1] == 0


def test_A1_a_later_step_adds_to_the_earlier_population() -> None:
    """Internal users stay in with half of them each; of all others a tenth each comes, in a stratum of its own."""
    ramp = (RampPoint(revision=5, step=0, share=0.5), RampPoint(revision=9, step=1, share=0.1))
    internal = (segment(0),)
    found = {
        (u, who is not None): arm_at(u, ramp, 9, place_of(u, ramp, internal, 9, facts(0) if who else facts()))
        for u in (0.05, 0.3, 0.7, 0.95)
        for who in (None, True)
    }
    assert found == {
        (0.05, True): (Arm.CANDIDATE, 0),
        (0.3, True): (Arm.CANDIDATE, 0),
        (0.7, True): (Arm.CONTROL, 0),
        (0.95, True): (Arm.CONTROL, 0),
        (0.05, False): (Arm.CANDIDATE, 1),
        (0.3, False): (Arm.REST, -1),
        (0.7, False): (Arm.REST, -1),
        (0.95, False): (Arm.CONTROL, 1),
    }


def test_H9_a_release_goes_region_by_region() -> None:
    """Each region is its own step and stratum; the next one opens without moving anybody of the one before."""
    west, north = (Condition(name="region", values=(name,)) for name in ("eu-west", "eu-north"))
    populations: Populations = (west, north)
    ramp = (RampPoint(revision=5, step=0, share=0.5), RampPoint(revision=9, step=1, share=0.5))

    def found(region: str, started: int) -> set[tuple[Arm, int]]:
        who = Facts(attributes={"region": region})
        points = (n / 100 for n in range(100))
        return {arm_at(u, ramp, started, place_of(u, ramp, populations, started, who)) for u in points}

    assert found("eu-west", 6) == found("eu-west", 9) == {(Arm.CANDIDATE, 0), (Arm.CONTROL, 0)}
    assert found("eu-north", 6) == {(Arm.REST, -1)}
    assert found("eu-north", 9) == {(Arm.CANDIDATE, 1), (Arm.CONTROL, 1)}
    assert found("us-east", 9) == {(Arm.REST, -1)}


def test_forced_in_is_served_and_not_compared_while_its_release_lasts() -> None:
    """Outside the statistics at every step; a conversation from before the release is nobody's."""
    ramp = (RampPoint(revision=5, step=0, share=0.1), RampPoint(revision=9, step=1, share=0.99))
    assert arm_at(0.4, ramp, 6, FORCED) == arm_at(0.995, ramp, 9, FORCED) == (Arm.CANDIDATE, -1)
    assert arm_at(0.4, ramp, 4, FORCED) == (Arm.REST, -1)


def test_without_facts_only_steps_for_everyone_hold() -> None:
    """What a first turn was is not guessed later."""
    ramp = (RampPoint(revision=5, step=0, share=0.5), RampPoint(revision=9, step=1, share=0.1))
    short: Populations = (Condition(about="turn", name="chars", op="at_most", values=(400,)),)
    assert place_of(0.05, ramp, short, 9, None) == 1
    assert place_of(0.3, ramp, short, 9, None) == NOWHERE


@pytest.mark.parametrize(
    ("share", "size", "within"),
    [(0.02, 0.08, 0.25), (0.02, 0.04, 0.5), (0.02, 0.01, 0.5), (0.1, 0.0, 0.1), (0.5, 1.0, 0.5)],
)
def test_H14_share_is_of_the_traffic_and_small_populations_are_halved(share: float, size: float, within: float) -> None:
    """2 % of the traffic is a quarter of a population of 8 %; of one smaller than both arms each gets half."""
    assert share_within(share, size) == pytest.approx(within)
