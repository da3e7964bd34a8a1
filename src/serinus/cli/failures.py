"""Failures on the command line: three lines on stderr, and an exit code that scripts can act on.

0 done · 1 refused or failed · 2 wrong usage · 3 the API cannot be reached
"""

from __future__ import annotations

import sys

from serinus.core.errors import SerinusError

REFUSED = 1
USAGE = 2
UNREACHABLE = 3


class Refused(SerinusError):
    """The API said no; `code` is the problem's."""

    def __init__(self, code: str, what: str, *, where: str = "", mend: str = "", status: int = 0) -> None:
        super().__init__(what, where=where, mend=mend)
        self.code = code
        self.status = status


class Unreachable(SerinusError):
    """Nobody answers at the API's address."""

    code = "unreachable"


def exit_code(error: SerinusError) -> int:
    """The exit code that tells this error."""
    return UNREACHABLE if isinstance(error, Unreachable) else REFUSED


def tell(error: SerinusError) -> None:
    """Print what is wrong, where, and how to mend it; every fault of a file in turn."""
    for fault in getattr(error, "faults", None) or (error,):
        lines = [f"error: {fault.what}", f"where: {fault.where or '-'}", f"mend:  {fault.mend or '-'}"]
        print("\n".join(_one_line(line) for line in lines), file=sys.stderr)


def _one_line(text: str) -> str:
    """Text of others may hold line ends and terminal escapes."""
    return "".join(char if char.isprintable() else " " for char in text)
