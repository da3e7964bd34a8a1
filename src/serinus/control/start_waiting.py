"""Start the releases that waited, once nothing holds them back any more."""

from __future__ import annotations

from functools import partial

from serinus.control.apply import ACTOR
from serinus.control.frozen import frozen
from serinus.control.observe_live import own_past
from serinus.control.peak_hours import own_hours
from serinus.control.request_release import not_started
from serinus.control.start_release import Asked, active_release, begin, plan_later
from serinus.core.audit.entry import Action
from serinus.core.errors import Conflict, Contended, InvalidInput, NotFound
from serinus.core.records.live_calls import Past
from serinus.core.release.waiting import Waiting
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run
from serinus.ports.telemetry_store import TelemetryStore

AT_ONCE = 2
"""Starts in a round: each reads what the live version usually does, and the beat of the leader waits meanwhile."""


def start_waiting(
    store: ControlStore, telemetry: TelemetryStore, epoch: int, now_us: int, waiting: list[Waiting]
) -> None:
    """Start those whose app has no active release and no freeze, `AT_ONCE` in a round. One that is refused now is taken
    out, and its people are told why."""
    begun = 0
    for found in waiting:
        if begun == AT_ONCE:
            return
        try:
            if run(store, partial(_is_frozen, now_us=now_us, app=found.app), epoch):
                continue
            begun += 1
            hours = own_hours(store, telemetry, now_us, found.app)
            past = own_past(store, telemetry, now_us, found.app)
            run(store, partial(_start, now_us=now_us, found=found, hours=hours, past=past), epoch)
        except Contended:
            raise
        except (Conflict, InvalidInput, NotFound) as error:
            refused = partial(not_started, now_us=now_us, actor=ACTOR, found=found, why=str(error))
            run(store, refused, epoch)


def _is_frozen(tx: ControlTx, now_us: int, app: str) -> bool:
    """Whether its app's plan says that nothing starts now; what cannot be read is refused by the start itself."""
    state = tx.app(app)
    plan = state.config.plan if state else None
    return plan is not None and bool(frozen(tx.freeze(), plan, now_us))


def _start(
    tx: ControlTx, now_us: int, found: Waiting, hours: tuple[int, ...], past: dict[str, tuple[Past, ...]]
) -> None:
    if active_release(tx, found.app) is not None or found not in tx.waiting():
        return
    plan, control, candidate = plan_later(tx, found.app, found.version, hours, found.word)
    if frozen(tx.freeze(), plan, now_us):
        return
    tx.drop_waiting(found.app)
    asked = Asked(
        id=found.id, salt=found.salt, actor=found.actor, reason=found.reason, set_aside=found.set_aside, past=past
    )
    begin(tx, now_us, ACTOR, asked, found.app, plan, control, candidate, Action.TICK_STARTED)
