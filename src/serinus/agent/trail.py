"""How far one worker's spool has been shipped, and which of its calls are open there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from serinus.core.errors import FormatError
from serinus.core.records.in_flight import OpenCall
from serinus.core.records.record import Record
from serinus.ports.host import Host, Segment


def spool_id(instance: str, number: int) -> str:
    """What offsets and the event log call a segment."""
    return f"{instance}-{number:08d}"


def judged_id(instance: str) -> str:
    """The offset row that holds up to which monotonic ns the clock has judged a worker's calls overdue."""
    return f"{instance}-judged"


def told_id(instance: str) -> str:
    """The offset row that holds how many dropped records a worker's spool has told of, as far as it is shipped."""
    return f"{instance}-told"


@dataclass(slots=True)
class Trail:
    """All that is shipped of a worker's spool: segments before `number` wholly, that one up to byte `offset`.

    `done` are segments on disk that are wholly shipped and that the writer has left.
    """

    instance: str
    number: int = 0
    offset: int = 0
    judged_until_ns: int = 0
    told: int = 0
    open: dict[bytes, OpenCall] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of one segment: frames between bytes `before` and `after`."""

    spool: str
    before: int
    after: int
    frames: Sequence[tuple[Record | None, int]]


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """What a read would add to a trail once it is committed. `complete`: nothing whole was left unread;
    `fault`: why reading stopped short at bytes that no retry will mend (empty: it did not)."""

    trail: Trail
    steps: tuple[Step, ...]
    number: int
    offset: int
    done: frozenset[int]
    complete: bool
    spool_bytes: int
    fault: str = ""


def look_ahead(host: Host, trail: Trail, limit: int) -> Advance:
    """Read on behind a trail, at most about `limit` bytes, over as many segments as that takes.

    Segments are listed before they are read: one that is left for a later one gets nothing more written to it.
    """
    listed = host.segments(trail.instance)
    steps: list[Step] = []
    done: set[int] = set()
    number, offset, fault = trail.number, trail.offset, ""
    ahead = [segment.number for segment in listed if segment.used and segment.number >= trail.number]
    complete = not ahead
    for position, number in enumerate(ahead):
        if number != trail.number:
            done.add(ahead[position - 1] if position else trail.number)
            offset = 0
        try:
            step, tip = _read(host, trail.instance, number, offset, limit)
        except (FormatError, msgspec.MsgspecError) as error:
            fault = str(error)
            break
        if step.frames:
            steps.append(step)
        offset = step.after
        limit -= step.after - step.before
        complete = tip and position == len(ahead) - 1
        if not tip or limit <= 0:
            break
    return Advance(
        trail=trail,
        steps=tuple(steps),
        number=number,
        offset=offset,
        done=frozenset(done & {segment.number for segment in listed}),
        complete=complete,
        spool_bytes=_size(listed),
        fault=fault,
    )


def _read(host: Host, instance: str, number: int, start: int, limit: int) -> tuple[Step, bool]:
    chunk = host.read(instance, number, start, limit)
    after = chunk.end if chunk.frames else start
    return Step(spool=spool_id(instance, number), before=start, after=after, frames=chunk.frames), chunk.tip


def _size(listed: Sequence[Segment]) -> int:
    return sum(segment.size for segment in listed)
