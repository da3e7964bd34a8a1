"""Returning users with changing attributes, in several conversations, through populations that widen step by step."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from typing import NamedTuple

import pytest
from scipy import stats

from serinus.core.pipeline.population import Population, slice_of_step
from serinus.core.routing.assignment import COMPARED, Arm, RampPoint, unit_point
from serinus.core.routing.population import arm_at, place_of
from serinus.core.routing.predicate import AllOf, Condition, Facts, Predicate

USERS = 40_000
RARE = 1e-9
"""The chance, over all salts, that one of the exact tests below fails for nothing."""
INTERNAL = Condition(name="staff", values=(True,))
SIMPLE = AllOf(
    of=(
        Condition(about="turn", name="chars", op="at_most", values=(200,)),
        Condition(about="turn", name="has_tools", values=(False,)),
    )
)
EUROPE = Condition(name="region", op="prefix", values=("eu-",))
STEPS: tuple[tuple[float, Population | None], ...] = (
    (0.02, Population(when=INTERNAL, size=0.03)),
    (0.1, Population(when=SIMPLE, size=0.5)),
    (0.1, Population(when=EUROPE)),
    (0.3, None),
    (0.5, None),
)
RAMP = tuple(
    RampPoint(revision=10 * (i + 1), step=i, share=slice_of_step(share, meant))
    for i, (share, meant) in enumerate(STEPS)
)
POPULATIONS: tuple[Predicate | None, ...] = tuple(meant.when if meant else None for _, meant in STEPS)


class Visit(NamedTuple):
    """A compared conversation, in the order of time."""

    at: int
    user: int
    arm: Arm
    stratum: int
    bad: bool


def visits(salt: str, seed: int) -> list[Visit]:
    """All compared conversations of one release. What users do never depends on their arm: there is no effect.

    A few users come all the time; a user's region sometimes changes, it is sent or not, and every first turn differs.
    The chance of a bad answer depends on the user, its attributes and the time."""
    chance = random.Random(seed)
    staff = [chance.random() < 0.03 for _ in range(USERS)]
    clumsy = [chance.random() ** 3 for _ in range(USERS)]
    found = []
    for at in range(3 * USERS):
        user = min(int(USERS * chance.random() ** 2), USERS - 1)
        region = chance.choice(("eu-west", "us-east")) if chance.random() < 0.1 else ("eu-", "us-")[user % 2] + "west"
        attributes = {"staff": staff[user], "region": region} if chance.random() < 0.9 else {}
        facts = Facts(attributes=attributes, chars=chance.randrange(400), has_tools=chance.random() < 0.3)
        bad = chance.random() < clumsy[user] * (0.1 + 0.3 * at / USERS / 3) * (1.5 if facts.has_tools else 1)
        started = 1 + at * 60 // (3 * USERS)
        u = unit_point(salt, f"user-{user}")
        arm, stratum = arm_at(u, RAMP, started, place_of(u, RAMP, POPULATIONS, started, facts))
        if arm in COMPARED and stratum >= 0:
            found.append(Visit(at, user, arm, stratum, bad))
    return found


@pytest.fixture(scope="module")
def releases() -> list[list[Visit]]:
    """Several releases, each with a salt of its own."""
    return [visits(f"salt-{number}", number) for number in range(3)]


def first(seen: list[Visit], only_bad: bool = False) -> dict[int, Visit]:
    """The first visit of each user; the first bad one."""
    found: dict[int, Visit] = {}
    for visit in seen:
        if visit.bad or not only_bad:
            found.setdefault(visit.user, visit)
    return found


def fair(candidates: int, total: int) -> bool:
    """Whether so many heads of a fair coin are not beyond all chance (exact, two-sided)."""
    return bool(stats.binomtest(candidates, total, 0.5).pvalue > RARE)


def test_H1_nobody_changes_arms_in_any_release(releases: list[list[Visit]]) -> None:
    """Through all steps, attributes and conversations."""
    for seen in releases:
        arms: defaultdict[int, set[Arm]] = defaultdict(set)
        for visit in seen:
            arms[visit.user].add(visit.arm)
        assert max(len(found) for found in arms.values()) == 1


def test_H5_enrolment_is_a_fair_coin_in_every_stratum(releases: list[list[Visit]]) -> None:
    """The stratum that counts is that of the first enrolment, as the store keeps it."""
    for seen in releases:
        enrolled = Counter((visit.stratum, visit.arm) for visit in first(seen).values())
        assert {stratum for stratum, _ in enrolled} == set(range(len(STEPS)))
        for stratum in range(len(STEPS)):
            candidates, controls = (enrolled[stratum, arm] for arm in (Arm.CANDIDATE, Arm.CONTROL))
            assert candidates + controls > 200
            assert fair(candidates, candidates + controls), stratum


def test_H5_under_no_effect_first_bad_events_are_a_fair_coin_in_every_stratum(releases: list[list[Visit]]) -> None:
    """Though heavy users, drift, changing attributes and a population that prefers simple questions are all there."""
    for seen in releases:
        enrolled, bad = first(seen), first(seen, only_bad=True)
        events = Counter((enrolled[user].stratum, visit.arm) for user, visit in bad.items())
        for stratum in range(len(STEPS)):
            candidates, controls = (events[stratum, arm] for arm in (Arm.CANDIDATE, Arm.CONTROL))
            assert candidates + controls > 50
            assert fair(candidates, candidates + controls), stratum


def test_H5_who_is_enrolled_when_does_not_tell_the_arm(releases: list[list[Visit]]) -> None:
    """In the order of enrolment, arms are mixed: the first half is a fair coin, ranks do not differ, and there are as
    many changes from one to the next as a fair coin has."""
    for seen in releases:
        order = [visit.arm is Arm.CANDIDATE for visit in sorted(first(seen).values())]
        half = order[: len(order) // 2]
        assert fair(sum(half), len(half))
        ranks = [[i for i, is_candidate in enumerate(order) if is_candidate is arm] for arm in (True, False)]
        assert stats.mannwhitneyu(*ranks).pvalue > RARE
        changes = sum(one is not other for one, other in itertools.pairwise(order))
        assert fair(changes, len(order) - 1)


def test_H14_each_population_gets_its_share() -> None:
    """Of all conversations that begin in the first step a hundredth and a half is the candidate's: half of the staff,
    who are 3 %; a fifth of the simple ones are candidates in the second."""
    assert [point.share for point in RAMP] == pytest.approx([0.5, 0.2, 0.1, 0.3, 0.5])
    points = [unit_point("salt", f"user-{n}") for n in range(20_000)]

    def candidates(started: int, facts: Facts) -> int:
        places = ((u, place_of(u, RAMP, POPULATIONS, started, facts)) for u in points)
        return sum(arm_at(u, RAMP, started, place)[0] is Arm.CANDIDATE for u, place in places)

    staff, simple = Facts(attributes={"staff": True}, chars=300), Facts(attributes={}, chars=100)
    for started, facts, share in ((10, staff, 0.5), (10, simple, 0.0), (20, staff, 0.5), (20, simple, 0.2)):
        found = candidates(started, facts)
        assert found == 0 if share == 0 else stats.binomtest(found, len(points), share).pvalue > RARE


def test_a_predicate_that_chose_the_arm_would_be_found_out() -> None:
    """The tests above see what they are for: were only the candidate's users asked whether they fit, the coin is not
    fair."""
    biased = [visit for visit in visits("salt-0", 0) if visit.arm is Arm.CONTROL or visit.user % 5]
    found = Counter(visit.arm for visit in first(biased).values())
    assert not fair(found[Arm.CANDIDATE], found.total())
