"""What must hold around every outage: users are answered, by the baseline only, and the release waits where it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from serinus.core.audit.entry import Action
from serinus.core.decision.observations import LONGEST_ROUND_MS
from serinus.core.records.call import Call
from serinus.core.release.release import Progress
from tests.process import ledger
from tests.process.production import Production, plan

LEASE_S = 2.0
DWELL_S = 6.0
CLIMB = plan(((0.25, 1.0), (0.5, DWELL_S), (1.0, 1.0)), lease_s=LEASE_S)
STAY = plan(((0.25, 600.0), (1.0, 1.0)), lease_s=LEASE_S, freshness_s=60.0)
LONG_LEASE = plan(((0.25, 600.0), (1.0, 1.0)), lease_s=90.0, freshness_s=60.0)
COMPARED = ("candidate", "control")
RATE = 120.0
# The lease runs from when the agent saw the last sign of life: it looks five times a second, on a machine that is busy.
_SEEN_LATE_S = 1.0
_ROUND_S = 1.0


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """One outage in wall time, with the progress of the release when it began."""

    began_us: int
    over_us: int
    before: Progress

    @property
    def length_s(self) -> float:
        """How long it was."""
        return (self.over_us - self.began_us) / 1e6


def climbing(found: Production, following: dict[str, Any] = CLIMB) -> str:
    """Users call, and a release serves the dwell of its last step before the watch, candidates among the answers."""
    version = found.begin(following)
    found.start_traffic(rate=RATE)
    id = found.release(version)
    step = len(following["steps"]) - 2

    def begun() -> bool:
        release, progress = found.stored(id)
        return (release.step, progress.step) == (step, step) and progress.dwell_ms > 0

    found.await_true(begun, f"step {step} was not reached")
    assert {line["arm"] for line in found.await_answers(50)} >= set(COMPARED)
    return id


def suffer(
    found: Production,
    id: str,
    begin: Callable[[], object],
    end: Callable[[], object],
    answers: int = int(RATE * DWELL_S),
) -> Outage:
    """Let something be away until the leases have run out and users got so many answers more: 200s throughout, and the
    baseline's alone in the end. Then wait until the leases are back."""
    before = found.stored(id)[1]
    begin()
    began_us = found.stack.clock.now_us()
    start = found.mark()
    found.await_true(lambda: not any(s.leased for s in found.statuses()), "the leases did not run out", LEASE_S + 5)
    lapsed = found.await_begun(answers, found.stack.clock.now_us())
    end()
    over_us = found.stack.clock.now_us()
    assert {line["arm"] for line in lapsed} == {"rest"}
    assert {line["status"] for line in found.seen(start)} == {200}
    found.await_true(found.leased, "the leases did not come back")
    return Outage(began_us=began_us, over_us=over_us, before=before)


def assert_baseline_only(calls: list[Call], outage: Outage) -> None:
    """No call of the outage was assigned to a compared arm after its lease, and some were before and are after."""
    from_us = outage.began_us + int((LEASE_S + _SEEN_LATE_S) * 1e6)
    assert ledger.begun_between(calls, ("rest",), from_us, outage.over_us)
    assert not ledger.begun_between(calls, COMPARED, from_us, outage.over_us)
    assert ledger.begun_between(calls, COMPARED, 0, outage.began_us)
    assert ledger.begun_between(calls, COMPARED, outage.over_us, 2**62)


def assert_dwell_was_not_filled(found: Production, id: str, outage: Outage) -> None:
    """The outage would have filled what was left of the dwell; yet all of that was served after it."""
    served_s = (outage.before.dwell_ms + outage.before.pending_ms) / 1000 + _ROUND_S
    assert served_s - _ROUND_S + outage.length_s > DWELL_S
    left = next(
        entry
        for entry in found.audit()
        if entry.subject == id and entry.action == Action.TICK_ADVANCED and entry.at_us > outage.began_us
    )
    # A round that spans the end of the outage counts for no more than the longest round does.
    owed_s = DWELL_S - served_s - LONGEST_ROUND_MS / 1000
    assert owed_s > 0
    assert (left.at_us - outage.over_us) / 1e6 >= owed_s


def assert_nothing_is_lost(found: Production, id: str) -> dict[str, Any]:
    """After the end: every answer recorded once as it was told, sums as a recount gives them, and steps in turn."""
    seen, calls = found.seen(), found.stack.calls()
    with found.stores[1].tx() as tx:
        sums = tx.sums(id)
    assert ledger.lost(seen, calls) == []
    assert ledger.duplicated(calls) == []
    assert ledger.mismatched(seen, calls) == []
    assert ledger.wrong_sums(calls, sums) == []
    assert ledger.wrong_steps(found.stored(id)[0], found.audit()) == []
    return {"calls": calls, "seen": seen}
