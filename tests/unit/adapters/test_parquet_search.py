"""Questions to the event log are bounded, and exports are whole."""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import msgspec
import pytest

from serinus.adapters import parquet_search
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.parquet_search import ParquetSearch, ReadLimits
from serinus.core.errors import QueryLimit, StoreUnavailable
from serinus.core.records.call import Call, row
from serinus.core.records.record import Score
from serinus.core.records.score import row as score_row
from serinus.ports.event_log import CallQuery, ExposedQuery, LogBatch, ScoreBatch, ScoreQuery
from tests.fake_workers import START_US, ManualClock, end, raw_call

SLOW = "SELECT count(*) FROM range(1000000) a, range(1000000) b"
HUNGRY = "SELECT list(range) FROM range(100000000)"


def _calls(*numbers: int) -> list[Call]:
    found = []
    for number in numbers:
        clock = ManualClock()
        clock.advance(number)
        found.append(row(end(raw_call(number, arm=1 + number % 2), clock), "host-1"))
    return found


def _spool(number: int) -> str:
    return f"{number:032x}-00000000"


@pytest.fixture
def root(tmp_path: Path, written: Path) -> Path:
    """A log of the test's own."""
    return shutil.copytree(written, tmp_path / "it's a log")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of forty segments with two calls each, the later segments holding the earlier calls, and two scores."""
    root = tmp_path_factory.mktemp("written")
    log = ParquetLog(root)
    for number in range(40):
        rows = _calls(2 * (39 - number), 2 * (39 - number) + 1)
        log.write(LogBatch(spool=_spool(number), start=64, end=100, rows=rows))
    for number in (1, 2):
        score = Score(raw_call(1), START_US + number, "feedback.thumbs_down", 10**6, "feedback", "k", "support-bot")
        log.write_scores(ScoreBatch(spool=_spool(number), start=64, end=100, rows=[score_row(score, "h")]))
    return root


def test_O3_an_export_holds_every_call_of_the_query_once_in_order_of_time(root: Path) -> None:
    """JSON lines and Parquet hold the same rows with the same columns."""
    search = ParquetSearch(root, ReadLimits())
    query = CallQuery(arm="candidate")
    expected = _calls(*range(0, 80, 2))
    with search.export(query, "jsonl") as file:
        lines = [msgspec.convert(json.loads(line), Call) for line in file]
    assert lines == expected == search.calls(query)
    with search.export(query, "parquet") as file:
        (root / "copy.parquet").write_bytes(file.read())
    with duckdb.connect() as connection:
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(root / "copy.parquet")])
        names = [column[0] for column in found.description]
        rows = [msgspec.convert(dict(zip(names, values, strict=True)), Call) for values in found.fetchall()]
    assert rows == expected


def test_O3_an_export_of_scores_holds_each_once(root: Path) -> None:
    """The one that was sent twice is there as it came first."""
    with ParquetSearch(root, ReadLimits()).export(ScoreQuery(metric="feedback.thumbs_down"), "jsonl") as file:
        (line,) = [json.loads(line) for line in file]
    assert (line["at_us"], line["value_micro"], line["arm"]) == (START_US + 1, 10**6, "candidate")


@pytest.mark.parametrize("query", [CallQuery(app="nobody"), ScoreQuery(app="nobody")], ids=["calls", "scores"])
def test_an_export_of_nothing_is_an_empty_file_with_columns(root: Path, query: CallQuery | ScoreQuery) -> None:
    """An empty answer is an answer, also of a log that is not there yet."""
    for place in (root, root / "nowhere"):
        search = ParquetSearch(place, ReadLimits())
        with search.export(query, "jsonl") as file:
            assert file.read() == b""
        with search.export(query, "parquet") as file:
            assert file.read(4) == b"PAR1"
    assert ParquetSearch(root / "nowhere").calls(CallQuery()) == []


def test_an_export_leaves_nothing_behind(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has no name any more when it is handed out; a failed one leaves none either."""
    monkeypatch.setattr(parquet_search, "TemporaryDirectory", _in(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    search = ParquetSearch(root, ReadLimits())
    with search.export(CallQuery(), "jsonl") as file:
        assert not any((tmp_path / "scratch").iterdir())
        assert len(file.readlines()) == 80
    monkeypatch.setattr(parquet_search, "whole_statement", lambda *_: (SLOW, {}))
    with pytest.raises(QueryLimit):
        ParquetSearch(root, ReadLimits(export_s=0.5)).export(CallQuery(), "jsonl")
    assert not any((tmp_path / "scratch").iterdir())


def _in(folder: Path) -> object:
    made = parquet_search.TemporaryDirectory
    return lambda prefix: made(prefix=prefix, dir=folder)


def test_segments_gathered_during_an_export_are_neither_missed_nor_doubled(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files vanish between listing and reading: that part is read anew."""
    log = ParquetLog(root)
    log.write(LogBatch(spool=_spool(3), start=100, end=200, rows=_calls(100)))
    stage, staged = parquet_search.stage_statement, 0

    def gathered_meanwhile(query: CallQuery, parts: list[str], scores: list[str]) -> object:
        nonlocal staged
        staged += 1
        if staged == 1:
            log.gather(_spool(3))
        return stage(query, parts, scores)

    monkeypatch.setattr(parquet_search, "stage_statement", gathered_meanwhile)
    with ParquetSearch(root, ReadLimits()).export(CallQuery(), "jsonl") as file:
        found = [json.loads(line)["call"] for line in file]
    assert found == [call.call for call in _calls(*range(80), 100)]
    assert staged == 3, "two groups of segments, the first of them twice"


@pytest.mark.parametrize(("sql", "what"), [(SLOW, "time"), (HUNGRY, "memory")])
def test_a_question_that_takes_too_much_is_ended(
    root: Path, monkeypatch: pytest.MonkeyPatch, sql: str, what: str
) -> None:
    """In time and memory alike; the next question is answered."""
    search = ParquetSearch(root, ReadLimits(query_s=1.0, memory_mb=64))
    with monkeypatch.context() as patched:
        patched.setattr(parquet_search, "calls_statement", lambda *_: (sql, {}))
        with pytest.raises(QueryLimit, match=what):
            search.calls(CallQuery())
    assert len(search.calls(CallQuery(limit=5))) == 5


@contextmanager
def _asking(search: ParquetSearch, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """While another thread asks something that does not end before this does."""
    asked, over = threading.Event(), threading.Event()
    made = parquet_search.calls_statement

    def waits(*arguments: object) -> object:
        asked.set()
        over.wait(10)
        return made(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(parquet_search, "calls_statement", waits)
    thread = threading.Thread(target=lambda: search.calls(CallQuery(limit=1)))
    thread.start()
    try:
        assert asked.wait(10)
        yield
    finally:
        over.set()
        thread.join()


def test_who_comes_while_others_wait_is_told_to_come_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions hold no more threads than may wait, and none for longer than a question may take."""
    refused = pytest.raises(StoreUnavailable, match="too many questions")
    with _asking(search := ParquetSearch(root, ReadLimits(waiting=1)), monkeypatch), refused:
        search.scores(["call_x"], [])
    with _asking(search := ParquetSearch(root, ReadLimits(query_s=0.2)), monkeypatch), refused:
        search.scores(["call_x"], [])
    assert search.scores(["call_x"], []) == []


def test_one_export_at_a_time(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second one is refused while the first is being made; reading its file is no part of that."""
    search = ParquetSearch(root, ReadLimits())
    whole = parquet_search.whole_statement

    def meanwhile(*arguments: object) -> object:
        with pytest.raises(StoreUnavailable, match="another export"):
            search.export(CallQuery(), "jsonl")
        return whole(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(parquet_search, "whole_statement", meanwhile)
        first = search.export(CallQuery(), "jsonl")
    with first, search.export(CallQuery(), "jsonl") as second:
        assert first.read() == second.read()


def test_values_are_never_read_as_sql(root: Path) -> None:
    """Whatever is asked for is compared, and nothing else."""
    search = ParquetSearch(root, ReadLimits())
    for text in ("'; DROP TABLE x; --", "' OR '1'='1", "$call", "\0", "%"):
        for field in ("call", "app", "release", "arm", "version", "unit", "conversation", "event", "error"):
            assert search.calls(CallQuery(**{field: text}, limit=1)) == []


def test_J5_fallbacks_are_counted_by_the_rung_that_answered(tmp_path: Path) -> None:
    """Of the app and the time alone; copies in shadow are nobody's calls, and an empty log has none."""
    search = ParquetSearch(tmp_path, ReadLimits())
    assert search.rungs("support-bot", 0, 2**62) == {}
    rows = _calls(*range(8))
    rungs = ("none", "cache", "cache", "message", "hand_off", "cache", "cache", "cache")
    changed = [msgspec.structs.replace(one, rung=rung) for one, rung in zip(rows, rungs, strict=True)]
    changed[5] = msgspec.structs.replace(changed[5], app="other")
    changed[6] = msgspec.structs.replace(changed[6], arm="shadow")
    ParquetLog(tmp_path).write(LogBatch(spool=_spool(1), start=64, end=100, rows=changed))
    last_us = changed[7].at_us
    assert search.rungs("support-bot", 0, last_us) == {"cache": 2, "hand_off": 1, "message": 1, "none": 1}
    assert search.rungs("support-bot", 0, last_us + 1)["cache"] == 3
    assert search.rungs("support-bot", last_us + 1, 2**62) == {}


def test_K2_who_met_a_candidate_is_counted_and_exported_by_user(root: Path, tmp_path: Path) -> None:
    """Users, sessions and calls of the candidate alone; each user once, with the first and the last call; an unknown
    release has none, and so has an empty log."""
    search, rows = ParquetSearch(root, ReadLimits()), _calls(*range(80))
    release = rows[0].release
    met = [one for one in rows if one.arm == "candidate" and one.release == release]
    assert met
    found = search.exposure(release)
    assert (found.units, found.calls) == (len({one.unit for one in met}), len(met))
    assert found.sessions == len({one.conversation for one in met})
    with search.export(ExposedQuery(release=release), "jsonl") as file:
        lines = [json.loads(line) for line in file]
    assert {line["unit"]: line["calls"] for line in lines} == Counter(one.unit for one in met)
    assert min(line["first_at_us"] for line in lines) == min(one.at_us for one in met)
    assert max(line["last_at_us"] for line in lines) == max(one.at_us for one in met)
    assert search.exposure("rel_" + "0" * 32).units == 0
    assert ParquetSearch(tmp_path / "empty", ReadLimits()).exposure(release).calls == 0
    with ParquetSearch(tmp_path / "empty", ReadLimits()).export(ExposedQuery(release=release), "jsonl") as none:
        assert none.read() == b""
