"""Name versions to people: by their labels, which say where each stands in its app (B3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from serinus.core.release.candidacy import telling, version_state
from serinus.core.release.release import Release
from serinus.core.versions.naming import VersionState, label, rejection_tag
from serinus.ports.control_store import ControlTx, StoredVersion


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A version as people see it. `tag` is that of a rejected one; `name` is empty when it is not in the store."""

    digest: str
    name: str = ""
    state: VersionState = VersionState.DEV
    tag: str = ""

    @property
    def label(self) -> str:
        """The name with its state; the beginning of the digest when it has no name."""
        return label(self.name, self.state) if self.name else self.digest[:12]


class Names:
    """The names of some versions, each in its app: equal content may be live in one and new in another."""

    def __init__(self, named: Mapping[tuple[str, str], Named]) -> None:
        self._named = named

    def of(self, app: str, digest: str) -> Named:
        """The version as it is called in this app."""
        return self._named.get((app, digest)) or Named(digest=digest)

    def label(self, app: str, digest: str | None) -> str:
        """Its label; empty for no version."""
        return self.of(app, digest).label if digest else ""


def name_versions(tx: ControlTx, wanted: Iterable[tuple[str, str | None]]) -> Names:
    """The names of these (app, digest); None digests are passed over."""
    by_app: dict[str, set[str]] = defaultdict(set)
    for app, digest in wanted:
        if digest:
            by_app[app].add(digest)
    stored = {one.digest: one for one in tx.versions_of(set().union(*by_app.values()))}
    named: dict[tuple[str, str], Named] = {}
    for app, digests in by_app.items():
        named |= {(app, one.digest): one for one in _of_app(tx, app, digests, stored)}
    return Names(named)


def name_releases(tx: ControlTx, releases: Iterable[Release]) -> Names:
    """The names of candidates and controls."""
    return name_versions(tx, [(one.app, digest) for one in releases for digest in (one.candidate, one.control)])


def name_of(tx: ControlTx, version: StoredVersion) -> Named:
    """What one version is called."""
    return name_versions(tx, [(version.app, version.digest)]).of(version.app, version.digest)


def _of_app(tx: ControlTx, app: str, digests: set[str], stored: Mapping[str, StoredVersion]) -> Iterable[Named]:
    state = tx.app(app)
    candidacies: dict[str, list[Release]] = defaultdict(list)
    for release in tx.candidacies(app, digests):
        candidacies[release.candidate].append(release)
    for digest in digests:
        version = stored.get(digest)
        if version is not None and version.app != app:
            version = tx.find_version(app, digest)
        if version is not None:
            is_live = state is not None and state.live == digest
            yield _named(version, is_live, candidacies[digest])


def _named(version: StoredVersion, is_live: bool, candidacies: list[Release]) -> Named:
    state = version_state(is_live, version.was_live_at_us > 0, candidacies)
    told = telling(candidacies)
    tagged = told is not None and state is VersionState.REJECTED
    tag = rejection_tag(version.name, told.ended_at_us) if told and tagged else ""
    return Named(digest=version.digest, name=version.name, state=state, tag=tag)
