"""All active releases at once, with what a round of the tick reads of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from serinus.core.pipeline.app import AppState
from serinus.core.release.release import Progress, Release


class Docketed(msgspec.Struct, frozen=True, kw_only=True):
    """An active release as it is stored. `release` is None when it cannot be read, and `fault` says why; `fault` is
    also set when only its progress cannot be read."""

    id: str
    app_name: str
    seq: int
    release: Release | None
    progress: Progress | None = None
    app: AppState | None = None
    fault: str = ""


class DocketTx(Protocol):
    """The tick's part of a control transaction."""

    def docket(self) -> list[Docketed]:
        """All active releases, oldest first. A fault in the rows of one is told in its place and hides no other."""
        ...

    def put_progress_at(self, batch: Sequence[tuple[Progress, int]]) -> None:
        """Store each progress whose release is active and still at this seq; pass over the others."""
        ...

    def end_unreadable(self, id: str, expected_seq: int) -> None:
        """Mark an active release as rolled back without reading it, so that its app is free; what is stored of it
        stays. Conflict when it is not at `expected_seq`."""
        ...
