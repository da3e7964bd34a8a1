"""Audit entries, keys and hosts on the wire."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from serinus.api.schemas.times import when
from serinus.core.audit.entry import Entry, Fault
from serinus.core.fleet import HostStatus, is_mute, mute_sentence
from serinus.ports.control_store import ApiKey


class EntryView(BaseModel):
    """An audit entry."""

    seq: int
    at: datetime
    actor: str
    action: str = Field(description="`subject:object:verb`.")
    subject: str = Field(description="What it was done to.")
    before: str = Field(description="Digest before.")
    after: str = Field(description="Digest after.")
    reason: str
    evidence: str = Field(description="JSON of the numbers the decision used.")
    evidence_digest: str
    previous: str = Field(description="Hash of the entry before it.")
    hash: str

    @classmethod
    def of(cls, entry: Entry) -> "EntryView":
        """The view of an entry."""
        return cls(
            seq=entry.seq,
            at=when(entry.at_us),
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            before=entry.before,
            after=entry.after,
            reason=entry.reason,
            evidence=entry.evidence,
            evidence_digest=entry.evidence_digest,
            previous=entry.previous,
            hash=entry.hash,
        )


class FaultView(BaseModel):
    """Where the chain is broken."""

    seq: int
    what: str

    @classmethod
    def of(cls, fault: Fault) -> "FaultView":
        """The view of a fault."""
        return cls(seq=fault.seq, what=fault.what)


class VerifiedView(BaseModel):
    """The result of checking the audit chain."""

    checked: int = Field(description="Entries read.")
    whole: bool = Field(description="No edit, deletion or reordering was found.")
    faults: list[FaultView]


class KeyView(BaseModel):
    """A key without its text."""

    id: str
    name: str
    roles: list[str]
    apps: list[str]
    created_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> "KeyView":
        """The view of a key."""
        return cls(
            id=key.id,
            name=key.name,
            roles=list(key.roles),
            apps=list(key.apps),
            created_at=when(key.created_at_us),
            revoked_at=when(key.revoked_at_us) if key.revoked_at_us else None,
        )


class NewKeyView(BaseModel):
    """A key just made."""

    key: KeyView
    secret: str | None = Field(description="Shown once; null when an idempotency key repeats the request.")


class WorkerView(BaseModel):
    """A gateway worker."""

    instance: str
    pid: int
    acked: int = Field(description="The snapshot revision it routes by.")
    leased: bool = Field(description="It may serve candidates now.")
    dropped: int = Field(description="Records that found no room.")
    requests: int
    mirror_sent: int = Field(description="Copies of requests sent to candidates since it started.")
    mirror_dropped: int = Field(description="Copies that were not made, so that no user waits.")
    mirror_drops: dict[str, int] = Field(description="Why not, by reason.")
    reader: int = Field(description="The newest kind of routing snapshot that it serves in full; 0: it does not tell.")


class HostView(BaseModel):
    """A host and its workers."""

    host: str
    beat: int
    shipped_until: datetime = Field(description="All records before this time are in the store.")
    lag_s: float = Field(description="How old that time is.")
    spool_bytes: int
    clock_offset_s: float = Field(description="Its clock minus the store's at its last report.")
    in_flight: int
    workers: list[WorkerView]
    warning: str = Field(description="What is wrong with it, and how it is mended; empty: nothing.")

    @classmethod
    def of(cls, host: HostStatus, now_us: int, unserved: Sequence[str] = ()) -> "HostView":
        """The view of a host's report. `unserved`: apps with nothing live whose fallback message callers should get."""
        return cls(
            host=host.host,
            beat=host.beat,
            shipped_until=when(host.shipped_until_us),
            lag_s=max(0, now_us - host.shipped_until_us) / 1e6,
            spool_bytes=host.spool_bytes,
            clock_offset_s=host.clock_offset_us / 1e6,
            in_flight=sum(flight.count for flight in host.in_flight),
            workers=[
                WorkerView(
                    instance=worker.instance,
                    pid=worker.pid,
                    acked=worker.acked,
                    leased=worker.leased,
                    dropped=worker.dropped,
                    requests=worker.requests,
                    mirror_sent=worker.mirror_sent,
                    mirror_dropped=worker.mirror_dropped,
                    mirror_drops=worker.mirror_drops,
                    reader=worker.reader,
                )
                for worker in host.workers
            ],
            warning=mute_sentence(host.host, unserved) if unserved and is_mute(host) else "",
        )
