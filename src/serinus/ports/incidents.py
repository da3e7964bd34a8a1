"""Incidents: part of a control transaction."""

from __future__ import annotations

from typing import Protocol

from serinus.core.release.incident import Incident
from serinus.ports.page import Page


class IncidentTx(Protocol):
    """The incidents part of a control transaction. None is ever removed."""

    def incident(self, id: str) -> Incident | None: ...
    def put_incident(self, one: Incident) -> None:
        """Insert or replace by id; its place in listings stays that of the first time."""
        ...

    def incidents(self, page: Page, app: str | None = None, is_open: bool = False) -> tuple[list[Incident], str]:
        """Newest first, and the next cursor. `is_open`: only those that wait to be closed."""
        ...

    def late_incidents(self, now_us: int, limit: int) -> list[Incident]:
        """Open ones of which something is late that nobody was told, or whose exposed are to be counted, oldest
        first."""
        ...
