"""Cached answers on the wire."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from serinus.api.schemas.times import when
from serinus.core.pipeline.stored_answer import StoredAnswer
from serinus.core.routing.cached import LONGEST_ANSWER, LONGEST_ASKED


class ProposeBody(BaseModel):
    """What to propose: the texts of a call, or texts that a person wrote."""

    call: str = Field(default="", max_length=200, description="The call whose texts they are; without `question`.")
    question: str = Field(default="", max_length=LONGEST_ASKED, description="What users ask; with `answer`.")
    answer: str = Field(default="", max_length=LONGEST_ANSWER)
    language: str = Field(default="", max_length=8, description="A primary subtag such as `de`; empty: any language.")
    version: str = Field(default="", max_length=200, description="Of which version; empty: of the live one.")


class ProposeScoredBody(BaseModel):
    """Which calls of the live version to propose."""

    metric: str = Field(min_length=1, max_length=200, description="The score, such as `judge.correctness`.")
    at_least: float = Field(gt=0, le=1, description="Every score of it is at least this, in [0, 1].")
    most: int = Field(default=20, ge=1, le=200, description="So many new proposals at most.")


class AnswerView(BaseModel):
    """An answer that stands in where no version answers, or is proposed to."""

    id: str = Field(description="A digest of what it says: `ans_…`.")
    app: str
    state: Literal["proposed", "approved"]
    version: str = Field(description="Digest of the version whose answer it is.")
    behaviour: str = Field(description="What the model sees of that version; callers of the same behaviour get it.")
    language: str = Field(description="A primary subtag; empty: any.")
    question: str
    answer: str
    call: str = Field(description="The call that it comes from; empty: a person wrote it.")
    why: str = Field(description="Why it was proposed.")
    proposed_at: datetime
    proposed_by: str
    approved_at: datetime | None = Field(description="Null: nobody has, so nobody is told it.")
    approved_by: str

    @classmethod
    def of(cls, one: StoredAnswer) -> "AnswerView":
        """The view of an entry."""
        return cls(
            id=one.id,
            app=one.app,
            state="approved" if one.approved_at_us else "proposed",
            version=one.version,
            behaviour=one.behaviour,
            language=one.language,
            question=one.question,
            answer=one.answer,
            call=one.call,
            why=one.why,
            proposed_at=when(one.proposed_at_us),
            proposed_by=one.proposed_by,
            approved_at=when(one.approved_at_us) if one.approved_at_us else None,
            approved_by=one.approved_by,
        )

    def without_texts(self) -> "AnswerView":
        """As it is kept for a repeated request: what was erased meanwhile must not come back with it."""
        return self.model_copy(update={"question": "", "answer": ""})


class ProposedView(BaseModel):
    """What was proposed of the calls that scored high."""

    items: list[AnswerView]

    def without_texts(self) -> "ProposedView":
        """As `AnswerView`."""
        return ProposedView(items=[one.without_texts() for one in self.items])
