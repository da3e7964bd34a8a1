"""The refusals that every store gives in the same words, and the bounds that all of them keep."""

from __future__ import annotations

from collections.abc import Sequence

from serinus.core.errors import Conflict, Deposed
from serinus.core.release.release import Release
from serinus.ports.control_store import ApiKey, StoredVersion

SNAPSHOTS_KEPT = 100
REMEMBERED_US = 24 * 3600 * 1_000_000
SHORTEST_PREFIX = 8


def ambiguous(ref: str, names: Sequence[str]) -> Conflict:
    """A digest prefix that fits several versions."""
    return Conflict(f"fits {len(names)} versions: {', '.join(names)}", where=ref, mend="give more of the digest")


def version_exists(version: StoredVersion) -> Conflict:
    """The app has this content or this name."""
    return Conflict(
        f"app {version.app} has version {version.digest[:12]} or the name {version.name} already",
        where=version.name,
        mend="use the version that is there",
    )


def release_exists(release: Release) -> Conflict:
    """H6: one active release per app."""
    return Conflict(
        f"app {release.app} has an active release already",
        where=release.id,
        mend="wait until it has ended, or abort it",
    )


def check_next_seq(release: Release, expected_seq: int) -> None:
    """ValueError when the new seq is not the one that follows: a fault of the program."""
    if release.seq != expected_seq + 1:
        raise ValueError(f"release {release.id}: seq {release.seq} does not follow {expected_seq}")


def release_changed(id: str, expected_seq: int) -> Conflict:
    """Compare and swap failed."""
    return Conflict(f"no longer at seq {expected_seq}", where=id, mend="read it again and decide anew")


def snapshot_changed(revision: int, newest: int) -> Conflict:
    """Somebody published first."""
    return Conflict(f"revision {revision} does not follow {newest}", where="snapshot", mend="build it anew")


def key_exists(key: ApiKey) -> Conflict:
    """Another id has the same hash."""
    return Conflict("this key is known under another id", where=key.id, mend="make a new key")


def key_answered(idempotency_key: str) -> Conflict:
    """Two requests under one idempotency key at the same time."""
    return Conflict("another request with this key was quicker", where=idempotency_key, mend="send it again")


def offset_changed(spool: str, expected: int) -> Conflict:
    """Another agent shipped meanwhile."""
    return Conflict(f"no longer shipped up to {expected}", where=spool, mend="read the offset and go on from there")


def deposed(epoch: int) -> Deposed:
    """Another control process leads."""
    return Deposed(f"epoch {epoch} no longer leads", where="leader", mend="stand by")
