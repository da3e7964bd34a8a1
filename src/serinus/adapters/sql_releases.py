"""Releases, their progress and the routing snapshots in SQL."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import delete, func, select, update

from serinus.adapters import cursors, refusals
from serinus.adapters.schema import active, progress, releases, snapshots
from serinus.adapters.sql_apps import document
from serinus.adapters.sql_tx import SqlTx
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import State
from serinus.ports.control_store import Page

CHANNEL = "serinus_revision"


def _decoded(raw: str) -> Release:
    return msgspec.json.decode(raw, type=Release)


class SqlReleases(SqlTx):
    """The releases part of a control transaction."""

    def release(self, id: str) -> Release | None:
        row = self._one(select(releases.c.document).where(self._own(releases, id=id)))
        return _decoded(row.document) if row else None

    def releases(
        self, page: Page, app: str | None = None, states: Collection[State] | None = None
    ) -> tuple[list[Release], str]:
        query = select(releases.c.document, releases.c.ordinal).where(
            self._own(releases), releases.c.ordinal < cursors.before(page)
        )
        if app is not None:
            query = query.where(releases.c.app == app)
        if states is not None:
            query = query.where(releases.c.state.in_(sorted(state.value for state in states)))
        rows = self._all(query.order_by(releases.c.ordinal.desc()).limit(page.limit + 1))
        shown, cursor = cursors.cut(rows, page, lambda row: row.ordinal)
        return [_decoded(row.document) for row in shown], cursor

    def active_releases(self) -> list[Release]:
        query = select(releases.c.document).where(self._own(releases), active()).order_by(releases.c.ordinal)
        return [_decoded(row.document) for row in self._all(query)]

    def insert_release(self, release: Release) -> None:
        added = self._add(
            releases,
            id=release.id,
            ordinal=self._next(releases, "ordinal"),
            app=release.app,
            state=release.state.value,
            seq=release.seq,
            document=document(release),
        )
        if not added:
            raise refusals.release_exists(release)

    def replace_release(self, release: Release, expected_seq: int) -> None:
        refusals.check_next_seq(release, expected_seq)
        swapped = (
            update(releases)
            .where(self._own(releases, id=release.id, seq=expected_seq))
            .values(state=release.state.value, seq=release.seq, document=document(release))
        )
        if self._connection.execute(swapped).rowcount != 1:
            raise refusals.release_changed(release.id, expected_seq)

    def progress(self, release: str) -> Progress | None:
        row = self._one(select(progress.c.document).where(self._own(progress, release_id=release)))
        return msgspec.json.decode(row.document, type=Progress) if row else None

    def put_progress(self, progress_made: Progress) -> None:
        self._put(progress, {"release_id": progress_made.release}, document=document(progress_made))

    def revision(self) -> int:
        newest = self._connection.scalar(select(func.max(snapshots.c.revision)).where(self._own(snapshots)))
        return int(newest or 0)

    def put_snapshot(self, revision: int, raw: bytes) -> None:
        newest = self.revision()
        if revision != newest + 1 or not self._add(snapshots, revision=revision, raw=raw):
            raise refusals.snapshot_changed(revision, newest)
        outdated = snapshots.c.revision <= revision - refusals.SNAPSHOTS_KEPT
        self._connection.execute(delete(snapshots).where(self._own(snapshots), outdated))
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(select(func.pg_notify(CHANNEL, str(revision))))
