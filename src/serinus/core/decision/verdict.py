"""The one order of worse (statistics 1)."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec


class Verdict(enum.IntEnum):
    """How a question was answered. Only `PASS` promotes. `ERROR` is not failure: it pauses, it never rolls back."""

    PASS = 0
    INCONCLUSIVE = 1
    NO_DATA = 2
    ERROR = 3
    FAIL = 4

    @property
    def label(self) -> str:
        """The word used on screens and in files."""
        return self.name.lower()


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them; NO_DATA when there is none, since nothing judged is never a pass."""
    return max(verdicts, default=Verdict.NO_DATA)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one question: which, how, and in one sentence why."""

    question: str
    verdict: Verdict
    text: str
