"""Compare versions of an app: two pushed ones, or the live one with files."""

from __future__ import annotations

import msgspec

from serinus.control.lookup import app_of, version_of
from serinus.core.errors import Conflict
from serinus.core.versions.content import VersionContent, canonical, digests, parse_content
from serinus.core.versions.diff import Diff, diff
from serinus.core.versions.release_type import Proposal, propose
from serinus.ports.control_store import ControlStore, ControlTx, StoredVersion

LIVE = "live"
"""The word that stands for the app's live version."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions, what differs, and the type of release that it implies. `after` is None for content that nobody
    has pushed."""

    before: StoredVersion
    after: StoredVersion | None
    digest: str
    diff: Diff
    proposal: Proposal

    @property
    def is_same(self) -> bool:
        """Whether both have the same digest."""
        return self.before.digest == self.digest


def compare_versions(store: ControlStore, app: str, before: str, after: str) -> Comparison:
    """What leads from one version of the app to another (B4), each by name, digest, digest prefix or `live`."""
    with store.tx() as tx:
        old, new = _version(tx, app, before), _version(tx, app, after)
    return _comparison(old, new, parse_content(new.content))


def find_drift(store: ControlStore, app: str, content: VersionContent) -> Comparison:
    """What leads from the app's live version to this content of a file: none when they are the same (A7)."""
    with store.tx() as tx:
        live = _version(tx, app, LIVE)
        known = tx.find_version(app, digests(content).version)
    return _comparison(live, known, content)


def _comparison(before: StoredVersion, after: StoredVersion | None, content: VersionContent) -> Comparison:
    # Parsed from its canonical bytes, so that content from a file is compared as it would be stored.
    found = diff(parse_content(before.content), parse_content(canonical(content)))
    return Comparison(before=before, after=after, digest=digests(content).version, diff=found, proposal=propose(found))


def _version(tx: ControlTx, app: str, ref: str) -> StoredVersion:
    if ref != LIVE:
        app_of(tx, app)
        return version_of(tx, app, ref)
    live = app_of(tx, app).live
    if live is None:
        raise Conflict(f"{app} has no live version", where="app.live", mend="make its first version live")
    return version_of(tx, app, live)
