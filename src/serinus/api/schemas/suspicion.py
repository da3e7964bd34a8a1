"""Suspicions on the wire."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from serinus.api.schemas.acts import REASON_LENGTH, ReasonBody
from serinus.api.schemas.plan import Declared
from serinus.api.schemas.times import when
from serinus.core.release.release import Release
from serinus.core.release.suspicion import Suspicion, standing_of


class SuspicionView(BaseModel):
    """What is suspected of an answer, and what was answered."""

    id: str
    kind: Literal["suspected_violation", "adversarial_pattern"]
    app: str
    release: str = Field(description="The release that the call was compared in; empty: none.")
    call: str = Field(description="The call id, as the caller got it in `x-request-id`.")
    arm: str = Field(description="The arm that answered.")
    category: str
    by: list[str] = Field(description="Who raised it: classifiers, judges, people.")
    standing: str = Field(
        description="`told` (stops nothing), `pending`, `confirmed`, `dismissed`, `reviewed`, `expired` (nobody "
        "answered in time) or `lapsed` (its release is over)."
    )
    holds: bool = Field(description="It is about a candidate that users saw: its release stood still for it.")
    reason: str = Field(description="What a person said who raised it.")
    raised_at: datetime
    due_at: datetime | None = Field(description="When its release rolls back without an answer; null: never.")
    answered_by: str
    answered_at: datetime | None
    answer_reason: str
    release_seq: int | None = Field(description="Its release's `seq`, for If-Match; null: no release.")

    @classmethod
    def of(cls, one: Suspicion, release: Release | None) -> "SuspicionView":
        """The view of a suspicion beside its release."""
        standing = standing_of(one, release)
        return cls(
            id=one.id,
            kind=one.kind,
            app=one.app,
            release=one.release,
            call=one.call,
            arm=one.arm,
            category=one.category,
            by=list(one.by),
            standing=standing,
            holds=one.holds,
            reason=one.reason,
            raised_at=when(one.raised_at_us),
            due_at=when(one.due_at_us) if one.due_at_us and standing == "pending" else None,
            answered_by=one.answered_by,
            answered_at=when(one.answered_at_us) if one.answered_at_us else None,
            answer_reason=one.answer_reason,
            release_seq=release.seq if release is not None else None,
        )


class SuspectBody(Declared):
    """What to suspect, and why."""

    call: str = Field(min_length=1, max_length=200, description="The call id: `call_…`.")
    kind: str = Field(
        default="suspected_violation", max_length=40, description="`suspected_violation` or `adversarial_pattern`."
    )
    category: str = Field(default="", max_length=40, description="A word such as `medical_advice`.")
    reason: str = Field(default="", max_length=REASON_LENGTH, description="Kept with the audit entry.")


class AnswerBody(ReasonBody):
    """What you saw."""

    reason: str = Field(min_length=1, max_length=REASON_LENGTH, description="Kept with the audit entry.")
