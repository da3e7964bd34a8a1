"""What is wrong with a file: one fault per line, all of them at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from serinus.core.errors import InvalidInput


class InvalidFile(InvalidInput):
    """A file with one or more faults, in the order of its lines. Each fault has its own what, where and mend."""

    def __init__(self, faults: Sequence[InvalidInput]) -> None:
        first = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(first.what + more, where=first.where, mend=first.mend)
        self.faults = tuple(faults)


def fault(file: str, line: int, what: str, mend: str = "") -> InvalidInput:
    """A fault at a line (from 1) of a file."""
    return InvalidInput(what, where=f"{file}:{line}", mend=mend)


def refuse(faults: Iterable[InvalidInput]) -> None:
    """Raise InvalidFile when there is any fault."""
    found = sorted(faults, key=_line)
    if found:
        raise InvalidFile(found)


def _line(one: InvalidInput) -> int:
    digits = one.where.rpartition(":")[2]
    return int(digits) if digits.isdecimal() else 0


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The mend for an unknown word: the nearest known one, or all of them."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(choices)}"
