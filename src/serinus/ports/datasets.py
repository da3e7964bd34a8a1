"""Data sets and suites: part of a control transaction."""

from __future__ import annotations

from typing import Protocol

import msgspec


class StoredDataSet(msgspec.Struct, frozen=True, kw_only=True):
    """A data set by the digest of its sorted canonical lines. `raw`: the lines in the order they were written; empty in
    listings."""

    app: str
    digest: str
    cases: int
    size_bytes: int
    created_at_us: int
    created_by: str
    raw: bytes = b""


class StoredSuite(msgspec.Struct, frozen=True, kw_only=True):
    """A suite under its name. `content` is canonical JSON; older contents stay and are found by their digest."""

    app: str
    name: str
    digest: str
    content: bytes
    created_at_us: int
    created_by: str


class DataSetTx(Protocol):
    """The part of a control transaction that holds what is evaluated with. Nothing here is ever changed or deleted."""

    def insert_data_set(self, data_set: StoredDataSet) -> bool:
        """False when the app has this digest already."""
        ...

    def data_set(self, app: str, digest: str) -> StoredDataSet | None: ...
    def data_sets(self, app: str) -> list[StoredDataSet]:
        """Without their lines, newest first."""
        ...

    def insert_suite(self, suite: StoredSuite) -> bool:
        """Put it under its name, as the newest. False when it is the newest already."""
        ...

    def suite(self, app: str, ref: str) -> StoredSuite | None:
        """The newest of this name, or the one with this digest."""
        ...

    def suites(self, app: str) -> list[StoredSuite]:
        """The newest of each name, in order of name."""
        ...
