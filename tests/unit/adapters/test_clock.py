"""The real clock and real chance."""

from __future__ import annotations

import time

from serinus.adapters.clock import SystemClock, host_ns, system_random
from serinus.ports.clock import Clock


def test_the_clock_tells_both_times() -> None:
    """Wall time in µs, monotonic time in ns on the same scale as the operating system's."""
    clock: Clock = SystemClock()
    assert abs(clock.now_us() - time.time_ns() // 1000) < 5_000_000
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    clock.sleep(0.001)
    assert before + 1_000_000 <= clock.mono_ns() <= time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def test_the_clock_of_durations_is_the_one_that_goes_on_in_suspend() -> None:
    """A lease that ran out while the machine slept has run out when it wakes."""
    assert host_ns.args == (time.CLOCK_BOOTTIME,)


def test_chance_does_not_repeat() -> None:
    """As many bytes as asked, and never the same twice."""
    assert len(system_random(32)) == 32
    assert system_random(32) != system_random(32)
