"""Take up a worker's spool where the store says it was left, without counting anything again."""

from __future__ import annotations

import msgspec

from serinus.agent.log_calls import CallLog
from serinus.agent.trail import Trail, judged_id, spool_id, told_id
from serinus.core.records import call_id
from serinus.core.records.in_flight import replay
from serinus.ports.host import Host
from serinus.ports.telemetry_store import TelemetryStore

_CHUNK_BYTES = 1 << 20


class Shipped(msgspec.Struct, frozen=True, kw_only=True):
    """What the store says of one worker: shipped offset by segment number, how far the clock has judged, and how many
    dropped records the worker told of."""

    offsets: dict[int, int]
    judged_until_ns: int
    told: int


def shipped(store: TelemetryStore, instance: str, numbers: list[int]) -> Shipped:
    """Ask the store about a worker's segments."""
    with store.tx() as tx:
        return Shipped(
            offsets={number: tx.offset(spool_id(instance, number)) for number in numbers},
            judged_until_ns=tx.offset(judged_id(instance)),
            told=tx.offset(told_id(instance)),
        )


def resume(host: Host, store: TelemetryStore, log: CallLog, instance: str) -> Trail:
    """The trail of a worker, from the store's offsets and the segments still on disk.

    Shipped frames are read again to know which calls are open and which Ends the event log still lacks. A segment that
    was deleted between two kept ones may have held the End of a call that began before it: the event log tells.
    """
    numbers = [segment.number for segment in host.segments(instance)]
    known = shipped(store, instance, numbers)
    trail = Trail(instance=instance, judged_until_ns=known.judged_until_ns, told=known.told)
    begun = [number for number in numbers if known.offsets[number]]
    for number in begun:
        _replay_segment(host, log, trail, number, known.offsets[number])
    trail.number = begun[-1] if begun else (numbers[0] if numbers else 0)
    trail.offset = known.offsets.get(trail.number, 0)
    trail.done = set(begun[:-1])
    if begun and len(begun) <= begun[-1] - begun[0]:
        _close_ended(log, trail)
    return trail


def _replay_segment(host: Host, log: CallLog, trail: Trail, number: int, until: int) -> None:
    spool = spool_id(trail.instance, number)
    position = 0
    while position < until:
        chunk = host.read(trail.instance, number, position, _CHUNK_BYTES)
        frames = [(record, end) for record, end in chunk.frames if end <= until]
        for record, _ in frames:
            replay(trail.open, record, spool, trail.judged_until_ns)
        log.add(spool, frames)
        if not frames:
            break
        position = chunk.end


def _close_ended(log: CallLog, trail: Trail) -> None:
    printed = {call_id.text(call): call for call in trail.open}
    for ended in log.ended(trail.instance, printed):
        del trail.open[printed[ended]]
