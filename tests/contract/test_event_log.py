"""What every event log promises."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from serinus.adapters.event_log import ParquetLog
from serinus.adapters.memory_log import MemoryLog
from serinus.adapters.parquet_table import GATHER_AT
from serinus.core.records.call import Call, row
from serinus.core.records.record import Event, Score
from serinus.core.records.score import LoggedScore, conversation_text
from serinus.core.records.score import row as score_row
from serinus.ports.event_log import CallQuery, EventLog, LogBatch, ScoreBatch
from tests.fake_workers import START_US, ManualClock, end, raw_call

INSTANCE = "0123456789abcdef" * 2
SPOOL = f"{INSTANCE}-00000000"


@pytest.fixture(params=["memory", "parquet"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> EventLog:
    return MemoryLog() if request.param == "memory" else ParquetLog(tmp_path / "it's a log")


def _call(number: int, **changes: object) -> Call:
    clock = ManualClock()
    clock.advance(number)
    made = row(end(raw_call(number, arm=1 + number % 2), clock, Event.ERROR if number % 3 == 0 else 0), "host-1")
    return msgspec.structs.replace(made, **changes)


def _batch(start: int, stop: int, *rows: Call, spool: str = SPOOL) -> LogBatch:
    return LogBatch(spool=spool, start=start, end=stop, rows=rows)


def test_rows_come_back_as_they_went_in(log: EventLog) -> None:
    """Every field, also odd text, unknown numbers and several events."""
    odd = _call(2, model="a\0'\"\\\U0001f600\n", tokens_in=None, cost_nano=2**62, events=("call.error", "call.refusal"))
    log.write(_batch(64, 900, _call(1), odd))
    assert log.calls(CallQuery()) == [_call(1), odd]


def test_a_batch_that_is_there_changes_nothing(log: EventLog) -> None:
    """Where a segment's log ends is what the next batch starts at; the same bytes are never logged twice."""
    assert log.covered(SPOOL) == 0
    log.write(_batch(64, 900, _call(1)))
    log.write(_batch(64, 900, _call(1)))
    log.write(_batch(64, 500, _call(1)))
    assert log.covered(SPOOL) == 900
    assert len(log.calls(CallQuery())) == 1
    log.write(_batch(900, 1000))
    assert log.covered(SPOOL) == 900, "a batch without rows leaves no trace"


def test_many_small_batches_are_gathered_and_nothing_is_lost_or_doubled(log: EventLog) -> None:
    """Gathering changes neither the rows nor where the log ends."""
    for number in range(GATHER_AT + 3):
        log.write(_batch(64 + number, 65 + number, _call(number)))
    log.write(_batch(64, 70, _call(500), spool=f"{INSTANCE}-00000001"))
    log.gather(SPOOL)
    log.gather("0" * 32 + "-00000009")
    assert log.covered(SPOOL) == 64 + GATHER_AT + 3
    assert log.calls(CallQuery()) == [*map(_call, range(GATHER_AT + 3)), _call(500)]


def test_calls_are_asked_for_by_every_condition(log: EventLog) -> None:
    """All conditions given hold; a limit takes the newest."""
    log.write(_batch(64, 900, *map(_call, range(10))))
    second_us = 1_000_000
    numbers = {row.call: number for number, row in enumerate(map(_call, range(10)))}

    def asked(query: CallQuery) -> list[int]:
        return [numbers[row.call] for row in log.calls(query)]

    assert asked(CallQuery(call=_call(4).call)) == [4]
    assert asked(CallQuery(arm="candidate", event="call.error")) == [0, 6]
    assert asked(CallQuery(from_us=START_US + 3 * second_us, to_us=START_US + 6 * second_us)) == [3, 4, 5]
    assert asked(CallQuery(limit=3)) == [9, 8, 7]
    assert asked(CallQuery(app="another")) == asked(CallQuery(release="rel_0")) == asked(CallQuery(unit="00")) == []
    assert asked(CallQuery(version=_call(0).version, app="support-bot", release=_call(0).release)) == list(range(10))


def test_it_knows_which_calls_of_a_worker_have_ended(log: EventLog) -> None:
    """Calls of other workers and unknown ones are not among them."""
    log.write(_batch(64, 900, _call(1), _call(2)))
    log.write(_batch(64, 900, _call(3), spool=f"{'f' * 32}-00000000"))
    assert log.ended(INSTANCE, [_call(2).call, _call(3).call, "call_x"]) == {_call(2).call}
    assert log.ended("e" * 32, [_call(2).call]) == set()


def _score(number: int, metric: str = "feedback.thumbs_down", value: int = 1, **changes: object) -> LoggedScore:
    record = Score(raw_call(number, arm=1 + number % 2), START_US + number, metric, value * 10**6, "feedback", "k")
    return score_row(msgspec.structs.replace(record, app="support-bot", **changes), "host-1")


def _scores(start: int, stop: int, *rows: LoggedScore, spool: str = SPOOL) -> ScoreBatch:
    return ScoreBatch(spool=spool, start=start, end=stop, rows=rows)


