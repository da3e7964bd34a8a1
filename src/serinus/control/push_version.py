"""Register a version: content-addressed, named within its ISO week."""

from __future__ import annotations

from datetime import UTC, datetime

from serinus.control.lookup import app_of
from serinus.core.audit.entry import Action, Draft
from serinus.core.versions.content import VersionContent, canonical, digests, servable
from serinus.core.versions.template import Prompt
from serinus.ports.control_store import ControlStore, ControlTx, StoredVersion
from serinus.ports.retry import run


def push_version(
    store: ControlStore, now_us: int, actor: str, app: str, content: VersionContent
) -> tuple[StoredVersion, bool]:
    """The app's version with this content, and whether it is new: the same content twice is the same version (B2).

    TemplateError when a prompt does not compile over the declared variables: no gateway could serve it.
    """
    named = digests(content)
    version = servable(content, "")
    Prompt(version.messages, version.variables)

    def work(tx: ControlTx) -> tuple[StoredVersion, bool]:
        app_of(tx, app)
        known = tx.find_version(app, named.version)
        if known is not None:
            return known, False
        week = _iso_week(now_us)
        version = StoredVersion(
            digest=named.version,
            behaviour=named.behaviour,
            app=app,
            name=f"{app}-{week}-{tx.next_version_number(app, week)}",
            content=canonical(content),
            created_at_us=now_us,
            created_by=actor,
        )
        tx.insert_version(version)
        tx.append_audit(
            Draft(
                at_us=now_us,
                actor=actor,
                action=Action.VERSION_PUSHED,
                subject=version.name,
                after=version.digest,
            )
        )
        return version, True

    return run(store, work)


def _iso_week(now_us: int) -> str:
    year, week, _ = datetime.fromtimestamp(now_us // 1_000_000, tz=UTC).isocalendar()
    return f"{year}-W{week:02d}"
