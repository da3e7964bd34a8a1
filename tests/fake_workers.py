"""Workers made of their files alone: lock, status and a real spool, written from a script instead of by requests."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

from serinus.adapters.spool_writer import MIN_SEGMENT_BYTES, SpoolWriter
from serinus.core.fleet import WorkerStatus
from serinus.core.records import call_id, frames
from serinus.core.records.record import Begin, End, Event, First, Payload
from serinus.ports.clock import Clock

RELEASE = bytes.fromhex("018f0000000070008000000000000001")
VERSION = bytes(range(32))
KEY = b"k" * 32
APP = b"support-bot"
START_US = 1_764_000_000_000_000
START_NS = 5_000_000_000_000
OVERDUE_MS = 30_000


class ManualClock:
    """Time that moves when told; the wall clock may be stepped on its own."""

    def __init__(self) -> None:
        self.wall_us = START_US
        self.mono = START_NS

    def now_us(self) -> int:
        return self.wall_us

    def mono_ns(self) -> int:
        return self.mono

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.wall_us += int(seconds * 1e6)
        self.mono += int(seconds * 1e9)


def raw_call(
    number: int, *, unit: int | None = None, arm: int = 1, stratum: int = 0, release: bytes = RELEASE
) -> bytes:
    """A call id that carries `number`, so that it can be told from all others."""
    unit_bytes = (number if unit is None else unit).to_bytes(8, "big")
    return call_id.make(KEY, APP, START_US // 1000, number.to_bytes(5, "big"), RELEASE, arm, stratum, unit_bytes)


def begin(call: bytes, clock: Clock, overdue_ms: int = OVERDUE_MS, total_ms: int = 0) -> Begin:
    return Begin(call, clock.now_us(), clock.mono_ns(), "support-bot", VERSION, 3, overdue_ms, total_ms)


def first(call: bytes, clock: Clock) -> First:
    return First(call, clock.mono_ns())


def end(call: bytes, clock: Clock, events: int = 0, latency_us: int = 1000) -> End:
    return End(
        call=call,
        at_us=clock.now_us(),
        mono_ns=clock.mono_ns(),
        app="support-bot",
        version=VERSION,
        revision=3,
        conversation=7,
        status=200,
        error=1 if events & Event.ERROR else 0,
        events=events,
        latency_us=latency_us,
        ttft_us=latency_us // 2,
        tokens_in=10,
        tokens_out=20,
        cost_nano=1500,
        finish="stop",
        model="sim-1",
    )


class FakeWorker:
    """A worker that lives in this process. `die` is what `kill -9` leaves behind."""

    def __init__(self, root: Path, number: int, clock: Clock, segment_bytes: int = MIN_SEGMENT_BYTES) -> None:
        self.instance = f"{number:032x}"
        self._folder = root / "workers"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._folder / f"{self.instance}.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._spool = root / "spool" / self.instance
        self._writer = SpoolWriter(
            self._spool,
            instance=bytes.fromhex(self.instance),
            boot=1,
            now_us=clock.now_us,
            segment_bytes=segment_bytes,
        )

    def write(self, *records: frames.Record) -> None:
        for record in records:
            while not self._writer.has_room:  # the next segment is being made by the writer's thread
                self._writer.refill()
            assert self._writer.append(frames.encode(record))

    def fill_segment(self) -> None:
        """Write on until the next segment is begun, with frames that nothing is counted by."""
        before = len(list(self._spool.glob("*.spool")))
        while len(list(self._spool.glob("*.spool"))) == before:
            self.write(Payload(bytes(48), b"q" * 4000, b"a" * 4000))

    def report(self, acked: int, leased: bool = True, dropped: int = 0) -> None:
        status = WorkerStatus(instance=self.instance, pid=1, acked=acked, leased=leased, dropped=dropped)
        (self._folder / f"{self.instance}.json").write_bytes(msgspec.json.encode(status))

    def tear(self, whole: frames.Record) -> None:
        """Leave half a frame behind the last one, as a write that was cut."""
        segment = max(self._spool.glob("*.spool"))
        raw = segment.read_bytes()
        position = max((end for _, end in frames.scan(raw, frames.HEADER_SIZE)), default=frames.HEADER_SIZE)
        torn = bytearray(frames.encode(whole))
        torn[-3:] = b"\0\0\0"
        with segment.open("r+b") as file:
            file.seek(position)
            file.write(torn)

    def die(self) -> None:
        self._writer.close()
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1
