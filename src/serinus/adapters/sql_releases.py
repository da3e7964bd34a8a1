"""Releases, their progress and the routing snapshots in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any

import msgspec
from sqlalchemy import Row, delete, func, or_, select, update

from serinus.adapters import cursors, refusals
from serinus.adapters.schema import active, progress, releases, snapshots
from serinus.adapters.sql_documents import document, progress_from, release_from
from serinus.adapters.sql_tx import SqlTx
from serinus.core.errors import FormatError
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import State
from serinus.ports.control_store import Page

CHANNEL = "serinus_revision"
# The stored document begins with id, app, seq, state and candidate: no more of it is searched for the candidate.
_HEAD = 1_000
_READ = (releases.c.document, releases.c.state, releases.c.seq)


def _release(row: Row[Any]) -> Release:
    """The release; FormatError. One that was ended while nobody could read it is what its row says."""
    found = release_from(row.document)
    if found.seq == row.seq:
        return found
    return msgspec.structs.replace(found, state=State(row.state), seq=row.seq)


def _readable(rows: Iterable[Row[Any]]) -> list[Release]:
    """Those that can be read (`release` says why one cannot)."""
    found = []
    for row in rows:
        with suppress(FormatError):
            found.append(_release(row))
    return found


class SqlReleases(SqlTx):
    """The releases part of a control transaction."""

    def release(self, id: str) -> Release | None:
        row = self._one(select(*_READ).where(self._own(releases, id=id)))
        return _release(row) if row else None

    def releases(
        self, page: Page, app: str | None = None, states: Collection[State] | None = None
    ) -> tuple[list[Release], str]:
        query = select(*_READ, releases.c.ordinal).where(self._own(releases), releases.c.ordinal < cursors.before(page))
        if app is not None:
            query = query.where(releases.c.app == app)
        if states is not None:
            query = query.where(releases.c.state.in_(sorted(state.value for state in states)))
        rows = self._all(query.order_by(releases.c.ordinal.desc()).limit(page.limit + 1))
        shown, cursor = cursors.cut(rows, page, lambda row: row.ordinal)
        return _readable(shown), cursor

    def candidacies(self, app: str, digests: Collection[str]) -> list[Release]:
        if not digests:
            return []
        head = func.substr(releases.c.document, 1, _HEAD)
        of_these = or_(*(head.contains(f'"candidate":"{digest}"', autoescape=True) for digest in sorted(set(digests))))
        query = select(*_READ).where(self._own(releases, app=app), of_these).order_by(releases.c.ordinal.desc())
        return [release for release in _readable(self._all(query)) if release.candidate in digests]

    def active_releases(self) -> list[Release]:
        query = select(*_READ).where(self._own(releases), active()).order_by(releases.c.ordinal)
        return _readable(self._all(query))

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
        return progress_from(row.document) if row else None

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
