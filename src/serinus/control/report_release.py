"""The evidence pack of a release: everything an auditor asks, as one value (L2)."""

from __future__ import annotations

import msgspec

from serinus.control.compare_places import compare_places
from serinus.control.compare_versions import Comparison, compare_versions
from serinus.control.lookup import release_of
from serinus.control.verify_audit import verify_audit
from serinus.core.audit.entry import Entry, Fault
from serinus.core.decision.replay import Replayed, replayed
from serinus.core.decision.side_by_side import Beside
from serinus.core.decision.standing import Standing, standing
from serinus.core.errors import InvalidInput, NotFound
from serinus.core.pipeline.stages import StageResult
from serinus.core.release.approval import Approval
from serinus.core.release.incident import Incident, incident_id
from serinus.core.release.release import Progress, Release
from serinus.core.release.suspicion import Suspicion
from serinus.ports.control_store import ControlStore, ControlTx, Page, StoredVersion
from serinus.ports.signatures import Signature
from serinus.ports.telemetry_store import TelemetryStore

SCHEMA = 1
_PAGE = 200


class VersionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two versions with its canonical content; what the store has not (any more) is empty."""

    name: str
    digest: str
    behaviour: str
    content: msgspec.Raw
    created_at_us: int
    created_by: str
    signatures: tuple[Signature, ...]


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """The check of the whole audit trail, made with the pack: entries read, its last hash, and every fault."""

    checked: int
    last_hash: str
    faults: tuple[Fault, ...]


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """A release with both versions and what differs, its measured stages, approvals, suspicions, its incident, how the
    arms stood at last, each metric offline, in shadow and live, each entry of its trail with the evidence, oldest
    first, and how every decision came out when it was decided anew."""

    schema: int = SCHEMA
    made_at_us: int
    release: Release
    progress: Progress | None
    candidate: VersionFacts
    control: VersionFacts
    comparison: Comparison | None
    results: tuple[StageResult, ...]
    approvals: tuple[Approval, ...]
    suspicions: tuple[Suspicion, ...]
    incident: Incident | None
    standing: Standing
    side_by_side: tuple[Beside, ...]
    entries: tuple[Entry, ...]
    decisions: tuple[Replayed, ...]
    chain: Chain

    def encoded(self) -> bytes:
        """The pack as JSON with sorted keys: the same facts give the same bytes."""
        return msgspec.json.encode(self, order="sorted")


def report_release(control: ControlStore, telemetry: TelemetryStore, now_us: int, id: str) -> Pack:
    """The pack of a release now; NotFound when there is none. Reads the whole audit trail."""
    with control.tx() as tx:
        release = release_of(tx, id)
        progress, revision = tx.progress(id), tx.revision()
        versions = tuple(_facts(tx, release.app, digest) for digest in (release.candidate, release.control))
        results, approvals = tuple(tx.stage_results(id)), tuple(tx.approvals(id))
        entries, suspicions = _entries(tx, id), _suspicions(tx, id)
        incident = tx.incident(incident_id(id))
    with telemetry.tx() as read:
        sums, hosts, spreads = read.sums(id), read.hosts(), read.spreads_of([id]).get(id, {})
        now = standing(release, progress, sums, hosts, revision, now_us, results, spreads)
        places = compare_places(read, now_us, release, now, results, sums, spreads)
    checked, faults = verify_audit(control)
    return Pack(
        made_at_us=now_us,
        release=release,
        progress=progress,
        candidate=versions[0],
        control=versions[1],
        comparison=_comparison(control, release),
        results=results,
        approvals=approvals,
        suspicions=suspicions,
        incident=incident,
        standing=now,
        side_by_side=places,
        entries=entries,
        decisions=tuple(replayed(entries)),
        chain=Chain(checked=checked, last_hash=_last_hash(control), faults=tuple(faults)),
    )


def _facts(tx: ControlTx, app: str, digest: str) -> VersionFacts:
    unknown = StoredVersion(
        digest=digest, behaviour="", app=app, name=digest[:12], content=b"{}", created_at_us=0, created_by=""
    )
    version = tx.find_version(app, digest) or unknown
    return VersionFacts(
        name=version.name,
        digest=version.digest,
        behaviour=version.behaviour,
        content=msgspec.Raw(version.content),
        created_at_us=version.created_at_us,
        created_by=version.created_by,
        signatures=tuple(tx.signatures(app, digest)),
    )


def _entries(tx: ControlTx, id: str) -> tuple[Entry, ...]:
    found: list[Entry] = []
    cursor = ""
    while True:
        entries, cursor = tx.audit_newest(id, Page(cursor=cursor, limit=_PAGE))
        found += entries
        if not cursor:
            return tuple(reversed(found))


def _suspicions(tx: ControlTx, id: str) -> tuple[Suspicion, ...]:
    found: list[Suspicion] = []
    cursor = ""
    while True:
        some, cursor = tx.suspicions(Page(cursor=cursor, limit=_PAGE), release=id)
        found += some
        if not cursor:
            return tuple(reversed(found))


def _last_hash(control: ControlStore) -> str:
    with control.tx() as tx:
        entries, _ = tx.audit_newest(None, Page(limit=1))
    return entries[0].hash if entries else ""


def _comparison(control: ControlStore, release: Release) -> Comparison | None:
    try:
        return compare_versions(control, release.app, release.control, release.candidate)
    except (NotFound, InvalidInput):
        return None
