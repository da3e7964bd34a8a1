"""What Parquet files promise beyond the contract of event logs: files, crashes, other processes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import msgspec
import pytest

from serinus.adapters import parquet_search
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.parquet_names import Part, instance_of, part_of, widest
from serinus.core.records.call import row
from serinus.ports.event_log import CallQuery, LogBatch
from tests.fake_workers import ManualClock, end, raw_call

SPOOL = "0123456789abcdef" * 2 + "-00000003"


def _batch(start: int, stop: int, *numbers: int) -> LogBatch:
    rows = [row(end(raw_call(number), ManualClock()), "host-1") for number in numbers]
    return LogBatch(spool=SPOOL, start=start, end=stop, rows=rows)


def _names(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_a_batch_is_one_zstd_file_named_after_its_bytes_in_a_folder_per_day(tmp_path: Path) -> None:
    """The name alone says what the file stands for."""
    ParquetLog(tmp_path).write(_batch(64, 900, 1))
    (path,) = tmp_path.rglob("*.parquet")
    assert (path.parent.name, path.name) == ("2025-11-24", f"{SPOOL}-64-900.parquet")
    with duckdb.connect() as connection:
        codecs = connection.execute("SELECT DISTINCT compression FROM parquet_metadata(?)", [str(path)]).fetchall()
    assert codecs == [("ZSTD",)]


def test_a_new_process_goes_on_where_the_names_end(tmp_path: Path) -> None:
    """Temporary and foreign files count for nothing."""
    ParquetLog(tmp_path).write(_batch(64, 900, 1))
    (path,) = tmp_path.rglob("*.parquet")
    (path.parent / f".{SPOOL}-900-990.parquet.new").write_bytes(b"torn")
    (path.parent / "notes.txt").write_text("mine")
    (tmp_path / "stray").write_text("mine")
    log = ParquetLog(tmp_path)
    assert log.covered(SPOOL) == 900
    log.write(_batch(900, 990, 2))
    assert len(log.calls(CallQuery())) == 2


def test_parts_left_beside_the_file_they_were_gathered_into_count_once(tmp_path: Path) -> None:
    """A crash between gathering and deleting doubles no row; the next writer clears it away."""
    log = ParquetLog(tmp_path)
    log.write(_batch(64, 900, 1))
    log.write(_batch(900, 990, 2))
    parts = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    log.gather(SPOOL)
    assert _names(tmp_path) == [f"{SPOOL}-64-990.parquet"]
    for path, raw in parts.items():
        path.write_bytes(raw)
    again = ParquetLog(tmp_path)
    assert len(again.calls(CallQuery())) == 2
    assert again.covered(SPOOL) == 990
    again.forget([SPOOL])
    assert len(again.ended(SPOOL[:32], [call.call for call in again.calls(CallQuery())])) == 2
    assert _names(tmp_path) == [f"{SPOOL}-64-990.parquet"]


def test_a_file_gathered_away_under_a_query_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The query lists again and finds its rows where they are now."""
    log = ParquetLog(tmp_path)
    log.write(_batch(64, 900, 1))
    log.write(_batch(900, 990, 2))
    statement, asked = parquet_search.calls_statement, 0

    def gathered_meanwhile(query: CallQuery, calls: list[str], scores: list[str]) -> object:
        nonlocal asked
        asked += 1
        if asked == 1:
            log.gather(SPOOL)
        return statement(query, calls, scores)

    monkeypatch.setattr(parquet_search, "calls_statement", gathered_meanwhile)
    assert len(log.calls(CallQuery())) == 2
    assert asked == 2


def test_a_number_too_large_for_its_column_does_not_block_the_log(tmp_path: Path) -> None:
    """An upstream may say anything; the field is unknown then, and the row is there."""
    log = ParquetLog(tmp_path)
    made = msgspec.structs.replace(_batch(64, 900, 1).rows[0], tokens_in=2**64 - 1)
    log.write(LogBatch(spool=SPOOL, start=64, end=900, rows=[made]))
    assert [call.tokens_in for call in log.calls(CallQuery())] == [None]


def test_names_that_are_not_parts_are_none() -> None:
    """Only the whole form counts."""
    assert part_of(Path("x/readme.parquet")) is None
    found = part_of(Path(f"x/{SPOOL}-64-900.parquet"))
    assert found is not None
    assert (found.spool, found.start, found.end, instance_of(found.spool)) == (SPOOL, 64, 900, SPOOL[:32])


def test_widest_keeps_apart_what_does_not_span() -> None:
    """Neighbours and other segments stay; only what lies inside another part is spare."""
    spans = [("a", 0, 10), ("a", 10, 20), ("a", 0, 20), ("a", 20, 30), ("b", 5, 8)]
    parts = [Part(spool=spool, start=start, end=stop, path=Path(f"{spool}{start}")) for spool, start, stop in spans]
    kept, spare = widest(parts)
    assert [(part.spool, part.start, part.end) for part in kept] == [("a", 0, 20), ("a", 20, 30), ("b", 5, 8)]
    assert len(spare) == 2


def test_files_of_an_older_serinus_are_read(tmp_path: Path) -> None:
    """Columns that it did not write have their defaults."""
    log = ParquetLog(tmp_path)
    log.write(_batch(64, 900, 1))
    (path,) = tmp_path.rglob("*.parquet")
    newer = path.with_suffix(".new")
    duckdb.sql(f"COPY (SELECT * EXCLUDE (price_table, rules) FROM '{path}') TO '{newer}' (FORMAT parquet)")
    newer.replace(path)
    (row,) = log.calls(CallQuery())
    assert (row.price_table, row.rules) == ("", ())
    assert log.calls(CallQuery(rule="any")) == []
