"""Workers run out of room for records: the spool is at its limit, or the disk is full."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from serinus.core.decision.freshness import SPOOL_DROPS
from tests import postgres
from tests.process import ledger, outage
from tests.process.crash_run import running
from tests.process.production import Production, production
from tests.process.room import limited

pytestmark = pytest.mark.process

SMALL = ("--segment-mb", "0.0625", "--spool-limit-mb", "0.25")
STATUS_FILE_BYTES = 2048


def _worker(found: Production) -> int:
    (pid,) = running(str(found.stack.directory))["worker"]
    return pid


def _dropped(found: Production) -> int:
    return sum(status.dropped for status in found.statuses())


def _run_out(found: Production, within_s: float = 40.0) -> None:
    """Until records are dropped: from then on users get the baseline alone, and 200s, and no worker is the worse."""
    found.await_true(lambda: _dropped(found) > 0, "no record was ever dropped", within_s)
    start = found.mark()
    answers = found.await_begun(150, found.stack.clock.now_us())
    assert {line["arm"] for line in answers} == {"rest"}
    assert {line["status"] for line in found.seen(start)} == {200}


def _await_all_drops_told(found: Production, id: str) -> None:
    """Until the release shows the worker's last count: drops that came to light later would pause it again."""
    requests = found.statuses()[0].requests
    found.await_true(lambda: found.statuses()[0].requests > requests, "the worker did not report")
    found.await_true(lambda: sum(found.stored(id)[1].dropped.values()) == _dropped(found), "not all drops were seen")


def _room_again(found: Production, id: str, end: Callable[[], None]) -> None:
    """Candidates are served again, the release stands paused for the drops until a person resumes it, and goes on."""
    end()
    held = found.stack.wait_release(id, "paused")["hold"]
    assert (held["trigger"], held["auto_resume"]) == (SPOOL_DROPS, False)
    assert "call records found no room" in held["reason"]
    found.await_true(lambda: "candidate" in {line["arm"] for line in found.await_answers(50)}, "no candidate again")
    _await_all_drops_told(found, id)
    assert found.stack.release(id)["state"] == "paused"
    found.stack.api("POST", f"/releases/{id}/resume", {"reason": "the counts are incomplete, and that is fine"})
    dwell_ms = found.stored(id)[1].dwell_ms
    found.await_true(lambda: found.stored(id)[1].dwell_ms > dwell_ms, "the dwell did not go on")
    assert found.stack.release(id)["state"] == "running"


def _account(found: Production, id: str) -> None:
    """What was dropped is counted, nothing else is missing, and what was recorded is counted once."""
    dropped = _dropped(found)
    assert found.end()["incomplete"] == 0
    seen, calls = found.seen(), found.stack.calls()
    lost = ledger.lost(seen, calls)
    assert 0 < len(lost) <= dropped
    assert ledger.duplicated(calls) == []
    assert ledger.mismatched([line for line in seen if line["call"] not in set(lost)], calls) == []
    with found.stores[1].tx() as tx:
        assert ledger.wrong_sums(calls, tx.sums(id)) == []
    assert ledger.wrong_steps(found.stored(id)[0], found.audit()) == []


@pytest.mark.postgres
def test_with_a_full_spool_the_baseline_serves_and_drops_are_counted(
    tmp_path: Path, postgres_server: postgres.Server
) -> None:
    """The store is away until the spool is at its limit, well within the lease: baseline only, drops counted, no
    crash; with room again the release is paused for them, and a person resumes it."""
    store = postgres_server.database("full_spool")
    with production(tmp_path, store, workers=1, gateway_options=SMALL) as found:
        id = outage.climbing(found, outage.LONG_LEASE)
        pid = _worker(found)
        postgres_server.stop()
        try:
            _run_out(found)
        finally:
            postgres_server.start()
        assert found.leased(), "it is the lease that took the candidate out, not the spool"
        _room_again(found, id, lambda: None)
        assert _worker(found) == pid
        _account(found, id)


def test_with_a_full_disk_the_baseline_serves_and_drops_are_counted(tmp_path: Path) -> None:
    """The worker can allocate no segment and write no log, while its lease is renewed: baseline only, drops counted,
    no crash; with room again the release is paused for them, and a person resumes it."""
    with production(tmp_path, workers=1, gateway_options=SMALL) as found:
        id = outage.climbing(found, outage.LONG_LEASE)
        pid = _worker(found)
        with limited(pid, STATUS_FILE_BYTES) as lift:
            _run_out(found)
            assert found.leased(), "it is the lease that took the candidate out, not the disk"
            _room_again(found, id, lift)
        assert _worker(found) == pid
        _account(found, id)
