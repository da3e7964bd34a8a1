"""Suspicions: raised beside the calls in the telemetry store, kept and answered in the control store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from serinus.core.records.suspicion import Kind, Raised
from serinus.core.release.suspicion import Suspicion
from serinus.ports.page import Page


class SuspicionTx(Protocol):
    """The suspicions part of a control transaction. None is ever removed."""

    def suspicion(self, id: str) -> Suspicion | None: ...
    def put_suspicion(self, one: Suspicion) -> None:
        """Insert or replace by id; its place in listings stays that of the first time."""
        ...

    def suspicions(
        self, page: Page, app: str | None = None, release: str | None = None, pending: bool = False
    ) -> tuple[list[Suspicion], str]:
        """Newest first, and the next cursor. `pending`: only those of active releases that wait for an answer."""
        ...

    def open_suspicions(self) -> Mapping[str, tuple[Suspicion, ...]]:
        """By active release, those that keep it from going on, oldest first."""
        ...

    def last_suspicion(self, app: str, release: str, holds: bool) -> int:
        """When the newest of an app was raised that holds this release or, as `holds` is False, is only told of
        (`release` empty: of whatever one); µs, 0: never."""
        ...


class RaisedTx(Protocol):
    """What was raised and not yet taken in: part of a telemetry transaction."""

    def suspect(self, batch: Collection[Raised]) -> None:
        """Raise each, once for each source and suspicion while it waits. At most once in a transaction, after the
        labels, so that hosts lock rows in one order."""
        ...

    def suspected(self, most: int, but_of: Collection[str] = ()) -> list[Raised]:
        """Those that wait to be taken in, oldest first, but for those about the candidates of these releases. What a
        newer agent raised that nobody here knows waits for a newer control."""
        ...

    def suspected_again(self, suspicions: Collection[tuple[str, Kind]], most: int) -> list[Raised]:
        """Those that wait to be taken in about these calls and kinds, oldest first."""
        ...

    def forget_suspected(self, batch: Sequence[Raised]) -> None:
        """Drop those that were taken in."""
        ...
