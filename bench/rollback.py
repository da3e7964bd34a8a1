"""How long a rollback takes, under live traffic on two workers: `python -m bench.rollback [--json] [--rounds 100]`.

By a person: from before the POST until the API shows `rolled_back`, which every worker has confirmed by then. By the
tick: from the time stamp of the decision in the audit trail; the candidate answers with errors until a guardrail
finds it. Through a standby: by a person, at the API of a control that does not lead. `last_candidate_ms` is when
users were last told, by the head of an answer, that the candidate had served them; `after_confirmed` counts requests
sent after the confirmation that the candidate answered nevertheless. The reference is one bare GET on the same API
in the same run. Ends with 1 when a confirmation was false.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from tests import postgres
from tests.process.live_rig import APP, MODEL, Live, plan
from tests.process.users import Users

_SEEN = 4
_WITHIN_S = 60.0
_POLL_S = 0.005
_AFTER_S = 0.1
Figures = dict[str, float]


class Rounds:
    """What one kind of rollback took, in ms, round by round."""

    def __init__(self) -> None:
        self.confirmed_ms: list[float] = []
        self.last_candidate_ms: list[float] = []
        self.after_confirmed = 0

    def note(self, users: Users, id: str, decided_ns: int, confirmed_ns: int) -> None:
        """Add a round; called some time after the confirmation, so that late answers are in."""
        on_candidate = [a for a in users.answers[-2000:] if a.release == id and a.arm == "candidate"]
        last_ns = max((answer.head_ns for answer in on_candidate), default=decided_ns)
        self.confirmed_ms.append((confirmed_ns - decided_ns) / 1e6)
        self.last_candidate_ms.append(max(0.0, (last_ns - decided_ns) / 1e6))
        self.after_confirmed += sum(answer.sent_ns > confirmed_ns for answer in on_candidate)

    def figures(self, reference_ms: float) -> Figures:
        """Quantiles, and the median as a multiple of the reference."""
        p50 = quantile(self.confirmed_ms, 0.5)
        return {
            "rounds": len(self.confirmed_ms),
            **_quantiles("", self.confirmed_ms),
            **_quantiles("last_candidate_", self.last_candidate_ms),
            "after_confirmed": self.after_confirmed,
            "times_a_round_trip": round(p50 / reference_ms, 1),
        }


def _quantiles(prefix: str, values: list[float]) -> Figures:
    found = {"p50_ms": quantile(values, 0.5), "p99_ms": quantile(values, 0.99), "max_ms": max(values)}
    return {prefix + name: round(value, 1) for name, value in found.items()}


def quantile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


class Bench:
    """One running Serinus with users, and rollbacks in it."""

    def __init__(self, live: Live, users: Users) -> None:
        self._live = live
        self._users = users
        self._good = live.push("You are a kind shop.")
        self._bad = live.push("You are a broken shop.", f"{MODEL}+500")

    def round_trip_ms(self, rounds: int) -> float:
        """Median of a bare GET."""
        taken = []
        for _ in range(rounds):
            begun_ns = time.monotonic_ns()
            self._live.api("GET", f"/apps/{APP}")
            taken.append((time.monotonic_ns() - begun_ns) / 1e6)
        return quantile(taken, 0.5)

    def by_person(self, rounds: int) -> Rounds:
        """Rollbacks through the API, of a candidate that users meet."""
        found = Rounds()
        for _ in range(rounds):
            id = self._live.release(self._good)
            self._wait_for(partial(self._is_met, id, time.monotonic_ns()), "the candidate serves nobody")
            decided_ns = time.monotonic_ns()
            self._live.api("POST", f"/releases/{id}/rollback", {"reason": "bench"})
            self._end(found, id, decided_ns)
        return found

    def by_tick(self, rounds: int) -> Rounds:
        """Rollbacks of a candidate that answers with errors, by the tick."""
        found = Rounds()
        for _ in range(rounds):
            id = self._live.release(self._bad)
            self._end(found, id, None)
        return found

    def _end(self, found: Rounds, id: str, decided_ns: int | None) -> None:
        self._wait_for(lambda: bool(self._live.stack.release(id)["final"]), "never confirmed")
        confirmed_ns = time.monotonic_ns()
        time.sleep(_AFTER_S)
        found.note(self._users, id, decided_ns or self._decided_ns(id), confirmed_ns)

    def _decided_ns(self, id: str) -> int:
        """When the tick decided, on the monotonic clock of this machine."""
        (entry,) = (e for e in self._live.audit() if (e["subject"], e["action"]) == (id, "tick:release:roll_back"))
        ago_s = time.time() - datetime.fromisoformat(entry["at"]).timestamp()
        return time.monotonic_ns() - int(ago_s * 1e9)

    def _is_met(self, id: str, since_ns: int) -> bool:
        return len(self._users.since(since_ns, lambda a: a.release == id and a.arm == "candidate")) >= _SEEN

    def _wait_for(self, true: Callable[[], bool], otherwise: str) -> None:
        end_ns = time.monotonic_ns() + int(_WITHIN_S * 1e9)
        while not true():
            if time.monotonic_ns() > end_ns:
                raise SystemExit(f"bench: {otherwise}")
            time.sleep(_POLL_S)


def measure(root: Path, store: str | None, rounds: int, automatic: int, rate: float) -> dict[str, object]:
    """All figures; `store` as a Stack takes it."""
    with Live(root, store) as live:
        live.start(plan())
        with live.users(rate=rate) as users:
            bench = Bench(live, users)
            reference_ms = bench.round_trip_ms(max(rounds, 50))
            kinds = {"by_person": bench.by_person(rounds), "by_tick": bench.by_tick(automatic)}
            live.stack.control(name="standby")  # the API is this one's from here on
            kinds["through_standby"] = bench.by_person(automatic)
        workers = len(live.gateway.ready["workers"])
    figures = {kind: found.figures(reference_ms) for kind, found in kinds.items()}
    return {
        "p50_ms": figures["by_person"]["p50_ms"],
        "p99_ms": figures["by_person"]["p99_ms"],
        "workers": workers,
        "requests_per_s": rate,
        "round_trip_ms": round(reference_ms, 2),
        **figures,
        "failed_requests": len(users.failures),
        "after_confirmed": sum(found.after_confirmed for found in kinds.values()),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=100, help="rollbacks by a person")
    parser.add_argument("--automatic", type=int, default=20, help="rollbacks by the tick, and through a standby's API")
    parser.add_argument("--rate", type=float, default=100.0, help="requests per second of the users")
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite", help="where the state is kept")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as opened:
        root = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="serinus-bench-")))
        store = opened.enter_context(postgres.server()).url if arguments.store == "postgres" else None
        figures = measure(root, store, arguments.rounds, arguments.automatic, arguments.rate)
    if arguments.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:20} {value}" for name, value in figures.items()))
    return 1 if figures["after_confirmed"] else 0


if __name__ == "__main__":
    sys.exit(main())
