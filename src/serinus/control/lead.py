"""Lead, or stand by: one control process acts, any number wait."""

from __future__ import annotations

from collections.abc import Callable

from serinus.ports.control_store import ControlStore, Leader

TAKEOVER_S = 5.0


class Lead:
    """This process's part in leadership. `holder` is unique to the process, `mono_ns` its monotonic clock.

    A standby claims after it has itself seen no beat for `takeover_s`; the epoch then fences the old leader, whatever
    it believes. Not a lock: a holder that is stopped blocks nobody.
    """

    def __init__(
        self, store: ControlStore, holder: str, mono_ns: Callable[[], int], takeover_s: float = TAKEOVER_S
    ) -> None:
        self._store = store
        self._holder = holder
        self._mono_ns = mono_ns
        self._takeover_ns = int(takeover_s * 1e9)
        self._mine: Leader | None = None
        self._other: Leader | None = None
        self._other_ns = 0

    def take(self) -> Leader | None:
        """Our leadership, claimed if nobody has shown life for long enough; None while standing by."""
        if self._mine is not None:
            return self._mine
        other, now_ns = self._store.leader(), self._mono_ns()
        if other is not None and other != self._other:
            self._other, self._other_ns = other, now_ns
            return None
        if other is not None and now_ns - self._other_ns < self._takeover_ns:
            return None
        self._mine = self._store.claim(self._holder, other)
        return self._mine

    def beat(self) -> None:
        """Show life after a whole round: hosts renew their leases only while this goes on. Deposed when another
        leads."""
        if self._mine is not None:
            self._mine = self._store.beat(self._mine)

    def epoch(self) -> int | None:
        """The epoch of our leadership; None while standing by."""
        mine = self._mine  # another thread may ask while this one loses it
        return mine.epoch if mine is not None else None

    def lose(self) -> None:
        """Stand by again, after Deposed."""
        self._mine = None
        self._other = None
