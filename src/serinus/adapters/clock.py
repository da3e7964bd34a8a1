"""The one home of the real clock and of chance."""

from __future__ import annotations

import os
import time
from functools import partial

host_ns = partial(time.clock_gettime_ns, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
"""ns since the machine started: the same for all processes of this host, never stepped. It goes on while the machine
is suspended, where the operating system has such a clock: who slept through a lease must not serve by it."""


class SystemClock:
    """The machine's clocks."""

    def now_us(self) -> int:
        """µs since 1970 UTC; may step."""
        return time.time_ns() // 1000

    def mono_ns(self) -> int:
        """`host_ns`."""
        return host_ns()

    def sleep(self, seconds: float) -> None:
        """Wait on the monotonic clock."""
        time.sleep(seconds)


def system_random(count: int) -> bytes:
    """Bytes from the operating system's generator, fit for keys."""
    return os.urandom(count)
