"""What simulated traffic saw: counts by arm and status, latencies from the intended time, and the log lines."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from typing import Any

import msgspec


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One completed request, as a line of the log. `ms` count from the intended time of sending.

    `call` is the `x-request-id`; `conversation` the token to go on with; `ok`: status 200 and a whole answer.
    """

    call: str
    arm: str
    version: str
    release: str
    status: int
    unit: str
    conversation: str
    turn: int
    ok: bool
    stream: bool
    ms: float
    first_ms: float
    thumbs: str = ""


class ArmCounts(msgspec.Struct):
    """Counts of one arm."""

    completed: int = 0
    ok: int = 0
    thumbs_up: int = 0
    thumbs_down: int = 0


class Tally:
    """Adds up what happened. `overloaded` requests were due but not sent: the concurrency limit was reached."""

    def __init__(self) -> None:
        self.sent = 0
        self.overloaded = 0
        self.late_ms_most = 0.0
        self.feedback_sent = 0
        self.feedback_refused = 0
        self._arms: dict[str, ArmCounts] = {}
        self._versions: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._incomplete: Counter[str] = Counter()
        self._ms = array("d")
        self._first_ms = array("d")

    def completed(self, seen: Seen) -> None:
        """A request ended with a whole answer or an error that was told."""
        counts = self._arms.setdefault(seen.arm or "none", ArmCounts())
        counts.completed += 1
        counts.ok += seen.ok
        counts.thumbs_up += seen.thumbs == "up"
        counts.thumbs_down += seen.thumbs == "down"
        self._versions[seen.version or "none"] += 1
        self._statuses[seen.status] += 1
        self._ms.append(seen.ms)
        self._first_ms.append(seen.first_ms)

    def incomplete(self, reason: str) -> None:
        """A request was refused, reset, cut off or timed out; it is not sent again."""
        self._incomplete[reason] += 1

    def document(self, elapsed_s: float) -> dict[str, Any]:
        """The result as JSON."""
        completed = sum(self._statuses.values())
        return {
            "elapsed_s": round(elapsed_s, 3),
            "sent": self.sent,
            "completed": completed,
            "ok": sum(counts.ok for counts in self._arms.values()),
            "incomplete": self._incomplete.total(),
            "overloaded": self.overloaded,
            "sent_per_s": round(self.sent / elapsed_s, 1) if elapsed_s > 0 else 0.0,
            "late_ms_most": round(self.late_ms_most, 3),
            "arms": {arm: msgspec.structs.asdict(counts) for arm, counts in sorted(self._arms.items())},
            "versions": dict(sorted(self._versions.items())),
            "statuses": {str(status): count for status, count in sorted(self._statuses.items())},
            "incomplete_by_reason": dict(sorted(self._incomplete.items())),
            "latency_ms": quantiles(self._ms),
            "first_byte_ms": quantiles(self._first_ms),
            "feedback_sent": self.feedback_sent,
            "feedback_refused": self.feedback_refused,
        }


def quantiles(values: array[float]) -> dict[str, float]:
    """Nearest-rank p50, p90, p99, p999 and the maximum; empty without values."""
    if not values:
        return {}
    ordered = sorted(values)
    named = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0))
    return {name: round(ordered[max(0, math.ceil(q * len(ordered)) - 1)], 3) for name, q in named}
