"""Tell of what is late on the recovery clock, and count the exposed where nobody has (product.md J6)."""

from __future__ import annotations

from serinus.control.count_incident import count_incident
from serinus.control.open_incident import TICK, audit_incident
from serinus.core.audit.entry import Action
from serinus.core.decision.wording import span
from serinus.core.errors import Conflict
from serinus.core.release.incident import Incident, Item, told_late
from serinus.ports.control_store import ControlStore, ControlTx, Notice
from serinus.ports.event_log import CallSearch
from serinus.ports.retry import run
from serinus.ports.telemetry_store import TelemetryStore

BATCH = 50
LATE = "late_incident"


def watch_incidents(
    control: ControlStore, telemetry: TelemetryStore, log: CallSearch | None, epoch: int, now_us: int
) -> int:
    """Escalate each late item to on-call and leads, once, and count whom nobody has counted; how many incidents needed
    it. What was told is kept in the transaction that tells it, so nothing is told twice. Deposed when another leads."""
    late = run(control, lambda tx: _tell_late(tx, now_us), epoch)
    for one in late:
        if 0 < one.count_at_us <= now_us:
            _count(control, telemetry, log, epoch, now_us, one)
    return len(late)


def _tell_late(tx: ControlTx, now_us: int) -> list[Incident]:
    found = tx.late_incidents(now_us, BATCH)
    for one in found:
        items = one.late(now_us)
        for item in items:
            _tell(tx, now_us, one, item)
        if items:
            tx.put_incident(told_late(one, now_us))
    return found


def _tell(tx: ControlTx, now_us: int, one: Incident, item: Item) -> None:
    text = f"Late since {span((now_us - item.due_at_us) / 1e6)}, {one.id}: {item.words}"
    tx.enqueue(
        Notice(
            release=one.release,
            seq=0,
            kind=LATE,
            subject=f"{one.id} {item.name}",
            body=text,
            at_us=now_us,
            app=one.app,
            actor=TICK,
        )
    )
    audit_incident(tx, now_us, TICK, Action.TICK_LATE, one, one, f"late: {item.words}")


def _count(
    control: ControlStore, telemetry: TelemetryStore, log: CallSearch | None, epoch: int, now_us: int, one: Incident
) -> None:
    try:
        count_incident(control, telemetry, log, now_us, TICK, one.id, epoch=epoch)
    except Conflict:
        return  # somebody has closed it meanwhile
