"""Find what a person named, or say that it is not there and what to do."""

from __future__ import annotations

from serinus.core.errors import Conflict, NotFound
from serinus.core.pipeline.app import AppState, unknown_app
from serinus.core.release.release import Release
from serinus.core.versions.content import parse_content
from serinus.core.versions.naming import plain_name
from serinus.ports.control_store import ControlTx, StoredVersion


def app_of(tx: ControlTx, name: str) -> AppState:
    """The app of this name; NotFound with those that exist."""
    found = tx.app(name)
    if found is None:
        raise unknown_app(name, tx.apps())
    return found


def version_of(tx: ControlTx, app: str, ref: str) -> StoredVersion:
    """The app's version by name, label (the name with its state), digest or digest prefix; NotFound when there is
    none."""
    found = tx.find_version(app, ref) or tx.find_version(app, plain_name(ref))
    if found is None:
        mend = f"push it first, or name another: `serinus versions {app}` lists them"
        raise NotFound(f"{app} has no version {ref!r}", where="version", mend=mend)
    return found


def version_to_serve(tx: ControlTx, app: str, ref: str) -> StoredVersion:
    """As `version_of`; Conflict when the endpoint it names is not configured, so that no call could be served."""
    found = version_of(tx, app, ref)
    endpoint = parse_content(found.content).endpoint
    known = [e.name for e in tx.endpoints()]
    if endpoint not in known:
        raise Conflict(
            f"{found.name} calls endpoint {endpoint!r}, which is not configured",
            where="endpoint",
            mend=f"configure it first (known: {', '.join(known) or 'none yet'})",
        )
    return found


def release_of(tx: ControlTx, id: str, expected_seq: int | None = None) -> Release:
    """The release; NotFound, or Conflict when it is not at `expected_seq` any more."""
    found = tx.release(id)
    if found is None:
        raise NotFound(f"no release {id!r}", where="release", mend="list the releases of the app")
    if expected_seq is not None and found.seq != expected_seq:
        raise Conflict(
            f"the release is at seq {found.seq}, not {expected_seq}: {found.reason or found.state.value}",
            where="seq",
            mend="look at it again, then decide",
        )
    return found
