"""Suspicions in memory, both those that were raised and those that are answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from serinus.adapters import cursors
from serinus.adapters.memory_rows import ControlRows
from serinus.adapters.memory_table import Table
from serinus.core.records.suspicion import KINDS, Kind, Raised
from serinus.core.release.suspicion import Suspicion
from serinus.core.release.table import FINAL
from serinus.core.routing.assignment import Arm
from serinus.ports.page import Page

RaisedRows = Table[tuple[str, str, str], Raised]


class MemorySuspicions:
    """The suspicions part of a control transaction."""

    _rows: ControlRows

    def suspicion(self, id: str) -> Suspicion | None:
        return next((one for one in self._rows.suspicions.values() if one.id == id), None)

    def put_suspicion(self, one: Suspicion) -> None:
        known = (ordinal for ordinal, row in self._rows.suspicions.items() if row.id == one.id)
        self._rows.suspicions.put(next(known, len(self._rows.suspicions) + 1), one)

    def suspicions(
        self, page: Page, app: str | None = None, release: str | None = None, pending: bool = False
    ) -> tuple[list[Suspicion], str]:
        end, active = cursors.before(page), self._active()
        fitting = [
            (ordinal, one)
            for ordinal, one in self._rows.suspicions.items()
            if ordinal < end
            and app in (None, one.app)
            and release in (None, one.release)
            and (not pending or (one.pending and one.release in active))
        ]
        shown, cursor = cursors.cut(fitting[::-1][: page.limit + 1], page, lambda row: row[0])
        return [one for _, one in shown], cursor

    def open_suspicions(self) -> Mapping[str, tuple[Suspicion, ...]]:
        active = self._active()
        found: dict[str, tuple[Suspicion, ...]] = {}
        for one in self._rows.suspicions.values():
            if one.open and one.release in active:
                found[one.release] = (*found.get(one.release, ()), one)
        return found

    def last_suspicion(self, app: str, release: str, holds: bool) -> int:
        own = (one for one in self._rows.suspicions.values() if one.app == app and one.holds is holds)
        times = [one.raised_at_us for one in own if release in ("", one.release)]
        return times[-1] if times else 0

    def _active(self) -> set[str]:
        return {one.id for one in self._rows.releases.values() if one.state not in FINAL}


class MemoryRaised:
    """The part of a telemetry transaction about suspicions that wait to be taken in."""

    _raised: RaisedRows

    def suspect(self, batch: Collection[Raised]) -> None:
        for one in sorted(batch):
            if (key := _key(one)) not in self._raised:
                self._raised.put(key, one)

    def suspected(self, most: int, but_of: Collection[str] = ()) -> list[Raised]:
        known = [one for one in self._raised.values() if one.kind in KINDS and one.arm in list(Arm)]
        waiting = [one for one in known if one.arm is not Arm.CANDIDATE or one.release not in but_of]
        return sorted(waiting, key=_age)[:most]

    def suspected_again(self, suspicions: Collection[tuple[str, Kind]], most: int) -> list[Raised]:
        asked = set(suspicions)
        return sorted((one for one in self._raised.values() if (one.call, one.kind) in asked), key=_age)[:most]

    def forget_suspected(self, batch: Sequence[Raised]) -> None:
        for one in batch:
            self._raised.drop(_key(one))


def _age(one: Raised) -> tuple[int, str, str, str]:
    return one.at_us, *_key(one)


def _key(one: Raised) -> tuple[str, str, str]:
    return one.call, one.kind, one.by
