"""A suspicion about an answer, from its raising to its answer (product.md H4, J1, J2)."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.errors import Conflict
from serinus.core.records.suspicion import PATTERN, VIOLATION, Kind, Raised
from serinus.core.release.release import Release
from serinus.core.release.table import SERVING
from serinus.core.routing.assignment import Arm

AnswerWord = Literal["confirmed", "dismissed", "reviewed"]
Standing = Literal["told", "pending", "confirmed", "dismissed", "reviewed", "expired", "lapsed"]
_ANSWERS: dict[Kind, tuple[AnswerWord, ...]] = {
    "suspected_violation": ("confirmed", "dismissed"),
    "adversarial_pattern": ("reviewed",),
}
WORDS: dict[Kind, str] = {"suspected_violation": "policy violation", "adversarial_pattern": "adversarial pattern"}
"""What a kind is called in a sentence."""

MOST_NAMED = 10
"""Who writes another name beside each word would else make every entry of the trail longer than the last."""


class Suspicion(msgspec.Struct, frozen=True, kw_only=True):
    """`holds`: it is about a candidate that users were seeing, so the release stands still until it is answered and a
    person resumes; others are told and need no answer. `by`: who raised it, first and later. `arm` is the call's, as a
    word; `category` may be empty, as may `release`.

    `due_at_us` (0: never): when silence rolls back. Of the answer: `answered_by` is a person, or the second judge who
    says the same. `expired_at_us`: when silence did roll back. `cleared_at_us`: when a person resumed the release after
    the answer, so that it holds no more.
    """

    id: str
    kind: Kind
    app: str
    release: str
    call: str
    arm: str
    category: str
    by: tuple[str, ...]
    raised_at_us: int
    holds: bool
    due_at_us: int = 0
    reason: str = ""
    answer: AnswerWord | Literal[""] = ""
    answered_by: str = ""
    answered_at_us: int = 0
    answer_reason: str = ""
    expired_at_us: int = 0
    cleared_at_us: int = 0

    @property
    def pending(self) -> bool:
        """Whether the release waits for its answer."""
        return self.holds and not self.answer and not self.expired_at_us

    @property
    def open(self) -> bool:
        """Whether it keeps the release from going on."""
        return self.holds and not self.cleared_at_us

    @property
    def words(self) -> str:
        """What is suspected, of which call, by whom."""
        what = WORDS[self.kind]
        category = f" ({self.category})" if self.category else ""
        return f"{what}{category} in {self.call}, raised by {' and '.join(self.by)}"


def about_candidate(found: Raised, release: Release | None) -> bool:
    """Whether it is about an answer of a candidate that users see now: then the release stands still."""
    of_it = release is not None and release.id == found.release and release.app == found.app
    return of_it and release is not None and release.exposed and release.state in SERVING and found.arm is Arm.CANDIDATE


def first_raised(found: Raised, release: Release | None, now_us: int, reason: str = "") -> Suspicion:
    """As it begins. The time to answer runs from now on, since nobody could be asked before."""
    holds = about_candidate(found, release)
    within_s = release.plan.suspicions.confirm_within_s if release is not None else 0.0
    return Suspicion(
        id=found.id,
        kind=found.kind,
        app=found.app,
        release=found.release,
        call=found.call,
        arm=found.arm.label,
        category=found.category,
        by=(found.by,),
        raised_at_us=now_us,
        holds=holds,
        due_at_us=now_us + round(within_s * 1e6) if holds and found.kind == VIOLATION else 0,
        reason=reason,
    )


def raised_again(known: Suspicion, found: Raised, now_us: int) -> Suspicion:
    """After somebody raised it again: the same one changes nothing; another one confirms a violation that waits for an
    answer (a second judge, H4). What was answered stays answered. Beyond `MOST_NAMED` nobody is named any more."""
    if found.by in known.by or len(known.by) >= MOST_NAMED:
        return known
    joined = msgspec.structs.replace(known, by=(*known.by, found.by))
    if not known.pending or known.kind != VIOLATION:
        return joined
    why = f"a second judge says the same as {known.by[0]}"
    return msgspec.structs.replace(
        joined, answer="confirmed", answered_by=found.by, answered_at_us=now_us, answer_reason=why
    )


def answered(known: Suspicion, answer: AnswerWord, who: str, now_us: int, reason: str) -> Suspicion:
    """With this answer; the same one twice is one. Conflict for a second, different one, for one that its kind does not
    have, and where no answer is asked for."""
    if known.answer == answer:
        return known
    if known.answer:
        raise Conflict(
            f"{known.answered_by} {known.answer} it already", where="suspicion", mend="an answer stands; raise another"
        )
    if not known.holds:
        raise Conflict(
            "it is not about a candidate that users were seeing, so it waits for no answer",
            where="suspicion",
            mend="if the live version does harm, pin another: `serinus override set`",
        )
    if answer not in _ANSWERS[known.kind]:
        fitting = " or ".join(_ANSWERS[known.kind])
        raise Conflict(
            f"a suspicion of a {WORDS[known.kind]} is {fitting}, not {answer}",
            where="suspicion",
            mend="`review` is the red team's, of adversarial patterns" if known.kind == PATTERN else "`dismiss` it",
        )
    return msgspec.structs.replace(known, answer=answer, answered_by=who, answered_at_us=now_us, answer_reason=reason)


def standing_of(one: Suspicion, release: Release | None) -> Standing:
    """How it stands, in a word. `lapsed`: its release is over, so nobody waits for the answer any more."""
    if not one.holds:
        return "told"
    if one.answer:
        return one.answer
    if one.expired_at_us:
        return "expired"
    return "pending" if release is not None and release.state in SERVING else "lapsed"
