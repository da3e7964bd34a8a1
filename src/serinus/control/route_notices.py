"""Decide for new notices whom they go to, and tell the leads of those that nobody has acknowledged."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from serinus.control.apply import ACTOR
from serinus.core.audit.entry import Action, Draft
from serinus.core.notices.kinds import ESCALATE, acknowledge_by_us, kind_of, must_escalate, recipients
from serinus.core.pipeline.notifications import Notifications
from serinus.ports.control_store import ControlStore, ControlTx, Delivery, Notice
from serinus.ports.retry import run

BATCH = 100


def route_notices(store: ControlStore, epoch: int, now_us: int) -> int:
    """Give each new notice a delivery for every target that its app declares at this moment, and each urgent one its
    deadline; how many there were. One that reaches nobody counts as delivered, and its listing shows no targets."""

    def work(tx: ControlTx) -> int:
        notices = tx.unrouted(BATCH)
        declared = {app.config.name: app.config.notifications for app in tx.apps()} if notices else {}
        for notice in notices:
            _route(tx, notice, declared, now_us)
        return len(notices)

    return run(store, work, epoch)


def _route(tx: ControlTx, notice: Notice, declared: Mapping[str, Notifications], now_us: int) -> None:
    notifications = declared.get(notice.app, Notifications())
    told = recipients(notice.kind, notifications)
    tx.put_deliveries(
        Delivery(notice=notice.id, target=target.reference, route=route.value, next_at_us=now_us)
        for target, route in told.items()
    )
    by_person = notice.actor not in ("", ACTOR)
    tx.replace_notice(
        msgspec.structs.replace(
            notice,
            routed_at_us=now_us,
            acknowledge_by_us=acknowledge_by_us(notice.kind, notice.at_us, by_person, notifications),
            delivered_at_us=0 if told else now_us,
        )
    )


def escalate_notices(store: ControlStore, epoch: int, now_us: int) -> int:
    """Tell leads and on-call, once, of each urgent notice that nobody has acknowledged in time (I1); how many."""

    def work(tx: ControlTx) -> int:
        late = tx.overdue(now_us, BATCH)
        for notice in late:
            if must_escalate(notice.acknowledge_by_us, notice.acknowledged_at_us, notice.escalated_at_us, now_us):
                _escalate(tx, notice, now_us)
        return len(late)

    return run(store, work, epoch)


def _escalate(tx: ControlTx, notice: Notice, now_us: int) -> None:
    waited_s = (now_us - notice.at_us) // 1_000_000
    body = (
        f"Nobody has acknowledged notice {notice.id} ({kind_of(notice.kind).title}) for {_waited(waited_s)}: "
        f"{notice.body}"
    )
    tx.enqueue(
        Notice(
            release=notice.release,
            seq=notice.seq,
            kind=ESCALATE,
            subject=str(notice.id),
            body=body,
            at_us=now_us,
            app=notice.app,
            actor=ACTOR,
        )
    )
    tx.replace_notice(msgspec.structs.replace(notice, escalated_at_us=now_us))
    subject = f"notice {notice.id}"
    tx.append_audit(Draft(at_us=now_us, actor=ACTOR, action=Action.TICK_ESCALATED, subject=subject, reason=body))


def _waited(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds >= 120 else f"{seconds} s"
