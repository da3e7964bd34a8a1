"""Stores that several processes share stay whole, whoever dies in the middle."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack

import pytest

from serinus.core.audit.entry import faults
from serinus.core.records.sums import Enrolment, Sum, SumKey
from serinus.core.routing.assignment import Arm
from tests import postgres
from tests.conftest import Place
from tests.contract.processes import other
from tests.contract.values import a_draft, publish

pytestmark = pytest.mark.process


def test_two_processes_never_fork_the_chain(shared_place: Place) -> None:
    """Entries of three processes form one whole chain."""
    control, _ = shared_place.open()
    with ExitStack() as running:
        others = [running.enter_context(other("append", shared_place.url, shared_place.project)) for _ in range(3)]
        for process in others:
            process.go()
        for process in others:
            assert process.end() == (0, "")
    with control.tx() as tx:
        entries = tx.audit_entries(0, 100)
    assert len(entries) == 60
    assert list(faults(entries)) == []


def test_a_killed_process_leaves_no_half_change(shared_place: Place) -> None:
    """kill -9 within a transaction: nothing of it is there, and the next one can begin at once."""
    control, _ = shared_place.open()
    with control.tx() as tx:
        tx.append_audit(a_draft("before"))
        publish(tx, b"before")
    with other("half_a_change", shared_place.url, shared_place.project) as process:
        process.send(signal.SIGKILL)
        assert process.end()[0] == -signal.SIGKILL
    with control.tx() as tx:
        assert tx.release("rel_half") is None
        assert [entry.subject for entry in tx.audit_entries(0, 10)] == ["before"]
        tx.append_audit(a_draft("after"))
        assert publish(tx, b"after") == 2
        assert list(faults(tx.audit_entries(0, 10))) == []
    assert control.latest_snapshot() == (2, b"after")


def test_a_killed_agent_leaves_no_half_batch(shared_place: Place) -> None:
    """kill -9 while a batch is shipped: neither offset nor sums nor units; shipped again it counts once."""
    _, telemetry = shared_place.open()
    with other("half_a_batch", shared_place.url, shared_place.project) as process:
        process.send(signal.SIGKILL)
        process.end()
    with telemetry.tx() as tx:
        assert tx.offset("spool") == 0
        assert tx.sums("rel_1") == []
        assert [fresh.is_new for fresh in tx.enrol([Enrolment("rel_1", b"half", Arm.CANDIDATE, 0)])] == [True]
        tx.add_sums([(SumKey("rel_1", 0, "enrolled", 1), Sum(total=1))])
        tx.advance_offset("spool", 0, 100)


def test_a_change_by_another_process_wakes_the_waiter(shared_place: Place) -> None:
    """wait_change sees a snapshot that another process publishes, well before its time is over."""
    control, _ = shared_place.open()
    control.wait_change(0)
    with other("publish_one", shared_place.url, shared_place.project) as process:
        process.go()
        deadline = time.monotonic() + 30
        while control.latest_snapshot() is None and time.monotonic() < deadline:
            control.wait_change(10)
        assert process.end() == (0, "")
    assert control.latest_snapshot() == (1, b"told")
    assert time.monotonic() < deadline - 20


def test_processes_that_start_together_migrate_once(shared_place: Place, request: pytest.FixtureRequest) -> None:
    """Four processes open a store that does not exist yet: all succeed and have the same secrets."""
    url = shared_place.url
    if shared_place.kind == "postgres":
        server: postgres.Server = request.getfixturevalue("postgres_server")
        url = server.database("started_together")
    with ExitStack() as running:
        others = [running.enter_context(other("open", url, "default")) for _ in range(4)]
        for process in others:
            process.go()
        for process in others:
            assert process.end() == (0, "")


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.parametrize("shared_place", ["postgres"], indirect=True)
def test_a_stopped_leader_loses_its_locks(shared_place: Place) -> None:
    """A leader stopped (SIGSTOP) within a transaction is ended by the server: another one takes over, and what the old
    one wanted to change stays unchanged when it wakes up."""
    control, _ = shared_place.open()
    old = control.claim("old", None)
    assert old
    with other("half_a_change", shared_place.url, shared_place.project) as process:
        process.send(signal.SIGSTOP)
        deadline = time.monotonic() + 30
        while (new := control.claim("new", old)) is None:
            assert time.monotonic() < deadline
        with control.tx(new.epoch) as tx:
            tx.append_audit(a_draft("taken over"))
        process.send(signal.SIGCONT)
        process.go()
        status, said = process.end()
    assert status == 1
    assert "StoreUnavailable" in said
    with control.tx(new.epoch) as tx:
        assert [entry.subject for entry in tx.audit_entries(0, 10)] == ["taken over"]
        assert tx.release("rel_half") is None
