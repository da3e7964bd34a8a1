"""Versions in SQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, func, select, update

from serinus.adapters import cursors, refusals
from serinus.adapters.schema import version_numbers, versions
from serinus.adapters.sql_tx import SqlTx
from serinus.ports.control_store import Page, StoredVersion


def _stored(row: Row[Any]) -> StoredVersion:
    return StoredVersion(
        digest=row.digest,
        behaviour=row.behaviour,
        app=row.app,
        name=row.name,
        content=row.content,
        created_at_us=row.created_at_us,
        created_by=row.created_by,
        was_live_at_us=row.was_live_at_us,
    )


class SqlVersions(SqlTx):
    """The versions part of a control transaction."""

    def version(self, digest: str) -> StoredVersion | None:
        query = select(versions).where(self._own(versions, digest=digest)).order_by(versions.c.ordinal).limit(1)
        row = self._one(query)
        return _stored(row) if row else None

    def find_version(self, app: str, ref: str) -> StoredVersion | None:
        for column in ("name", "digest"):
            row = self._one(select(versions).where(self._own(versions, app=app, **{column: ref})))
            if row:
                return _stored(row)
        if len(ref) < refusals.SHORTEST_PREFIX:
            return None
        prefix = func.substr(versions.c.digest, 1, len(ref)) == ref
        query = select(versions).where(self._own(versions, app=app), prefix).order_by(versions.c.ordinal)
        fitting = self._all(query)
        if len(fitting) > 1:
            raise refusals.ambiguous(ref, [row.name for row in fitting])
        return _stored(fitting[0]) if fitting else None

    def versions(self, app: str, page: Page) -> tuple[list[StoredVersion], str]:
        query = (
            select(versions)
            .where(self._own(versions, app=app), versions.c.ordinal < cursors.before(page))
            .order_by(versions.c.ordinal.desc())
            .limit(page.limit + 1)
        )
        shown, cursor = cursors.cut(self._all(query), page, lambda row: row.ordinal)
        return [_stored(row) for row in shown], cursor

    def versions_of(self, digests: Collection[str]) -> list[StoredVersion]:
        query = (
            select(versions)
            .where(self._own(versions), versions.c.digest.in_(sorted(set(digests))))
            .order_by(versions.c.ordinal)
        )
        found: dict[str, StoredVersion] = {}
        for row in self._all(query):
            found.setdefault(row.digest, _stored(row))
        return list(found.values())

    def next_version_number(self, app: str, week: str) -> int:
        statement = self._insert(version_numbers)
        counted = statement.on_conflict_do_update(
            index_elements=["project_id", "app", "week"], set_={"last": version_numbers.c.last + 1}
        ).returning(version_numbers.c.last)
        first = {"project_id": self._project, "app": app, "week": week, "last": 1}
        return int(self._connection.execute(counted, first).scalar_one())

    def insert_version(self, version: StoredVersion) -> None:
        added = self._add(
            versions,
            app=version.app,
            digest=version.digest,
            ordinal=self._next(versions, "ordinal"),
            behaviour=version.behaviour,
            name=version.name,
            content=version.content,
            created_at_us=version.created_at_us,
            created_by=version.created_by,
            was_live_at_us=version.was_live_at_us,
        )
        if not added:
            raise refusals.version_exists(version)

    def mark_live(self, digest: str, at_us: int, app: str | None = None) -> None:
        first = self._own(versions, digest=digest, was_live_at_us=0)
        statement = update(versions).where(first).values(was_live_at_us=at_us)
        self._connection.execute(statement if app is None else statement.where(versions.c.app == app))
