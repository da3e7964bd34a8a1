"""Time as an argument."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Wall time for stamps, monotonic time for durations; `sleep` waits on the monotonic one."""

    def now_us(self) -> int:
        """µs since 1970 UTC."""
        ...

    def mono_ns(self) -> int:
        """ns since the host started: comparable between its processes, never stepped, not even by a suspend."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
