"""Kept texts on the wire."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from serinus.api.schemas.times import when
from serinus.core.judging.judgement import Judgement
from serinus.core.records.payload import LoggedPayload


class JudgedView(BaseModel):
    """What a live judge said of a call."""

    metric: str
    judge: str = Field(description="Digest of the judge.")
    state: str = Field(description="`waiting`, `scored` or `unscored`.")
    value: float | None = Field(description="In [0, 1]; null without a verdict.")
    label: str = Field(description="The grade in words.")
    reason: str = Field(description="Why it is unscored; empty otherwise.")
    evidence: str = Field(description="The judge's own reason, which may quote the texts; gone after 14 days.")

    @classmethod
    def of(cls, found: Judgement) -> "JudgedView":
        """The view of a judgement."""
        verdict = found.verdict
        return cls(
            metric=found.key.metric,
            judge=found.key.judge,
            state=found.state,
            value=verdict.value,
            label=verdict.label,
            reason=verdict.reason,
            evidence=verdict.evidence,
        )


class TextsView(BaseModel):
    """What was kept of a call."""

    call: str
    app: str
    unit: str = Field(description="The unit's pseudonym.")
    at: datetime
    request: str = Field(description="JSON: the `messages` and `variables` that the caller sent, redacted.")
    answer: str = Field(description="JSON: the `texts` of the answer's choices and the `tools` it proposes, redacted.")
    cut: bool = Field(description="One of them was too long, and its end is missing.")
    judged: list[JudgedView] = Field(description="What live judges said of it.")

    @classmethod
    def of(cls, found: LoggedPayload, judged: Sequence[Judgement]) -> "TextsView":
        """The view of a row."""
        return cls(
            call=found.call,
            app=found.app,
            unit=found.unit,
            at=when(found.at_us),
            request=found.request,
            answer=found.answer,
            cut=found.cut,
            judged=[JudgedView.of(one) for one in judged],
        )


class ErasedView(BaseModel):
    """What an erasure came to."""

    unit: str = Field(description="The unit's pseudonym.")
    calls: int = Field(description="Of so many calls texts were kept.")
