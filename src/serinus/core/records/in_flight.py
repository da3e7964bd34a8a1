"""Calls begun and not ended, and the rule by which one is overdue.

A call is overdue when nothing of its answer (First or End) has a `mono_ns` within `overdue_ms` of its beginning. Each
call is judged once: by the first record of its answer, or by the clock when none has come. How far the clock has
judged is kept with the offsets in the store, so that a restarted agent judges no call twice. A
call whose answer may be among records that found no room in the spool is not overdue.

A call whose own limit passed long ago has ended, and its End found no room: it is closed, or it would keep its segment
on disk as long as its worker lives. The count of dropped records tells of it; should an End come, it counts as any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from serinus.core.fleet import InFlight
from serinus.core.ids import RELEASE, id_text
from serinus.core.records.record import Begin, Dropped, End, First, Record

_NS_PER_MS = 1_000_000
LOST_AFTER_MS = 60_000
"""So long after its limit a call without an End has lost it: workers end calls within a second of their limits."""


class OpenCall(msgspec.Struct, frozen=True):
    """A call without an end. `spool` and `first_spool` are the segments of its Begin and First: both are kept on disk
    while it is open. `judged`: its overdue question is settled."""

    begin: Begin
    spool: str
    first_spool: str = ""
    judged: bool = False

    @property
    def due_ns(self) -> int:
        """When it becomes overdue, on the host's monotonic clock."""
        return self.begin.mono_ns + self.begin.overdue_ms * _NS_PER_MS

    @property
    def lost_ns(self) -> int:
        """When nothing can come any more of a call that has told its limit, on the same clock."""
        return self.begin.mono_ns + (self.begin.total_ms + LOST_AFTER_MS) * _NS_PER_MS


OpenCalls = Mapping[bytes, OpenCall]
Changes = dict[bytes, OpenCall | None]  # what became of calls: None has ended


def apply(calls: dict[bytes, OpenCall], changes: Changes) -> None:
    """Carry changes into a view, in place."""
    for call, state in changes.items():
        if state is None:
            calls.pop(call, None)
        else:
            calls[call] = state


def overdue_now(calls: Iterable[OpenCall], until_ns: int) -> list[OpenCall]:
    """Calls not judged yet whose limit passed at or before `until_ns`."""
    return [call for call in calls if not call.judged and call.due_ns <= until_ns]


def lost_now(calls: Iterable[OpenCall], until_ns: int) -> list[OpenCall]:
    """Calls whose End was lost: their own limit, where it was told, passed `LOST_AFTER_MS` before `until_ns`."""
    return [call for call in calls if call.begin.total_ms and call.lost_ns <= until_ns]


def replay(calls: dict[bytes, OpenCall], record: Record | None, spool: str, judged_until_ns: int) -> None:
    """Carry a record that has been shipped before into a view that is being rebuilt, in place."""
    if isinstance(record, Begin):
        opened = OpenCall(record, spool)
        calls[record.call] = msgspec.structs.replace(opened, judged=opened.due_ns <= judged_until_ns)
    elif isinstance(record, First):
        known = calls.get(record.call)
        if known is not None:
            calls[record.call] = msgspec.structs.replace(known, first_spool=spool, judged=True)
    elif isinstance(record, End):
        calls.pop(record.call, None)
    elif isinstance(record, Dropped):
        for call, known in calls.items():
            calls[call] = msgspec.structs.replace(known, judged=True)


def view(calls: Iterable[OpenCall], now_mono_ns: int) -> tuple[InFlight, ...]:
    """Count and oldest age per (app, release, stratum, arm), in that order."""
    groups: dict[tuple[str, bytes], tuple[int, int]] = {}
    for call in calls:
        key = (call.begin.app, call.begin.call[12:30])
        count, oldest = groups.get(key, (0, call.begin.mono_ns))
        groups[key] = (count + 1, min(oldest, call.begin.mono_ns))
    found = [_in_flight(key, count, now_mono_ns - oldest) for key, (count, oldest) in groups.items()]
    return tuple(sorted(found, key=lambda group: (group.app, group.release, group.stratum, group.arm)))


def _in_flight(key: tuple[str, bytes], count: int, age_ns: int) -> InFlight:
    app, place = key  # bytes 12 to 29 of a call id: release 16, arm 1, stratum 1
    return InFlight(
        app=app,
        release=id_text(RELEASE, place[:16]),
        stratum=-1 if place[17] == 255 else place[17],
        arm=place[16],
        count=count,
        oldest_ms=max(0, age_ns // _NS_PER_MS),
    )
