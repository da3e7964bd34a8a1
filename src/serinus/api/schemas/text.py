"""Kept texts on the wire."""

from datetime import datetime

from pydantic import BaseModel, Field

from serinus.api.schemas.times import when
from serinus.core.records.payload import LoggedPayload


class TextsView(BaseModel):
    """What was kept of a call."""

    call: str
    app: str
    unit: str = Field(description="The unit's pseudonym.")
    at: datetime
    request: str = Field(description="JSON: the `messages` and `variables` that the caller sent, redacted.")
    answer: str = Field(description="JSON: the `texts` of the answer's choices and the `tools` it proposes, redacted.")
    cut: bool = Field(description="One of them was too long, and its end is missing.")

    @classmethod
    def of(cls, found: LoggedPayload) -> "TextsView":
        """The view of a row."""
        return cls(
            call=found.call,
            app=found.app,
            unit=found.unit,
            at=when(found.at_us),
            request=found.request,
            answer=found.answer,
            cut=found.cut,
        )


class ErasedView(BaseModel):
    """What an erasure came to."""

    unit: str = Field(description="The unit's pseudonym.")
    calls: int = Field(description="Of so many calls texts were kept.")