def test_O2_scores_come_back_as_they_went_in(log: EventLog) -> None:
    """By call or by conversation, in order of time, odd text included; of others none."""
    odd = _score(1, "feedback.text", 0, text="a\0'\"\\\U0001f600\n")
    talk = _score(3, conversation=7)
    log.write_scores(_scores(64, 900, odd, _score(1), _score(2), talk))
    assert log.scores([_call(1).call], []) == sorted((odd, _score(1)), key=lambda score: score.score)
    assert log.scores([_call(2).call], [conversation_text(7)]) == [_score(2), talk]
    assert log.scores([_call(9).call], [conversation_text(9)]) == []


def test_O2_a_score_that_was_written_twice_is_one(log: EventLog) -> None:
    """Two workers took the same feedback: the first one counts, whichever segment it came in."""
    later = _score(1, at_us=START_US + 5, value_micro=0)
    log.write_scores(_scores(64, 900, later))
    log.write_scores(_scores(64, 900, _score(1), spool=f"{'f' * 32}-00000000"))
    assert log.scores([_call(1).call], []) == [_score(1)]


def test_calls_and_scores_of_a_segment_are_covered_apart(log: EventLog) -> None:
    """Each is written once, also when the other was written alone; gathering loses neither."""
    log.write_scores(_scores(64, 700, _score(1)))
    assert (log.covered(SPOOL), log.covered_scores(SPOOL)) == (0, 700)
    log.write(_batch(64, 900, _call(1)))
    log.write_scores(_scores(64, 700, _score(1)))
    log.write_scores(_scores(700, 950, _score(2)))
    log.write_scores(_scores(950, 960))
    assert (log.covered(SPOOL), log.covered_scores(SPOOL)) == (900, 950)
    log.gather(SPOOL)
    log.forget([SPOOL])
    assert log.calls(CallQuery()) == [_call(1)]
    assert log.scores([_call(1).call, _call(2).call], []) == [_score(1), _score(2)]


def test_O3_calls_are_found_by_how_they_ended_and_what_was_said(log: EventLog) -> None:
    """Error, status, latency, conversation; with or without a score; by an event of the call or of a score."""
    odd = _call(3, status=502, error="upstream_cut", latency_us=9_000_000, conversation=conversation_text(3))
    log.write(_batch(64, 900, *map(_call, range(3)), odd, *map(_call, range(4, 8))))
    numbers = {row.call: number for number, row in enumerate(map(_call, range(8)))}

    def asked(query: CallQuery) -> list[int]:
        return [numbers[row.call] for row in log.calls(query)]

    assert asked(CallQuery(scored=True)) == []
    assert asked(CallQuery(scored=False, limit=2)) == [7, 6]
    log.write_scores(_scores(64, 900, _score(1), _score(2, value=0), _score(5, "feedback.escalated", conversation=3)))
    assert asked(CallQuery(error="upstream_cut")) == asked(CallQuery(status=502)) == [3]
    assert asked(CallQuery(min_latency_us=1001)) == asked(CallQuery(conversation=conversation_text(3))) == [3]
    assert asked(CallQuery(scored=True)) == [1, 2, 3]
    assert asked(CallQuery(scored=False)) == [0, 4, 5, 6, 7]
    assert asked(CallQuery(event="feedback.thumbs_down")) == [1], "thumbs up is a score and no event"
    assert asked(CallQuery(event="feedback.escalated")) == [3], "what is said of a conversation is said of its calls"
    assert asked(CallQuery(event="call.error")) == [0, 3, 6]
    assert asked(CallQuery(event="call.error", scored=True, status=502)) == [3]


def test_O3_pages_follow_one_another_without_gap_or_overlap(log: EventLog) -> None:
    """Also through calls that ended in the same µs."""
    same = [_call(number, at_us=START_US) for number in range(4)]
    log.write(_batch(64, 900, *same, _call(9)))
    found: list[Call] = []
    query = CallQuery(limit=2)
    while page := log.calls(query):
        found += page
        query = CallQuery(limit=2, before=(page[-1].at_us, page[-1].call))
    assert found == [_call(9), *sorted(same, key=lambda row: row.call)]


def test_E3_shadow_calls_that_were_worse_are_found_and_rungs_too(log: EventLog) -> None:
    """By the score of their pair, where only the candidate's side was bad; by the rung that answered."""
    calls = [_call(number, rung="message" if number == 3 else "none") for number in range(4)]
    log.write(_batch(64, 900, *calls))
    log.write_scores(_scores(64, 900, *(_score(number, "shadow.worse", 1 - number) for number in range(3))))
    assert log.calls(CallQuery(worse=True)) == calls[:1]
    assert log.calls(CallQuery(worse=False)) == calls[1:]
    assert log.calls(CallQuery(rung="message")) == calls[3:]


def test_E3_shadow_calls_are_ranked_by_how_much_worse_they_were(log: EventLog) -> None:
    """Worst first, newest first among equals; what was never compared comes last, and the limit cuts the rest."""
    calls = [_call(number) for number in range(5)]
    log.write(_batch(64, 900, *calls))
    log.write_scores(_scores(64, 900, *(_score(n, "shadow.worse", by) for n, by in enumerate((1, 3, 1, -1)))))
    ranked = [calls[n] for n in (1, 2, 0, 3, 4)]
    assert log.calls(CallQuery(worst_first=True, limit=9)) == ranked
    assert log.calls(CallQuery(worst_first=True, worse=True, limit=2)) == ranked[:2]
    assert log.calls(CallQuery(worst_first=True)) == calls
