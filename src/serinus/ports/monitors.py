"""Readings of monitors: part of a control transaction. And what takes a measurement from a source."""

from __future__ import annotations

from typing import Protocol

import msgspec

from serinus.core.monitoring.reading import Measured, Reading, Subject
from serinus.core.pipeline.monitor import HttpSource, PromqlSource, SqlSource
from serinus.ports.page import Page


class MonitorTx(Protocol):
    """The part of a control transaction that keeps readings."""

    def put_reading(self, reading: Reading, keep: bool = True) -> None:
        """Make it the newest of its app, monitor and subject; `keep`: in the history too."""
        ...

    def newest_readings(self, app: str | None = None) -> list[Reading]:
        """The newest of each monitor and subject, in order of app, monitor and subject; also of monitors that nobody
        declares any more."""
        ...

    def readings(
        self, app: str, monitor: str, page: Page, subject: Subject | None = None, release: str | None = None
    ) -> tuple[list[Reading], str]:
        """The history of a monitor, newest first, and the next cursor. `release`: only readings for that release."""
        ...

    def prune_readings(self, before_us: int) -> int:
        """Drop readings that were taken before that time, newest ones too; how many of the history."""
        ...


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a source outside of the stores is asked: about the calls of one `arm` and `version` (empty: no version is
    live) of an app in [since, until), within `timeout_s`."""

    app: str
    source: SqlSource | PromqlSource | HttpSource
    since_us: int
    until_us: int
    timeout_s: float
    arm: str = ""
    version: str = ""
    release: str = ""


class Probe(Protocol):
    """Takes measurements from outside. Safe to use from several threads."""

    def measure(self, asked: Question) -> Measured:
        """What the source says; never raises for what the source does: then there is a `fault` in one sentence, which
        holds no secret."""
        ...

    def check_query(self, where: str, query: str) -> None:
        """InvalidInput at `where` unless the SQL is one SELECT that a monitor may ask. Runs nothing."""
        ...
