"""What the call log counts of an app's traffic."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from serinus.adapters.event_log import ParquetLog
from serinus.adapters.parquet_search import ParquetSearch, ReadLimits
from serinus.core.records.call import Call, row
from serinus.core.records.record import Score
from serinus.core.records.score import row as score_row
from serinus.ports.event_log import LogBatch, ScoreBatch
from tests.fake_workers import ManualClock, end, raw_call

HOUR_US = 3_600_000_000
START_US = 450_000 * HOUR_US
APP = "support-bot"


def call(number: int, hour: float, unit: str, arm: str = "rest", events: tuple[str, ...] = ()) -> Call:
    """A call of a unit."""
    found = row(end(raw_call(number), ManualClock()), "host-1")
    return msgspec.structs.replace(
        found, app=APP, at_us=START_US + int(hour * HOUR_US), unit=unit, arm=arm, events=events, cost_nano=1000 * number
    )


def log_of(root: Path, *calls: Call) -> ParquetSearch:
    """A log with these calls."""
    ParquetLog(root).write(LogBatch(spool=f"{1:032x}-00000000", start=64, end=100, rows=calls))
    return ParquetSearch(root, ReadLimits())


def test_calls_users_rates_and_cost_are_counted_in_one_question(tmp_path: Path) -> None:
    """By hour; users in whole windows; events and cost of the live version alone; nobody is a shadow's user."""
    search = log_of(
        tmp_path,
        call(1, 0.0, "aa"),
        call(2, 0.5, "aa", events=("call.error",)),
        call(3, 1.2, "bb", arm="control"),
        call(4, 1.3, "cc", arm="candidate", events=("call.error", "call.refusal")),
        call(5, 1.9, "dd", arm="shadow", events=("call.error",)),
        call(6, 2.5, "aa"),
    )
    found = search.traffic(APP, START_US, START_US + 100 * HOUR_US)
    assert found is not None
    assert (found.first_us, found.last_us) == (START_US, START_US + int(2.5 * HOUR_US))
    assert found.hours == {450_000: 2, 450_001: 2, 450_002: 1}
    assert found.distinct == {1: 1.5}
    assert (found.live_calls, found.live_events, found.heaviest) == (4, {"call.error": 1}, 3)
    assert found.cost_nano == (1000 + 2000 + 3000 + 6000) / 4


def test_what_users_said_counts_for_the_live_version(tmp_path: Path) -> None:
    """A thumbs-down about a call is an event of it, however often it was said; of a candidate's call it is not."""
    one, two = call(1, 0.0, "aa"), call(2, 1.5, "bb", arm="candidate")
    search = log_of(tmp_path, one, two)
    scores = [
        score_row(Score(raw_call(number), START_US, "feedback.thumbs_down", 10**6, "feedback", key, APP), "h")
        for number, key in ((1, "a"), (1, "b"), (2, "c"))
    ]
    ParquetLog(tmp_path).write_scores(ScoreBatch(spool=f"{1:032x}-00000000", start=64, end=100, rows=scores))
    found = search.traffic(APP, START_US, START_US + 100 * HOUR_US)
    assert found is not None
    assert found.live_events == {"feedback.thumbs_down": 1}


def test_scores_of_the_live_version_are_counted_with_their_spread(tmp_path: Path) -> None:
    """Also those of 0; a candidate's are not its own, and what is on no scale has no spread."""
    calls = (call(1, 0.0, "aa"), call(2, 1.5, "bb"), call(3, 1.6, "cc", arm="candidate"))
    search = log_of(tmp_path, *calls)
    scores = [
        score_row(Score(raw_call(number), START_US, metric, value, "judge", str(number), APP), "h")
        for number, metric, value in (
            (1, "judge.correctness", 10**6),
            (2, "judge.correctness", 0),
            (3, "judge.correctness", 0),
            (1, "feedback.thumbs_down", 10**6),
        )
    ]
    ParquetLog(tmp_path).write_scores(ScoreBatch(spool=f"{1:032x}-00000000", start=64, end=100, rows=scores))
    found = search.traffic(APP, START_US, START_US + 100 * HOUR_US)
    assert found is not None
    assert found.scores == {"judge.correctness": (2, 0.5, 0.5)}


def test_an_app_without_calls_has_no_traffic(tmp_path: Path) -> None:
    """Neither without any file nor without a row."""
    assert ParquetSearch(tmp_path, ReadLimits()).traffic(APP, 0, 2**60) is None
    assert log_of(tmp_path, call(1, 0.0, "aa")).traffic("other", 0, 2**60) is None


def test_latencies_of_the_live_version_are_known_by_their_quantiles(tmp_path: Path) -> None:
    """In ms; a candidate's do not count, nor a first byte that never came."""
    calls = [
        msgspec.structs.replace(call(n, n / 60, "aa"), latency_us=1000 * n, ttft_us=0 if n > 50 else 500 * n)
        for n in range(1, 101)
    ]
    slow = msgspec.structs.replace(call(101, 2.0, "bb", arm="candidate"), latency_us=10**9)
    found = log_of(tmp_path, *calls, slow).traffic(APP, START_US, START_US + 100 * HOUR_US)
    assert found is not None
    latency, ttft = dict(found.quantiles["latency"]), dict(found.quantiles["ttft"])
    assert list(latency) == [0.5, 0.9, 0.95, 0.99]
    assert abs(latency[0.5] - 50) < 3
    assert abs(latency[0.99] - 99) < 3
    assert abs(ttft[0.5] - 12.5) < 2


def test_H5_how_cost_and_tokens_spread_over_users_is_counted_by_windows(tmp_path: Path) -> None:
    """Two whole hours, users with their calls and cost: (2, 3000) and (1, 3000) in the first, (1, 5000) in the second;
    by hand. What a candidate's calls cost, and what is in no whole window, does not count."""
    search = log_of(
        tmp_path,
        call(1, 0.0, "aa"),
        call(2, 0.4, "aa"),
        call(3, 0.5, "bb"),
        call(4, 0.6, "cc", arm="candidate"),
        call(5, 1.2, "aa"),
        call(6, 2.1, "dd"),
    )
    found = search.traffic(APP, START_US, START_US + 100 * HOUR_US)
    assert found is not None
    pairs = [(2, 3000.0), (1, 3000.0), (1, 5000.0)]
    ratio = sum(x for _, x in pairs) / sum(y for y, _ in pairs)
    expected = 3 * sum((x - ratio * y) ** 2 for y, x in pairs) / sum(x for _, x in pairs) ** 2
    units, variance = found.spreads["cost.per_call"][1]
    assert (units, variance) == (3, pytest.approx(expected))
    assert set(found.spreads["cost.per_call"]) == {1}
    assert found.spreads["tokens.per_call"][1] == (3, pytest.approx(0.0, abs=1e-9))
