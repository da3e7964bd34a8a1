"""Every control store chains its audit entries and tells each notice once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec

from serinus.core.audit.entry import GENESIS, Draft, faults
from serinus.ports.control_store import ControlStore, ControlTx, Page
from serinus.ports.retry import run
from tests.conftest import Place
from tests.contract.values import a_draft, a_notice


def test_entries_are_chained(control_store: ControlStore) -> None:
    """Every entry follows the one before it, within a transaction and between them; all of it comes back."""
    with control_store.tx() as tx:
        first = tx.append_audit(a_draft("rel_1", evidence='{"units":12}'))
        second = tx.append_audit(a_draft("rel_2"))
    with control_store.tx() as tx:
        third = tx.append_audit(a_draft("rel_1"))
        stored = tx.audit_entries(0, 100)
    assert stored == [first, second, third]
    assert first.previous == GENESIS
    assert list(faults(stored)) == []


def test_entries_are_read_in_pieces(control_store: ControlStore) -> None:
    """audit_entries goes on after a seq, with a limit."""
    with control_store.tx() as tx:
        for i in range(5):
            tx.append_audit(a_draft(f"rel_{i}"))
        assert [entry.seq for entry in tx.audit_entries(1, 2)] == [2, 3]
        assert [entry.seq for entry in tx.audit_entries(4, 9)] == [5]
        assert tx.audit_entries(5, 9) == []


def test_newest_entries_of_a_subject(control_store: ControlStore) -> None:
    """audit_newest pages backwards, of one subject or of all, and does not move while entries are added."""
    with control_store.tx() as tx:
        for i in range(6):
            tx.append_audit(a_draft(f"rel_{i % 2}"))
        first, cursor = tx.audit_newest("rel_1", Page(limit=2))
        tx.append_audit(a_draft("rel_1"))
        second, end = tx.audit_newest("rel_1", Page(cursor=cursor, limit=2))
        everything, _ = tx.audit_newest(None, Page(limit=3))
    assert [entry.seq for entry in first + second] == [6, 4, 2]
    assert end == ""
    assert [entry.seq for entry in everything] == [7, 6, 5]


def append(draft: Draft, tx: ControlTx) -> None:
    """One entry."""
    tx.append_audit(draft)


def test_eight_writers_never_fork_the_chain(place: Place) -> None:
    """Entries of 8 concurrent threads on two openings of the store form one whole chain, none lost."""
    stores = [place.open()[0], place.open()[0]]

    def write(writer: int) -> None:
        for i in range(5):
            run(stores[writer % 2], partial(append, a_draft(f"writer {writer}/{i}")))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    with stores[0].tx() as tx:
        entries = tx.audit_entries(0, 100)
    assert list(faults(entries)) == []
    assert {entry.subject for entry in entries} == {f"writer {w}/{i}" for w in range(8) for i in range(5)}


def test_eight_writers_never_lose_a_change(place: Place) -> None:
    """Read, change and write of 8 concurrent threads follow one another: no number is given twice."""
    stores = [place.open()[0], place.open()[0]]

    def next_number(writer: int) -> list[int]:
        def count(tx: ControlTx) -> int:
            tx.put_snapshot(tx.revision() + 1, b"")
            return tx.next_version_number("shop", "2026-W47")

        return [run(stores[writer % 2], count) for _ in range(4)]

    with ThreadPoolExecutor(8) as pool:
        numbers = [number for found in pool.map(next_number, range(8)) for number in found]
    assert sorted(numbers) == list(range(1, 33))
    assert stores[0].latest_snapshot() == (32, b"")


def test_a_notice_is_told_once(control_store: ControlStore) -> None:
    """The same (release, seq, kind, subject) is enqueued once, also after its delivery."""
    with control_store.tx() as tx:
        assert tx.enqueue(a_notice())
        assert not tx.enqueue(msgspec.structs.replace(a_notice(), body="other words"))
        assert tx.enqueue(a_notice(seq=2))
        first, second = tx.undelivered(10)
        assert first == msgspec.structs.replace(a_notice(), id=first.id)
        assert second.seq == 2
        tx.mark_delivered(first.id, 70)
        tx.mark_delivered(first.id, 80)
    with control_store.tx() as tx:
        assert tx.undelivered(10) == [second]
        assert not tx.enqueue(a_notice())
        assert tx.enqueue(a_notice(subject="ada"))
        assert len(tx.undelivered(1)) == 1
