"""What took a candidate back: which question, which number against which bound, in which calls."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")

SEVERITY: dict[str, Severity] = {
    "zero_tolerance": "high",
    "suspicion": "high",
    "monitor": "high",
    "unreadable": "high",
    "harm": "medium",
    "limit": "medium",
    "deadline": "medium",
    "gate": "medium",
    "person": "low",
    "refused": "low",
}
"""By what took it back; `limit` and `harm` are found by numbers alone, the high ones are known to be wrong, or unknown
altogether."""
MOST_CALLS = 10


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """`kind`: a key of `SEVERITY`. `metric` (may be empty) had `value` where `threshold` was the bound and the control
    had `against`, in `unit`; what is None is not known, or there is no such number. `units`: the candidate's units that
    were enrolled then (None: nobody counted). `calls`: printed ids of calls that show it, ten at most."""

    kind: str
    metric: str = ""
    unit: str = ""
    value: float | None = None
    threshold: float | None = None
    against: float | None = None
    units: int | None = None
    calls: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """How grave; one of a kind that no table knows (of a newer Serinus) is medium."""
        return SEVERITY.get(self.kind, "medium")
