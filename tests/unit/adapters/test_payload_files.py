"""Kept texts on disk: read, erased and expired for good, beside an agent that goes on writing and gathering."""

from __future__ import annotations

from pathlib import Path

import pytest

from serinus.adapters import payload_lock
from serinus.adapters.clock import SystemClock
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.parquet_names import PAYLOADS
from serinus.adapters.payload_files import PayloadFiles
from serinus.core.errors import StoreUnavailable
from serinus.core.records.payload import LoggedPayload
from serinus.ports.payloads import Erasure, PayloadBatch

DAY_US = 86_400_000_000
NOW_US = 20_000 * DAY_US + 5_000_000
SPOOL = "ab" * 16 + "-00000000"
SECRET = "the-users-own-words"


def text(number: int, unit: str = "11" * 8, at_us: int = NOW_US, app: str = "shop") -> LoggedPayload:
    return LoggedPayload(
        call=f"call_{number}", app=app, unit=unit, at_us=at_us, request=f"{SECRET} {number}", answer="{}", cut=False
    )


def write(log: ParquetLog, start: int, *rows: LoggedPayload, spool: str = SPOOL) -> None:
    log.write_payloads(PayloadBatch(spool=spool, start=start, end=start + 10, rows=rows))


def calls(root: Path) -> set[str]:
    files = PayloadFiles(root, SystemClock())
    return {f"call_{i}" for i in range(30) if files.payload(f"call_{i}", NOW_US)}


def test_L3_erased_texts_are_gone_from_every_file(tmp_path: Path) -> None:
    """Others stay; so does what is covered, so that nothing is written again."""
    log, files = ParquetLog(tmp_path), PayloadFiles(tmp_path, SystemClock())
    write(log, 0, text(1), text(2, unit="22" * 8))
    write(log, 10, text(3), text(4, at_us=NOW_US + 2))
    assert calls(tmp_path) == {"call_1", "call_2", "call_3", "call_4"}
    assert files.erase([Erasure(unit="11" * 8, at_us=NOW_US + 1)]) == 2
    assert calls(tmp_path) == {"call_2", "call_4"}
    assert ParquetLog(tmp_path).covered_payloads(SPOOL) == 20
    assert files.erase([Erasure(unit="11" * 8, at_us=NOW_US + 1)]) == 0


def test_L3_gathering_brings_no_erased_text_back(tmp_path: Path) -> None:
    """An agent that knew the files before gathers what is in them now."""
    log, files = ParquetLog(tmp_path), PayloadFiles(tmp_path, SystemClock())
    write(log, 0, text(1))
    write(log, 10, text(2, unit="22" * 8))
    files.erase([Erasure(unit="11" * 8, at_us=NOW_US)])
    log.gather(SPOOL)
    assert calls(tmp_path) == {"call_2"}
    assert len(list((tmp_path / PAYLOADS).glob("*/*.parquet"))) == 1


def test_nothing_is_gathered_while_texts_are_erased(tmp_path: Path) -> None:
    """The agent passes its turn over rather than wait; and an eraser says when its own does not come."""
    log = ParquetLog(tmp_path)
    write(log, 0, text(1))
    write(log, 10, text(2))
    with payload_lock.held(tmp_path / PAYLOADS) as free:
        assert free
        log.gather(SPOOL)
        assert len(list((tmp_path / PAYLOADS).glob("*/*.parquet"))) == 2
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("serinus.adapters.payload_files._TURN_S", 0.1)
            with pytest.raises(StoreUnavailable):
                PayloadFiles(tmp_path, SystemClock()).erase([Erasure(unit="11" * 8, at_us=NOW_US)])


def test_L3_texts_past_their_days_are_deleted_by_app(tmp_path: Path) -> None:
    """Each app has its own retention; files without any row left go, and an agent that knew them goes on."""
    log, files = ParquetLog(tmp_path), PayloadFiles(tmp_path, SystemClock())
    old_us = NOW_US - 10 * DAY_US
    write(log, 0, text(1, at_us=old_us), text(2, at_us=old_us, app="long"), text(3, at_us=old_us, app="gone"))
    write(log, 10, text(4))
    write(log, 0, text(5, at_us=old_us), spool="cd" * 16 + "-00000000")
    assert files.expire({"shop": NOW_US - 5 * DAY_US, "long": NOW_US - 20 * DAY_US}, NOW_US - 5 * DAY_US) == 3
    assert files.payload("call_1", old_us) is None
    assert files.payload("call_5", old_us) is None
    assert files.payload("call_3", old_us) is None
    assert files.payload("call_2", old_us) is not None
    assert files.payload("call_4", NOW_US) is not None
    log.gather("cd" * 16 + "-00000000")
    log.gather(SPOOL)
    assert files.payload("call_4", NOW_US) is not None


def test_L3_texts_lie_apart_from_the_calls(tmp_path: Path) -> None:
    """In a folder of their own, whose words appear in no other file."""
    log = ParquetLog(tmp_path)
    write(log, 0, text(1))
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"]
    assert files
    assert all(path.relative_to(tmp_path).parts[0] == PAYLOADS for path in files)
