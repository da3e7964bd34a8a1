"""Ask for a release: it starts now, or waits, as the app's plan says (H12)."""

from __future__ import annotations

from serinus.control.change import change_release
from serinus.control.frozen import frozen
from serinus.control.lookup import app_of
from serinus.control.observe_live import own_past
from serinus.control.observe_units import own_yardsticks
from serinus.control.peak_hours import own_hours
from serinus.control.start_release import Asked, active_release, begin, plan_later, plan_release
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import Conflict
from serinus.core.ids import RELEASE, IdSource
from serinus.core.release.release import Release
from serinus.core.release.table import Event, State
from serinus.core.release.transitions import withdrawn
from serinus.core.release.waiting import Waiting
from serinus.core.versions.risk import SILENT, RiskWord
from serinus.ports.control_store import ControlStore, ControlTx, Notice, StoredVersion
from serinus.ports.retry import run
from serinus.ports.telemetry_store import TelemetryStore

_ENDS = frozenset({State.ROLLING_BACK, State.ABORTING})


def request_release(
    store: ControlStore,
    now_us: int,
    actor: str,
    ids: IdSource,
    salt: str,
    app: str,
    ref: str,
    reason: str,
    telemetry: TelemetryStore | None = None,
    set_aside: str = "",
    word: RiskWord = SILENT,
) -> Release | Waiting:
    """The release, started; or what waits for the end of a freeze or of the app's active release.

    While a release is active, the plan's `when_active` decides: `refuse` is a Conflict; `queue` waits, one at a time;
    `supersede` aborts the active one for it and takes the place of what waited. Otherwise refused as `start_release`.
    """
    hours = own_hours(store, telemetry, now_us, app)
    known = own_yardsticks(store, telemetry, now_us, app)
    past = own_past(store, telemetry, now_us, app, known)
    asked = Asked(
        id=ids.new(RELEASE),
        salt=salt,
        actor=actor,
        reason=reason,
        set_aside=set_aside,
        yardsticks=known,
        past=past,
    )

    def work(tx: ControlTx) -> Release | Waiting:
        plan, control, candidate = plan_later(tx, app, ref, hours, word)
        active, why = active_release(tx, app), frozen(tx.freeze(), plan, now_us)
        if active is None and not why:
            tx.drop_waiting(app)
            return begin(tx, now_us, actor, asked, app, plan, control, candidate)
        if active is not None and plan.when_active == "refuse":
            plan_release(tx, app, ref, hours, word)
        if active is not None:
            why = f"release {active.id} has ended"
        _refuse_second_waiting(tx, app, plan.when_active)
        if active is not None and plan.when_active == "supersede" and active.state not in _ENDS:
            _supersede(tx, now_us, actor, active, candidate)
        return _wait(tx, now_us, asked, app, candidate, why, word)

    return run(store, work)


def drop_request(store: ControlStore, now_us: int, actor: str, app: str, reason: str) -> None:
    """Take out what waits for this app; Conflict when nothing does."""

    def work(tx: ControlTx) -> None:
        app_of(tx, app)
        found = next((one for one in tx.waiting() if one.app == app), None)
        if found is None or not tx.drop_waiting(app):
            raise Conflict(f"no release of {app} waits", where="app", mend="see `serinus release waiting`")
        text = f"{actor} took {found.name} out" + (f": {reason}" if reason else "")
        _tell(tx, now_us, actor, Action.RELEASE_UNQUEUED, found, text)

    run(store, work)


def not_started(tx: ControlTx, now_us: int, actor: str, found: Waiting, why: str) -> None:
    """Take out what waited and cannot be started any more, and say so."""
    tx.drop_waiting(found.app)
    _tell(tx, now_us, actor, Action.TICK_UNQUEUED, found, f"{found.name} is not released: {why}")


def _refuse_second_waiting(tx: ControlTx, app: str, when_active: str) -> None:
    before = next((one for one in tx.waiting() if one.app == app), None)
    if before is not None and when_active != "supersede":
        raise Conflict(
            f"{before.name} waits already, asked for by {before.actor}",
            where="release",
            mend="wait for it, or take it out: `serinus release unqueue`",
        )


def _supersede(tx: ControlTx, now_us: int, actor: str, active: Release, by: StoredVersion) -> None:
    text = f"{actor} superseded the release by {by.name}"
    following = withdrawn(active, Event.ABORT, tx.revision() + 1, text)
    change_release(tx, now_us, actor, Action.RELEASE_ABORTED, active, following)


def _wait(
    tx: ControlTx, now_us: int, asked: Asked, app: str, candidate: StoredVersion, why: str, word: RiskWord
) -> Waiting:
    found = Waiting(
        id=asked.id,
        app=app,
        version=candidate.digest,
        name=candidate.name,
        salt=asked.salt,
        actor=asked.actor,
        reason=asked.reason,
        set_aside=asked.set_aside,
        at_us=now_us,
        why=why,
        word=word,
    )
    tx.put_waiting(found)
    _tell(tx, now_us, asked.actor, Action.RELEASE_QUEUED, found, f"{found.name} waits to be released until {why}")
    return found


def _tell(tx: ControlTx, now_us: int, actor: str, action: Action, found: Waiting, text: str) -> None:
    entry = tx.append_audit(
        Draft(at_us=now_us, actor=actor, action=action, subject=found.id, after=found.version, reason=text)
    )
    tx.enqueue(
        Notice(
            release=found.id,
            seq=entry.seq,
            kind=action.value.rpartition(":")[2],
            subject=found.app,
            body=text,
            at_us=now_us,
            app=found.app,
            actor=actor,
        )
    )
