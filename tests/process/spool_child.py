"""`python -m tests.process.spool_child ROOT NUMBER FIRST COUNT`: a worker that writes calls until it is killed.

Prints the number of each call behind whose End it is, one per line.
"""

from __future__ import annotations

import sys
from pathlib import Path

from serinus.adapters.clock import SystemClock
from serinus.core.records.record import Event, Pair
from serinus.core.routing.assignment import Arm
from tests.fake_workers import FakeWorker, begin, end, raw_call

PAIRED_UNITS = 300


def main(root: str, number: str, first: str, count: str) -> None:
    """Write `count` calls, two to a unit, every fourth with an error, one more open than ended, each with a pair of one
    of a few units that all workers share; then wait."""
    clock = SystemClock()
    worker = FakeWorker(Path(root), int(number), clock)
    worker.report(acked=0)
    numbers = range(int(first), int(first) + int(count))
    ahead = raw_call(numbers[0], unit=numbers[0] // 2)
    worker.write(begin(ahead, clock))
    for call_number in numbers:
        call, ahead = ahead, raw_call(call_number + 1, unit=(call_number + 1) // 2)
        worker.write(begin(ahead, clock), end(call, clock, Event.ERROR if call_number % 4 == 0 else 0))
        copy = raw_call(call_number, unit=call_number % PAIRED_UNITS, arm=Arm.SHADOW, stratum=-1)
        worker.write(Pair(copy, call, clock.now_us(), "support-bot", True, Event.ERROR, 0))
        print(call_number, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
