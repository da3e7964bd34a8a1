"""Incidents in memory."""

from __future__ import annotations

from serinus.adapters import cursors
from serinus.adapters.memory_rows import ControlRows
from serinus.core.release.incident import Incident
from serinus.ports.page import Page


class MemoryIncidents:
    """The incidents part of a control transaction."""

    _rows: ControlRows

    def incident(self, id: str) -> Incident | None:
        return next((one for one in self._rows.incidents.values() if one.id == id), None)

    def put_incident(self, one: Incident) -> None:
        known = (ordinal for ordinal, row in self._rows.incidents.items() if row.id == one.id)
        self._rows.incidents.put(next(known, len(self._rows.incidents) + 1), one)

    def incidents(self, page: Page, app: str | None = None, is_open: bool = False) -> tuple[list[Incident], str]:
        end = cursors.before(page)
        fitting = [
            (ordinal, one)
            for ordinal, one in self._rows.incidents.items()
            if ordinal < end and app in (None, one.app) and (one.open or not is_open)
        ]
        shown, cursor = cursors.cut(fitting[::-1][: page.limit + 1], page, lambda row: row[0])
        return [one for _, one in shown], cursor

    def late_incidents(self, now_us: int, limit: int) -> list[Incident]:
        late = (one for one in self._rows.incidents.values() if 0 < one.next_at_us <= now_us)
        return list(late)[:limit]
