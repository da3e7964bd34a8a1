"""The freeze and the waiting releases in SQL."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, select

from serinus.adapters.schema import freezes, waiting_releases
from serinus.adapters.sql_documents import document
from serinus.adapters.sql_tx import SqlTx
from serinus.core.pipeline.freeze import Freeze
from serinus.core.release.waiting import Waiting


class SqlFreezes(SqlTx):
    """The freezes part of a control transaction."""

    def freeze(self) -> Freeze | None:
        row = self._one(select(freezes.c.document).where(self._own(freezes)))
        return msgspec.json.decode(row.document, type=Freeze) if row else None

    def put_freeze(self, freeze: Freeze | None) -> None:
        if freeze is None:
            self._connection.execute(delete(freezes).where(self._own(freezes)))
        else:
            self._put(freezes, {}, document=document(freeze))

    def waiting(self) -> list[Waiting]:
        query = select(waiting_releases.c.document).where(self._own(waiting_releases)).order_by(waiting_releases.c.app)
        return [msgspec.json.decode(row.document, type=Waiting) for row in self._all(query)]

    def put_waiting(self, waiting: Waiting) -> None:
        self._put(waiting_releases, {"app": waiting.app}, document=document(waiting))

    def drop_waiting(self, app: str) -> bool:
        gone = delete(waiting_releases).where(self._own(waiting_releases, app=app))
        return self._connection.execute(gone).rowcount == 1
