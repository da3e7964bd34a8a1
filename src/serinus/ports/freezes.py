"""What holds releases back: the project's freeze, and the releases that wait. Part of a control transaction."""

from __future__ import annotations

from typing import Protocol

from serinus.core.pipeline.freeze import Freeze
from serinus.core.release.waiting import Waiting


class FreezeTx(Protocol):
    """The freezes part of a control transaction."""

    def freeze(self) -> Freeze | None:
        """The switch for all apps; None while it is off."""
        ...

    def put_freeze(self, freeze: Freeze | None) -> None: ...
    def waiting(self) -> list[Waiting]:
        """All releases that wait to be started, in order of app."""
        ...

    def put_waiting(self, waiting: Waiting) -> None:
        """Insert, or replace the one of its app."""
        ...

    def drop_waiting(self, app: str) -> bool:
        """Take the app's out; False when it has none."""
        ...
