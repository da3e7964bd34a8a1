"""The one home of the real clock and of chance."""

from __future__ import annotations

import os
import time


class SystemClock:
    """The machine's clocks."""

    def now_us(self) -> int:
        """µs since 1970 UTC; may step."""
        return time.time_ns() // 1000

    def mono_ns(self) -> int:
        """CLOCK_MONOTONIC in ns: the same for all processes of this host, never stepped."""
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC)

    def sleep(self, seconds: float) -> None:
        """Wait on the monotonic clock."""
        time.sleep(seconds)


def system_random(count: int) -> bytes:
    """Bytes from the operating system's generator, fit for keys."""
    return os.urandom(count)
