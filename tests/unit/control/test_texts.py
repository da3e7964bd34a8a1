"""Erasing and keeping texts: what is on record is done, if not at once then later."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from serinus.adapters import payload_lock
from serinus.adapters.clock import SystemClock
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.memory_store import memory_stores
from serinus.adapters.parquet_names import PAYLOADS
from serinus.adapters.payload_files import PayloadFiles
from serinus.control.erase_texts import erase_texts
from serinus.control.keep_texts import keep_texts
from serinus.control.read_text import read_text
from serinus.control.verify_audit import verify_audit
from serinus.core.audit.entry import Entry
from serinus.core.errors import InvalidInput, StoreUnavailable
from serinus.core.records import call_id
from serinus.core.records.payload import LoggedPayload
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.payloads import PayloadBatch

NOW_US = 1_764_000_000_000_000
UNIT = b"\x11" * 8
RAW = call_id.make(b"k" * 32, b"shop", NOW_US // 1000, bytes(5), bytes(16), Arm.REST, -1, UNIT)
CALL = call_id.text(RAW)


def write(root: Path) -> None:
    """One text of the unit's call."""
    row = LoggedPayload(call=CALL, app="shop", unit=UNIT.hex(), at_us=NOW_US, request="words", answer="{}", cut=False)
    ParquetLog(root).write_payloads(PayloadBatch(spool="ab" * 16 + "-00000000", start=0, end=9, rows=[row]))


def trail(store: ControlStore) -> list[Entry]:
    """All entries, in order."""
    with store.tx() as tx:
        return tx.audit_entries(0, 100)


def away(store: ControlStore, work: Callable[[ControlTx], object]) -> object:
    """A transaction that does all, and whose commit fails."""
    with store.tx() as tx:
        work(tx)
        raise StoreUnavailable("the store is away")


def test_L3_an_erasure_that_was_cut_off_is_finished_later(tmp_path: Path) -> None:
    """It is on record before anything is deleted: nobody is shown the text meanwhile, and the next round deletes it."""
    store, _ = memory_stores(lambda size: bytes(size))
    texts = PayloadFiles(tmp_path, SystemClock())
    write(tmp_path)
    assert read_text(store, texts, NOW_US + 5, "bea (12345678)", CALL) is not None
    with payload_lock.held(tmp_path / PAYLOADS), pytest.MonkeyPatch.context() as patch:
        patch.setattr("serinus.adapters.payload_files._TURN_S", 0.05)
        with pytest.raises(StoreUnavailable):
            erase_texts(store, texts, NOW_US + 1, "ada", UNIT.hex(), "request 4711")
    assert read_text(store, texts, NOW_US + 5, "bea (12345678)", CALL) is None
    assert texts.payload(CALL, NOW_US) is not None
    assert keep_texts(store, texts, NOW_US + 2) == 1
    assert texts.payload(CALL, NOW_US) is None
    checked, faults = verify_audit(store)
    assert (checked, list(faults)) == (2, [])


def test_L1_whoever_reads_a_text_is_on_the_trail_and_no_word_of_it(tmp_path: Path) -> None:
    """One entry for each reading: who, which call, when, whose; none where nothing is shown."""
    store, _ = memory_stores(lambda size: bytes(size))
    texts = PayloadFiles(tmp_path, SystemClock())
    assert read_text(store, texts, NOW_US + 5, "bea (12345678)", CALL) is None
    write(tmp_path)
    for at_us in (NOW_US + 6, NOW_US + 7):
        assert read_text(store, texts, at_us, "bea (12345678)", CALL) is not None
    entries = trail(store)
    assert [(one.actor, one.action, one.subject, one.at_us) for one in entries] == [
        ("bea (12345678)", "person:texts:read", CALL, at_us) for at_us in (NOW_US + 6, NOW_US + 7)
    ]
    assert json.loads(entries[0].evidence) == {"app": "shop", "unit": UNIT.hex()}
    assert "words" not in "".join(str(one) for one in entries)


def test_L1_a_text_whose_reading_cannot_be_put_on_the_trail_is_not_shown(tmp_path: Path) -> None:
    """A store that is away shows nothing: reading without a trace is impossible."""
    store, _ = memory_stores(lambda size: bytes(size))
    texts = PayloadFiles(tmp_path, SystemClock())
    write(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serinus.control.read_text.run", away)
        with pytest.raises(StoreUnavailable):
            read_text(store, texts, NOW_US + 5, "bea (12345678)", CALL)


def test_L3_a_text_that_is_shipped_late_does_not_come_back(tmp_path: Path) -> None:
    """A host that was cut off while the user was erased ships afterwards."""
    store, _ = memory_stores(lambda size: bytes(size))
    texts = PayloadFiles(tmp_path, SystemClock())
    assert erase_texts(store, texts, NOW_US + 1, "ada", UNIT.hex(), "request 4711") == 0
    write(tmp_path)
    assert read_text(store, texts, NOW_US + 5, "bea (12345678)", CALL) is None
    assert keep_texts(store, texts, NOW_US + 2) == 1
    assert keep_texts(store, texts, NOW_US + 3) == 0


@pytest.mark.parametrize(("unit", "reason"), [("ada", "x"), (UNIT.hex(), " "), ("", "x")])
def test_an_erasure_names_a_pseudonym_and_a_reason(unit: str, reason: str) -> None:
    """Neither is guessed."""
    store, _ = memory_stores(lambda size: bytes(size))
    with pytest.raises(InvalidInput):
        erase_texts(store, PayloadFiles(Path("/nowhere"), SystemClock()), NOW_US, "ada", unit, reason)
