"""What a suspicion holds, how it stands, and which answers it takes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.errors import Conflict, InvalidInput
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.suspicions import SuspicionRules
from serinus.core.records.suspicion import PATTERN, VIOLATION, Raised
from serinus.core.release.release import Release
from serinus.core.release.suspicion import Suspicion, about_candidate, answered, first_raised, raised_again, standing_of
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from tests.unit.core.decision.cases import running

RELEASE = running()
FOUND = Raised(
    call="call_x", kind=VIOLATION, by="guard-1", app=RELEASE.app, release=RELEASE.id, arm=Arm.CANDIDATE, category="",
    at_us=1,
)  # fmt: skip
HELD = first_raised(FOUND, RELEASE, 1_000_000)


def changed(**fields: Any) -> Release:
    return msgspec.structs.replace(RELEASE, **fields)


def test_H4_only_so_many_witnesses_are_named() -> None:
    """A caller that writes another name beside each word makes neither the suspicion nor the trail grow."""
    known = HELD
    for number in range(100):
        known = raised_again(known, msgspec.structs.replace(FOUND, by=f"guard-{number}"), 1)
    assert known.by == tuple(f"guard-{number}" for number in (1, 0, *range(2, 10)))


@pytest.mark.parametrize(
    ("found", "release", "holds"),
    [
        (FOUND, RELEASE, True),
        (FOUND, changed(state=State.PAUSED), True),
        (FOUND, changed(state=State.WATCHING), True),
        (FOUND, changed(step=-1), False),
        (FOUND, changed(state=State.ROLLING_BACK), False),
        (FOUND, changed(state=State.PROMOTED), False),
        (FOUND, changed(id="rel_other"), False),
        (FOUND, None, False),
        (msgspec.structs.replace(FOUND, arm=Arm.SHADOW), RELEASE, False),
        (msgspec.structs.replace(FOUND, app="other"), RELEASE, False),
    ],
)
def test_H4_a_release_stands_still_for_what_its_users_see(found: Raised, release: Release | None, holds: bool) -> None:
    """Its candidate's answers, from the first step to the last, and nothing else."""
    assert about_candidate(found, release) is holds
    made = first_raised(found, release, 1_000_000)
    assert (made.holds, made.pending, made.open, made.due_at_us > 0) == (holds,) * 4


def test_H4_only_a_violation_has_a_deadline() -> None:
    """Counted from when it was taken in, as long as the plan says."""
    plan = msgspec.structs.replace(RELEASE.plan, suspicions=SuspicionRules(confirm_within_s=60))
    assert first_raised(FOUND, changed(plan=plan), 5_000_000).due_at_us == 65_000_000
    pattern = first_raised(msgspec.structs.replace(FOUND, kind=PATTERN), RELEASE, 5_000_000)
    assert (pattern.pending, pattern.due_at_us) == (True, 0)


@pytest.mark.parametrize(
    ("one", "release", "word"),
    [
        (HELD, RELEASE, "pending"),
        (HELD, changed(state=State.ROLLED_BACK), "lapsed"),
        (HELD, None, "lapsed"),
        (msgspec.structs.replace(HELD, holds=False), RELEASE, "told"),
        (msgspec.structs.replace(HELD, expired_at_us=9), RELEASE, "expired"),
        (answered(HELD, "dismissed", "bob", 9, "fine"), RELEASE, "dismissed"),
        (answered(HELD, "confirmed", "bob", 9, "bad"), changed(state=State.ROLLED_BACK), "confirmed"),
        (msgspec.structs.replace(HELD, expired_at_us=9, answer="dismissed"), None, "dismissed"),
    ],
)
def test_each_standing_has_its_word(one: Suspicion, release: Release | None, word: str) -> None:
    """An answer after the end says more than that nobody was in time."""
    assert standing_of(one, release) == word


def test_H4_a_second_source_confirms_a_violation_and_joins_what_is_answered() -> None:
    """A pattern is the red team's to judge, however many see it."""
    other = msgspec.structs.replace(FOUND, by="guard-2")
    assert raised_again(HELD, FOUND, 9) == HELD
    confirmed = raised_again(HELD, other, 9)
    assert (confirmed.answer, confirmed.answered_by, confirmed.by) == ("confirmed", "guard-2", ("guard-1", "guard-2"))
    dismissed = answered(HELD, "dismissed", "bob", 9, "fine")
    assert raised_again(dismissed, other, 10) == msgspec.structs.replace(dismissed, by=("guard-1", "guard-2"))
    pattern = msgspec.structs.replace(HELD, kind=PATTERN)
    assert raised_again(pattern, other, 9).answer == ""


def test_answers_are_those_of_the_kind() -> None:
    """A violation is confirmed or dismissed, a pattern reviewed."""
    with pytest.raises(Conflict, match="is confirmed or dismissed, not reviewed"):
        answered(HELD, "reviewed", "bob", 9, "seen")
    pattern = msgspec.structs.replace(HELD, kind=PATTERN)
    assert answered(pattern, "reviewed", "rita", 9, "seen").answer_reason == "seen"
    with pytest.raises(Conflict, match="is reviewed, not confirmed"):
        answered(pattern, "confirmed", "rita", 9, "seen")


@pytest.mark.parametrize("within_s", [0.0, -1.0, float("inf"), float("nan")])
def test_a_time_in_which_nobody_could_answer_is_refused(within_s: float) -> None:
    """Where the plan says it."""
    with pytest.raises(InvalidInput) as refused:
        Plan(owner="ada", steps=RELEASE.plan.steps, suspicions=SuspicionRules(confirm_within_s=within_s))
    assert refused.value.where == "plan.suspicions.confirm_within_s"
