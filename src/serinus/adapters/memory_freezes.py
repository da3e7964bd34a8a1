"""The freeze and the waiting releases in memory."""

from __future__ import annotations

from serinus.adapters.memory_rows import ControlRows
from serinus.core.pipeline.freeze import Freeze
from serinus.core.release.waiting import Waiting

_SWITCH = "freeze"


class MemoryFreezes:
    """The freezes part of a control transaction."""

    _rows: ControlRows

    def freeze(self) -> Freeze | None:
        return self._rows.freezes.get(_SWITCH)

    def put_freeze(self, freeze: Freeze | None) -> None:
        if freeze is None:
            self._rows.freezes.drop(_SWITCH)
        else:
            self._rows.freezes.put(_SWITCH, freeze)

    def waiting(self) -> list[Waiting]:
        return [self._rows.waiting[app] for app in sorted(self._rows.waiting)]

    def put_waiting(self, waiting: Waiting) -> None:
        self._rows.waiting.put(waiting.app, waiting)

    def drop_waiting(self, app: str) -> bool:
        known = app in self._rows.waiting
        self._rows.waiting.drop(app)
        return known
