"""The control store: apps, versions, releases, snapshots, leadership, audit, outbox, keys; one `tx` primitive."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from serinus.core.audit.entry import Draft, Entry
from serinus.core.pipeline.app import AppState
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import State
from serinus.core.routing.snapshot import Endpoint
from serinus.ports.answers import AnswerTx
from serinus.ports.approvals import ApprovalTx
from serinus.ports.datasets import DataSetTx
from serinus.ports.docket import DocketTx
from serinus.ports.freezes import FreezeTx
from serinus.ports.incidents import IncidentTx
from serinus.ports.jobs import JobTx
from serinus.ports.monitors import MonitorTx
from serinus.ports.outbox import Delivery, Notice, OutboxTx
from serinus.ports.page import Page
from serinus.ports.payloads import ErasureTx
from serinus.ports.prices import PriceTable
from serinus.ports.signatures import Signature, SignatureTx
from serinus.ports.suspicions import SuspicionTx

__all__ = (
    "ApiKey", "ControlStore", "ControlTx", "Delivery", "Leader", "Notice", "Page", "Secrets", "Signature",
    "StoredVersion",
)  # fmt: skip


class StoredVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A pushed version. `content` is its canonical JSON; `was_live_at_us` 0 until it first becomes live."""

    digest: str
    behaviour: str
    app: str
    name: str
    content: bytes
    created_at_us: int
    created_by: str
    was_live_at_us: int = 0


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key: only the SHA-256 of it is kept. `roles` for the API, `apps` for calling (`*`: all)."""

    id: str
    name: str
    sha256: str
    roles: tuple[str, ...]
    apps: tuple[str, ...] = ("*",)
    created_at_us: int = 0
    revoked_at_us: int = 0


class Leader(msgspec.Struct, frozen=True, kw_only=True):
    """Who leads: `epoch` grows with every change of leader and fences the old one, `beat` with every tick."""

    holder: str
    epoch: int
    beat: int


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """Keys made once per project: hex of 32 bytes each."""

    mac_key: str
    pseudonym_key: str
    pseudonym_key_id: str = "k1"


class ControlTx(
    OutboxTx, SignatureTx, DataSetTx, JobTx, ApprovalTx, MonitorTx, DocketTx, FreezeTx, ErasureTx, SuspicionTx,
    AnswerTx, IncidentTx, Protocol,
):  # fmt: skip
    """What one transaction offers. Reads see the transaction's own writes."""

    def secrets(self) -> Secrets:
        """The project's keys, made at the store's creation."""
        ...

    def prices(self) -> PriceTable:
        """The list prices that this process goes by."""
        ...

    def app(self, name: str) -> AppState | None: ...
    def apps(self) -> list[AppState]: ...
    def put_app(self, app: AppState) -> None:
        """Insert or replace."""
        ...

    def endpoints(self) -> list[Endpoint]: ...
    def put_endpoint(self, endpoint: Endpoint) -> None:
        """Insert or replace."""
        ...

    def version(self, digest: str) -> StoredVersion | None:
        """By whole digest. Equal content may be pushed to several apps: the first one's."""
        ...

    def find_version(self, app: str, ref: str) -> StoredVersion | None:
        """By name, whole digest, or a digest prefix of ≥ 8 characters; Conflict when a prefix fits several."""
        ...

    def versions(self, app: str, page: Page) -> tuple[list[StoredVersion], str]:
        """Newest first, and the next cursor (empty at the end)."""
        ...

    def versions_of(self, digests: Collection[str]) -> list[StoredVersion]:
        """One per digest that is known (the first app's), oldest first."""
        ...

    def next_version_number(self, app: str, week: str) -> int:
        """The next number within an ISO week such as `2026-W47`, from 1; allocated in this transaction."""
        ...

    def insert_version(self, version: StoredVersion) -> None:
        """Conflict when the app has this digest or this name already."""
        ...

    def mark_live(self, digest: str, at_us: int, app: str | None = None) -> None:
        """Note the first time a version went live (in this app; None: wherever it is); later calls change nothing."""
        ...

    def release(self, id: str) -> Release | None:
        """FormatError when what is stored of it cannot be read; lists pass over such a one."""
        ...

    def releases(
        self, page: Page, app: str | None = None, states: Collection[State] | None = None
    ) -> tuple[list[Release], str]:
        """Newest first, and the next cursor."""
        ...

    def candidacies(self, app: str, digests: Collection[str]) -> list[Release]:
        """The app's releases whose candidate is one of these, newest first."""
        ...

    def active_releases(self) -> list[Release]:
        """All whose state is not final, oldest first."""
        ...

    def insert_release(self, release: Release) -> None:
        """Conflict when the app has an active release already (H6; a unique index holds it)."""
        ...

    def replace_release(self, release: Release, expected_seq: int) -> None:
        """Compare and swap; Conflict when the stored seq is not `expected_seq`. `release.seq` must be one more."""
        ...

    def progress(self, release: str) -> Progress | None: ...
    def put_progress(self, progress: Progress) -> None: ...

    def revision(self) -> int:
        """The newest snapshot revision; 0 before the first."""
        ...

    def put_snapshot(self, revision: int, raw: bytes) -> None:
        """Conflict unless `revision` is the newest plus one. Keeps the last 100."""
        ...

    def append_audit(self, draft: Draft) -> Entry:
        """Chain and store."""
        ...

    def audit_entries(self, after_seq: int, limit: int) -> list[Entry]:
        """In order of seq."""
        ...

    def audit_newest(self, subject: str | None, page: Page) -> tuple[list[Entry], str]: ...

    def key_by_hash(self, sha256: str) -> ApiKey | None:
        """A key that is not revoked."""
        ...

    def keys(self) -> list[ApiKey]:
        """All, also revoked ones, in order of id."""
        ...

    def put_key(self, key: ApiKey) -> None:
        """Insert or replace by id; Conflict when another id has the same hash."""
        ...

    def remembered(self, idempotency_key: str, now_us: int) -> tuple[str, int, bytes] | None:
        """(request digest, status, body) of a POST done under this key in the last 24 h."""
        ...

    def remember(self, idempotency_key: str, request_digest: str, status: int, body: bytes, now_us: int) -> None:
        """Keep an answer for 24 h, and drop those that are older; Conflict when the key has an answer already."""
        ...


class ControlStore(Protocol):
    """The store itself. Safe to use from several threads and processes."""

    def tx(self, epoch: int | None = None) -> AbstractContextManager[ControlTx]:
        """One transaction: commits at the end, rolls back on any exception. With `epoch` the leader row is locked
        and checked first: Deposed when another leads. Transactions on one project follow one another, so each reads
        what the one before it wrote: keep them short, never nest them. Where the database gives way to another one
        all the same: Contended, which is the caller's to retry (`ports.retry.run`). StoreUnavailable when it cannot
        be reached."""
        ...

    def leader(self) -> Leader | None: ...
    def claim(self, holder: str, seen: Leader | None) -> Leader | None:
        """Become leader in place of `seen` (epoch + 1); None when somebody else was quicker."""
        ...

    def beat(self, leader: Leader) -> Leader:
        """Count one tick; Deposed when another leads."""
        ...

    def latest_snapshot(self) -> tuple[int, bytes] | None: ...
    def wait_change(self, timeout_s: float) -> bool:
        """Block until the store may have changed, or the time is over; a hint only. For one waiting thread. True at
        once on the first call, so that no change before it is missed. Never raises: when the store is away it waits
        out the time and answers True, and the read that follows tells why."""
        ...

    def close(self) -> None: ...
