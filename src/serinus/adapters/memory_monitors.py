"""Readings of monitors in memory."""

from __future__ import annotations

from serinus.adapters import cursors
from serinus.adapters.memory_rows import ControlRows
from serinus.core.monitoring.reading import Reading, Subject
from serinus.ports.page import Page


class MemoryMonitors:
    """The monitors part of a control transaction."""

    _rows: ControlRows

    def put_reading(self, reading: Reading, keep: bool = True) -> None:
        self._rows.newest_readings.put((reading.app, reading.monitor, reading.subject), reading)
        if keep:
            self._rows.readings.put(max(self._rows.readings, default=0) + 1, reading)

    def newest_readings(self, app: str | None = None) -> list[Reading]:
        found = self._rows.newest_readings
        return [found[key] for key in sorted(found) if app in (None, key[0])]

    def readings(
        self, app: str, monitor: str, page: Page, subject: Subject | None = None, release: str | None = None
    ) -> tuple[list[Reading], str]:
        end = cursors.before(page)
        own = [
            (n, one)
            for n, one in self._rows.readings.items()
            if n < end
            and (one.app, one.monitor) == (app, monitor)
            and subject in (None, one.subject)
            and release in (None, one.release)
        ]
        newest = sorted(own, key=lambda row: row[0], reverse=True)
        shown, cursor = cursors.cut(newest[: page.limit + 1], page, lambda row: row[0])
        return [one for _, one in shown], cursor

    def prune_readings(self, before_us: int) -> int:
        rows = self._rows
        for key in [key for key, one in rows.newest_readings.items() if one.at_us < before_us]:
            rows.newest_readings.drop(key)
        old = [n for n, one in rows.readings.items() if one.at_us < before_us]
        for n in old:
            rows.readings.drop(n)
        return len(old)
