"""What the contract suites run in processes of their own: `python -m tests.contract.other_process DEED URL PROJECT`.

It speaks in lines: `ready` when it has come to the point, and then waits for a line on its standard input.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.stores import open_stores
from serinus.core.records.sums import Enrolment, Sum, SumKey
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import ControlStore
from serinus.ports.retry import run
from serinus.ports.telemetry_store import TelemetryStore
from tests.contract.values import a_draft, a_release, publish

Deed = Callable[[ControlStore, TelemetryStore], None]


def wait_for_word() -> None:
    """Say that the point is reached, and wait."""
    print("ready", flush=True)
    sys.stdin.readline()


def append(control: ControlStore, _telemetry: TelemetryStore) -> None:
    """Twenty entries, each in a transaction of its own."""
    wait_for_word()
    for i in range(20):
        run(control, lambda tx, i=i: tx.append_audit(a_draft(f"entry {i}")))  # type: ignore[misc]


def half_a_change(control: ControlStore, _telemetry: TelemetryStore) -> None:
    """Everything of a change but the end of its transaction."""
    leader = control.leader()
    with control.tx(leader.epoch if leader else None) as tx:
        tx.insert_release(a_release("rel_half", app="half"))
        tx.append_audit(a_draft("half"))
        publish(tx, b"half")
        wait_for_word()


def half_a_batch(_control: ControlStore, telemetry: TelemetryStore) -> None:
    """Everything of a shipped batch but the end of its transaction."""
    with telemetry.tx() as tx:
        tx.enrol([Enrolment("rel_1", b"half", Arm.CANDIDATE, 0)])
        tx.add_sums([(SumKey("rel_1", 0, "enrolled", 1), Sum(total=1))])
        tx.advance_offset("spool", 0, 100)
        wait_for_word()


def publish_one(control: ControlStore, _telemetry: TelemetryStore) -> None:
    """One snapshot."""
    wait_for_word()
    with control.tx() as tx:
        publish(tx, b"told")


DEEDS: dict[str, Deed] = {deed.__name__: deed for deed in (append, half_a_change, half_a_batch, publish_one)}


def main() -> None:
    """Open the stores and do it."""
    deed, url, project = sys.argv[1:]
    if deed == "open":
        wait_for_word()
    stores = open_stores(url, now_us=SystemClock().now_us, random_bytes=system_random, project=project)
    if deed != "open":
        DEEDS[deed](*stores)


if __name__ == "__main__":
    main()
