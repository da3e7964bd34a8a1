"""The tick's docket in SQL: one query for all active releases, one statement for what their rounds remember."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, select, update

from serinus.adapters import refusals
from serinus.adapters.schema import active, apps, progress, releases
from serinus.adapters.sql_documents import app_from, document, progress_from, release_from
from serinus.adapters.sql_tx import SqlTx
from serinus.core.errors import FormatError
from serinus.core.release.release import Progress
from serinus.core.release.table import State
from serinus.ports.docket import Docketed


class SqlDocket(SqlTx):
    """The docket part of a control transaction."""

    def docket(self) -> list[Docketed]:
        same_release = and_(progress.c.project_id == releases.c.project_id, progress.c.release_id == releases.c.id)
        same_app = and_(apps.c.project_id == releases.c.project_id, apps.c.name == releases.c.app)
        query = (
            select(
                releases.c.id,
                releases.c.app,
                releases.c.seq,
                releases.c.document,
                progress.c.document.label("progress"),
                apps.c.document.label("config"),
            )
            .select_from(releases.outerjoin(progress, same_release).outerjoin(apps, same_app))
            .where(self._own(releases), active())
            .order_by(releases.c.ordinal)
        )
        return [_docketed(row) for row in self._all(query)]

    def put_progress_at(self, batch: Sequence[tuple[Progress, int]]) -> None:
        query = select(releases.c.id, releases.c.seq).where(self._own(releases), active())
        now = {row.id: row.seq for row in self._all(query)}
        rows = [
            {"project_id": self._project, "release_id": made.release, "document": document(made)}
            for made, seq in batch
            if now.get(made.release) == seq
        ]
        if not rows:
            return
        insert = self._insert(progress)
        upsert = insert.on_conflict_do_update(
            index_elements=["project_id", "release_id"], set_={"document": insert.excluded.document}
        )
        self._connection.execute(upsert, rows)

    def end_unreadable(self, id: str, expected_seq: int) -> None:
        ended = (
            update(releases)
            .where(self._own(releases, id=id, seq=expected_seq), active())
            .values(state=State.ROLLED_BACK.value, seq=expected_seq + 1)
        )
        if self._connection.execute(ended).rowcount != 1:
            raise refusals.release_changed(id, expected_seq)


def _docketed(row: Row[Any]) -> Docketed:
    faults = []
    release = made = app = None
    try:
        release = release_from(row.document)
    except FormatError as error:
        faults.append(str(error))
    try:
        made = progress_from(row.progress) if row.progress is not None else None
    except FormatError as error:
        faults.append(str(error))
    try:
        app = app_from(row.config) if row.config is not None else None
    except FormatError as error:
        faults.append(str(error))
    return Docketed(
        id=row.id, app_name=row.app, seq=row.seq, release=release, progress=made, app=app, fault="; ".join(faults)
    )
