"""Control, agent or worker as a process whose wall clock is off by the seconds in a file, which a test may change:
`python -m tests.process.stepped FILE PART …options of the part…`."""

from __future__ import annotations

import sys
from pathlib import Path

from serinus.adapters.clock import SystemClock
from serinus.bootstrap import agent, control, worker


class SteppedClock(SystemClock):
    """The machine's monotonic clock, and its wall clock with an offset."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now_us(self) -> int:
        """As told by the file."""
        return super().now_us() + int(float(self._file.read_text()) * 1e6)


def step(file: Path, offset_s: float) -> None:
    """Set the offset, in one piece for readers."""
    temporary = file.with_suffix(".tmp")
    temporary.write_text(str(offset_s))
    temporary.rename(file)


def main(file: str, part: str, *options: str) -> int:
    """Run the part; its exit code."""
    clock = SteppedClock(Path(file))
    if part == "worker":
        worker.main(list(options), clock.now_us)
        return 0
    return {"agent": agent, "control": control}[part].main(options, clock)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
