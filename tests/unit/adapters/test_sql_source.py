"""Monitors' SQL: one SELECT over one app's calls, by itself, bounded, and shut in."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from serinus.adapters.event_log import ParquetLog
from serinus.adapters.sql_source import SqlQuestions
from serinus.adapters.sql_text import parsed_query
from serinus.core.errors import InvalidInput
from serinus.core.monitoring.reading import Measured
from serinus.core.pipeline.monitor import SqlSource
from serinus.core.records.call import Call, row
from serinus.core.records.record import Score
from serinus.core.records.score import row as score_row
from serinus.ports.event_log import LogBatch, ScoreBatch
from serinus.ports.monitors import Question
from tests.fake_workers import START_US, ManualClock, end, raw_call


def a_call(number: int, **fields: object) -> Call:
    made = row(end(raw_call(number, arm=1), ManualClock()), "h")
    given = {"call": f"c{number}", "version": "aa", "at_us": START_US + number, "status": 200, **fields}
    return msgspec.structs.replace(made, **given)


APP = a_call(0).app
RELEASE = a_call(0).release
CALLS = [
    *(a_call(n, arm="candidate", version="cc" if n else "aa", status=500 if n < 3 else 200) for n in range(10)),
    *(a_call(n, arm="control") for n in range(10, 30)),
    a_call(30, arm="rest", status=500),
    a_call(31, arm="shadow", version="cc", status=500),
    a_call(32, arm="candidate", version="cc", release="another", status=500),
    a_call(33, app="other", arm="rest", status=500),
    a_call(10_000_000, arm="rest", status=500),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A log with calls of two apps, one beyond the window, and a score."""
    log = ParquetLog(tmp_path / "it's a log")
    log.write(LogBatch(spool=f"{1:032x}-00000000", start=64, end=100, rows=CALLS[:20]))
    log.write(LogBatch(spool=f"{2:032x}-00000000", start=64, end=100, rows=CALLS[20:]))
    score = Score(raw_call(1), START_US + 1, "feedback.thumbs_down", 10**6, "feedback", "k", APP)
    log.write_scores(ScoreBatch(spool=f"{1:032x}-00000000", start=64, end=100, rows=[score_row(score, "h")]))
    return tmp_path / "it's a log"


def ask(root: Path, query: str, *, arm: str = "live", timeout_s: float = 10.0, memory_mb: int = 256) -> Measured:
    candidate = arm == "candidate"
    source = SqlSource(query=query)
    asked = Question(
        app=APP,
        source=source,
        since_us=START_US,
        until_us=START_US + 1_000_000,
        timeout_s=timeout_s,
        arm=arm,
        version="cc" if candidate else "aa",
        release=RELEASE if candidate else "",
    )
    return SqlQuestions(root, memory_mb).measure(asked, source)


def test_A2_a_query_sees_the_calls_of_the_watched_version(root: Path) -> None:
    """In the candidate's arm those of the release, whoever answered in the end; else all that the live version
    answered, but no shadow calls; other apps and times in neither."""
    failing = "SELECT avg((status >= 500)::INT) FROM calls"
    assert ask(root, failing, arm="candidate") == Measured(value=0.3, samples=10)
    assert ask(root, failing) == Measured(value=1 / 21, samples=21)
    assert ask(root, "SELECT count(*) FROM all_calls").value == 33
    assert ask(root, "SELECT count(*) FROM scores WHERE metric = 'feedback.thumbs_down'").value == 1


def test_A2_placeholders_are_filled_in(root: Path) -> None:
    """App, arm, version, release and the window; those that a query does not name are not given."""
    query = (
        "SELECT ($app || $arm || $version || $release = '" + APP + "candidatecc" + RELEASE + "')::INT"
        " + ($until - $since) / 1e6"
    )
    assert ask(root, query, arm="candidate").value == 2.0


def test_A2_a_second_column_says_how_many_calls_it_rests_on(root: Path) -> None:
    """For what is counted otherwise."""
    assert ask(root, "SELECT 0.5, count(*) FROM calls WHERE status >= 500") == Measured(value=0.5, samples=1)


@pytest.mark.parametrize("query", ["SELECT NULL", "SELECT 0.0 / 0.0", "SELECT avg(status) FROM calls WHERE status = 1"])
def test_I3_no_number_is_no_number(root: Path, query: str) -> None:
    """NULL and NaN are no zero."""
    seen = ask(root, query)
    assert seen.value is None
    assert not seen.fault


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("SELECT status FROM calls", "more than one row"),
        ("SELECT 1 WHERE false", "no row"),
        ("SELECT 1, 2, 3", "3 columns"),
        ("SELECT 'many'", "no number"),
        ("SELECT 1e308 * 10", "inf"),
        ("SELECT nothing FROM calls", "nothing"),
    ],
)
def test_what_is_not_one_number_is_a_fault(root: Path, query: str, fault: str) -> None:
    """It is said, and no value comes of it."""
    seen = ask(root, query)
    assert seen.value is None
    assert fault in seen.fault


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM calls",
        "SELECT 1; SELECT 2",
        "COPY (SELECT 1) TO 'x.csv'",
        "CREATE TABLE x AS SELECT 1",
        "ATTACH 'x.db'",
        "INSTALL httpfs",
        "PRAGMA version",
        "SET memory_limit = '1TB'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT count(*) FROM glob('/*')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM information_schema.tables",
        "SELECT (SELECT count(*) FROM read_csv('/etc/passwd'))",
        "WITH a AS (SELECT * FROM read_blob('/etc/passwd')) SELECT count(*) FROM a",
        "SHOW TABLES",
        "SELECT $secret",
        "SELECT ?",
        "not SQL at all",
        "",
    ],
)
def test_SQL_that_is_not_one_SELECT_over_the_calls_is_refused(root: Path, query: str) -> None:
    """Where it is declared, and where it would run."""
    with pytest.raises(InvalidInput):
        parsed_query("sql", query)
    seen = ask(root, query)
    assert seen.value is None
    assert seen.fault.startswith("the query is refused")


def test_common_forms_of_SELECT_are_no_offence() -> None:
    """CTEs, subqueries, windows, and functions that give rows of nothing but their arguments."""
    query = (
        "WITH bad AS (SELECT * FROM calls WHERE status >= 500), n AS (SELECT unnest([1, 2]) AS i) "
        "SELECT count(*) * 1.0 / (SELECT count(*) FROM Calls) FROM bad, n, range(3)"
    )
    assert parsed_query("sql", query) == frozenset()


def test_a_query_that_runs_for_ever_is_ended(root: Path) -> None:
    """In its time, whatever it does, and it is said."""
    begun = time.monotonic()
    seen = ask(root, "SELECT count(*) FROM range(1000000000000000)", timeout_s=0.5)
    assert "needs more than 0.5 s" in seen.fault
    assert time.monotonic() - begun < 5


def test_a_query_that_takes_all_memory_is_ended(root: Path) -> None:
    """It gets no more than it may have."""
    seen = ask(root, "SELECT len(list(range)) FROM range(100000000)", memory_mb=64)
    assert "needs more than 64 MB" in seen.fault


def test_an_empty_log_has_no_calls(tmp_path: Path) -> None:
    """Before the first call there is nothing to count, and no fault."""
    assert ask(tmp_path / "none", "SELECT count(*) FROM calls") == Measured(value=0.0, samples=0)
