"""What every event log promises."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from serinus.adapters.event_log import GATHER_AT, ParquetLog
from serinus.adapters.memory_log import MemoryLog
from serinus.core.records.call import Call, row
from serinus.core.records.record import Event
from serinus.ports.event_log import CallQuery, EventLog, LogBatch
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
