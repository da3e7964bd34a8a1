"""Does a record get lost, counted twice or told wrong when processes are killed at random under load?

Workers, agent, control and the gateway's supervisor die by SIGKILL while users call and releases climb. What the users
logged is compared with the event log, the sums with a recount from the event log, the steps with the audit trail.

    python -m bench.crash --json [--kills 50] [--store postgres]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serinus.adapters.clock import SystemClock
from tests import postgres
from tests.process.crash_run import Account, crash_run

SHOWN = 10
FAULTS = ("lost", "duplicated", "mismatched", "sums_wrong", "steps_wrong", "audit_faults")


@contextmanager
def _store(kind: str) -> Iterator[str | None]:
    if kind == "sqlite":
        yield None
        return
    with postgres.server() as server:
        yield server.url


def figures(account: Account, elapsed_s: float) -> dict[str, Any]:
    """The account as numbers."""
    return {
        "kills": sum(account.kills.values()),
        **{f"kills_{kind}": count for kind, count in sorted(account.kills.items())},
        "sent": account.sent,
        "completed": account.completed,
        "incomplete": account.incomplete,
        "unfinished": account.unfinished,
        "promoted": account.promoted,
        "steps": account.steps,
        "steps_between_kills": account.steps_between_kills,
        **{name: len(getattr(account, name)) for name in FAULTS},
        "elapsed_s": round(elapsed_s, 1),
    }


def main() -> int:
    """Run and print; 1 when anything was lost, doubled or wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="how many processes die")
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--every-s", type=float, default=1.0, help="mean time between two kills")
    parser.add_argument("--seed", type=int, default=1, help="other moments, other victims")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options = parser.parse_args()
    clock = SystemClock()
    started_ns = clock.mono_ns()
    with tempfile.TemporaryDirectory() as folder, _store(options.store) as url:
        account = crash_run(Path(folder), url, kills=options.kills, seed=options.seed, every_s=options.every_s)
    shown = figures(account, (clock.mono_ns() - started_ns) / 1e9)
    print(json.dumps(shown) if options.json else "\n".join(f"{name:16} {value}" for name, value in shown.items()))
    for fault in account.faults[:SHOWN]:
        print(fault, file=sys.stderr)
    return 1 if account.faults or shown["kills"] < options.kills else 0


if __name__ == "__main__":
    sys.exit(main())
