"""A transaction of the in-memory control store."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from serinus.adapters import cursors, refusals
from serinus.adapters.memory_answers import MemoryAnswers
from serinus.adapters.memory_approvals import MemoryApprovals
from serinus.adapters.memory_docket import MemoryDocket
from serinus.adapters.memory_erasures import MemoryErasures
from serinus.adapters.memory_evaluation import MemoryEvaluation
from serinus.adapters.memory_freezes import MemoryFreezes
from serinus.adapters.memory_incidents import MemoryIncidents
from serinus.adapters.memory_monitors import MemoryMonitors
from serinus.adapters.memory_outbox import MemoryOutbox
from serinus.adapters.memory_rows import ControlRows
from serinus.adapters.memory_suspicions import MemorySuspicions
from serinus.core.audit.entry import Draft, Entry, chain
from serinus.core.pipeline.app import AppState
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import FINAL, State
from serinus.core.routing.snapshot import Endpoint
from serinus.ports.control_store import ApiKey, Page, Secrets, StoredVersion
from serinus.ports.prices import PriceTable


class MemoryControlTx(
    MemoryOutbox, MemoryEvaluation, MemoryApprovals, MemoryMonitors, MemoryDocket, MemoryFreezes, MemoryErasures,
    MemorySuspicions, MemoryAnswers, MemoryIncidents,
):  # fmt: skip
    """Reads and writes the tables; the turn around it undoes or keeps."""

    def __init__(self, rows: ControlRows, prices: PriceTable) -> None:
        self._rows = rows
        self._prices = prices

    def secrets(self) -> Secrets:
        return self._rows.secrets

    def prices(self) -> PriceTable:
        return self._prices

    def app(self, name: str) -> AppState | None:
        return self._rows.apps.get(name)

    def apps(self) -> list[AppState]:
        return sorted(self._rows.apps.values(), key=lambda app: app.config.name)

    def put_app(self, app: AppState) -> None:
        self._rows.apps.put(app.config.name, app)

    def endpoints(self) -> list[Endpoint]:
        return sorted(self._rows.endpoints.values(), key=lambda endpoint: endpoint.name)

    def put_endpoint(self, endpoint: Endpoint) -> None:
        self._rows.endpoints.put(endpoint.name, endpoint)

    def version(self, digest: str) -> StoredVersion | None:
        return next((v for v in self._rows.versions.values() if v.digest == digest), None)

    def find_version(self, app: str, ref: str) -> StoredVersion | None:
        own = [v for v in self._rows.versions.values() if v.app == app]
        exact = [v for v in own if v.name == ref] or [v for v in own if v.digest == ref]
        if exact or len(ref) < refusals.SHORTEST_PREFIX:
            return exact[0] if exact else None
        fitting = [v for v in own if v.digest.startswith(ref)]
        if len(fitting) > 1:
            raise refusals.ambiguous(ref, [v.name for v in fitting])
        return fitting[0] if fitting else None

    def versions(self, app: str, page: Page) -> tuple[list[StoredVersion], str]:
        end = cursors.before(page)
        own = [(n, v) for n, v in self._rows.versions.items() if v.app == app and n < end]
        shown, cursor = cursors.cut(own[::-1][: page.limit + 1], page, lambda row: row[0])
        return [v for _, v in shown], cursor

    def versions_of(self, digests: Collection[str]) -> list[StoredVersion]:
        found: dict[str, StoredVersion] = {}
        for version in self._rows.versions.values():
            if version.digest in digests:
                found.setdefault(version.digest, version)
        return list(found.values())

    def next_version_number(self, app: str, week: str) -> int:
        number = self._rows.version_numbers.get((app, week), 0) + 1
        self._rows.version_numbers.put((app, week), number)
        return number

    def insert_version(self, version: StoredVersion) -> None:
        for v in self._rows.versions.values():
            if v.app == version.app and (v.digest == version.digest or v.name == version.name):
                raise refusals.version_exists(version)
        self._rows.versions.put(len(self._rows.versions) + 1, version)

    def mark_live(self, digest: str, at_us: int, app: str | None = None) -> None:
        for ordinal, v in list(self._rows.versions.items()):
            if v.digest == digest and app in (None, v.app) and not v.was_live_at_us:
                self._rows.versions.put(ordinal, msgspec.structs.replace(v, was_live_at_us=at_us))

    def _release(self, id: str) -> tuple[int, Release] | None:
        return next(((n, r) for n, r in self._rows.releases.items() if r.id == id), None)

    def release(self, id: str) -> Release | None:
        found = self._release(id)
        return found[1] if found else None

    def releases(
        self, page: Page, app: str | None = None, states: Collection[State] | None = None
    ) -> tuple[list[Release], str]:
        end = cursors.before(page)
        fitting = [
            (n, r)
            for n, r in self._rows.releases.items()
            if n < end and app in (None, r.app) and (states is None or r.state in states)
        ]
        shown, cursor = cursors.cut(fitting[::-1][: page.limit + 1], page, lambda row: row[0])
        return [r for _, r in shown], cursor

    def candidacies(self, app: str, digests: Collection[str]) -> list[Release]:
        fitting = [r for r in self._rows.releases.values() if r.app == app and r.candidate in digests]
        return fitting[::-1]

    def active_releases(self) -> list[Release]:
        return [r for r in self._rows.releases.values() if r.state not in FINAL]

    def insert_release(self, release: Release) -> None:
        active = release.state not in FINAL and any(r.app == release.app for r in self.active_releases())
        if active or self._release(release.id):
            raise refusals.release_exists(release)
        self._rows.releases.put(len(self._rows.releases) + 1, release)

    def replace_release(self, release: Release, expected_seq: int) -> None:
        refusals.check_next_seq(release, expected_seq)
        found = self._release(release.id)
        if found is None or found[1].seq != expected_seq:
            raise refusals.release_changed(release.id, expected_seq)
        self._rows.releases.put(found[0], release)

    def progress(self, release: str) -> Progress | None:
        return self._rows.progress.get(release)

    def put_progress(self, progress: Progress) -> None:
        self._rows.progress.put(progress.release, progress)

    def revision(self) -> int:
        return max(self._rows.snapshots, default=0)

    def put_snapshot(self, revision: int, raw: bytes) -> None:
        newest = self.revision()
        if revision != newest + 1:
            raise refusals.snapshot_changed(revision, newest)
        self._rows.snapshots.put(revision, raw)
        self._rows.snapshots.drop(revision - refusals.SNAPSHOTS_KEPT)

    def append_audit(self, draft: Draft) -> Entry:
        entry = chain(draft, self._rows.audit.get(len(self._rows.audit)))
        self._rows.audit.put(entry.seq, entry)
        return entry

    def audit_entries(self, after_seq: int, limit: int) -> list[Entry]:
        newest = len(self._rows.audit)
        return [self._rows.audit[seq] for seq in range(after_seq + 1, min(after_seq + limit, newest) + 1)]

    def audit_newest(self, subject: str | None, page: Page) -> tuple[list[Entry], str]:
        end = cursors.before(page)
        fitting = [e for e in self._rows.audit.values() if e.seq < end and subject in (None, e.subject)]
        return cursors.cut(fitting[::-1][: page.limit + 1], page, lambda entry: entry.seq)

    def key_by_hash(self, sha256: str) -> ApiKey | None:
        return next((k for k in self._rows.keys.values() if k.sha256 == sha256 and not k.revoked_at_us), None)

    def keys(self) -> list[ApiKey]:
        return sorted(self._rows.keys.values(), key=lambda key: key.id)

    def put_key(self, key: ApiKey) -> None:
        if any(k.sha256 == key.sha256 and k.id != key.id for k in self._rows.keys.values()):
            raise refusals.key_exists(key)
        self._rows.keys.put(key.id, key)

    def remembered(self, idempotency_key: str, now_us: int) -> tuple[str, int, bytes] | None:
        found = self._rows.remembered.get(idempotency_key)
        return found[:3] if found and found[3] > now_us - refusals.REMEMBERED_US else None

    def remember(self, idempotency_key: str, request_digest: str, status: int, body: bytes, now_us: int) -> None:
        for key, row in list(self._rows.remembered.items()):
            if row[3] <= now_us - refusals.REMEMBERED_US:
                self._rows.remembered.drop(key)
        if idempotency_key in self._rows.remembered:
            raise refusals.key_answered(idempotency_key)
        self._rows.remembered.put(idempotency_key, (request_digest, status, body, now_us))
