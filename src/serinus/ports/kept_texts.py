"""Kept texts as they come: which calls have some, and those of many calls at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from serinus.core.records.payload import LoggedPayload


class TextPart(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Texts of all calls in a spool segment up to byte `end`, or the newest of them."""

    spool: str
    end: int
    place: str


class KeptTexts(Protocol):
    """The texts where they lie. What is gathered or deleted while somebody reads is not there, and is no error."""

    def parts(self, from_us: int) -> Sequence[TextPart]:
        """All with texts of calls that ended from that day on (UTC), in order of segment and end."""
        ...

    def calls_of(self, part: TextPart) -> list[tuple[str, str]] | None:
        """The printed id and the app of each call in a part; None when the part has gone meanwhile."""
        ...

    def texts_of(self, calls: Collection[str]) -> dict[str, LoggedPayload]:
        """The texts of these calls (printed ids), as far as there are any."""
        ...
