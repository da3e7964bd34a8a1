"""The tick's docket in memory, where what is stored can always be read."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from serinus.adapters import refusals
from serinus.adapters.memory_rows import ControlRows
from serinus.core.release.release import Progress
from serinus.core.release.table import FINAL, State
from serinus.ports.docket import Docketed


class MemoryDocket:
    """The docket part of a control transaction."""

    _rows: ControlRows

    def docket(self) -> list[Docketed]:
        return [
            Docketed(
                id=release.id,
                app_name=release.app,
                seq=release.seq,
                release=release,
                progress=self._rows.progress.get(release.id),
                app=self._rows.apps.get(release.app),
            )
            for release in self._rows.releases.values()
            if release.state not in FINAL
        ]

    def put_progress_at(self, batch: Sequence[tuple[Progress, int]]) -> None:
        seqs = {one.id: one.seq for one in self._rows.releases.values() if one.state not in FINAL}
        for made, seq in batch:
            if seqs.get(made.release) == seq:
                self._rows.progress.put(made.release, made)

    def end_unreadable(self, id: str, expected_seq: int) -> None:
        for ordinal, release in list(self._rows.releases.items()):
            if release.id == id and release.seq == expected_seq and release.state not in FINAL:
                ended = msgspec.structs.replace(release, state=State.ROLLED_BACK, seq=expected_seq + 1)
                self._rows.releases.put(ordinal, ended)
                return
        raise refusals.release_changed(id, expected_seq)
