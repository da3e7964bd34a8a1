"""Keep a reading of a monitor, and announce its level once when it has changed."""

from __future__ import annotations

import msgspec

from serinus.control.apply import ACTOR
from serinus.core.audit.entry import Action, Draft
from serinus.core.monitoring.level import news, next_reading
from serinus.core.monitoring.reading import Level, Measured, Reading
from serinus.core.monitoring.task import Task
from serinus.ports.control_store import ControlStore, ControlTx, Notice
from serinus.ports.retry import run

KEPT_S = 7 * 86_400
"""How long the history of readings is kept."""
KEPT_EVERY_US = 60_000_000
"""The history holds one reading a minute, and every change of level."""
_ACTIONS: dict[Level, Action] = {
    "ok": Action.MONITOR_RECOVERED,
    "alert": Action.MONITOR_ALERTED,
    "critical": Action.MONITOR_CRITICAL,
    "no-data": Action.MONITOR_WITHOUT_DATA,
}


def keep_reading(store: ControlStore, epoch: int, now_us: int, task: Task, seen: Measured) -> Reading:
    """The reading of a measurement, as it was stored. Deposed when another leads.

    Level, announcement, audit entry and reading are one transaction: a killed process neither forgets nor repeats one.
    """

    def work(tx: ControlTx) -> Reading:
        newest = {(one.monitor, one.subject): one for one in tx.newest_readings(task.app)}
        before = newest.get((task.monitor.name, task.subject))
        reading = next_reading(
            task.monitor,
            seen,
            before,
            app=task.app,
            subject=task.subject,
            release=task.release_id,
            at_us=now_us,
        )
        level = news(task.monitor, reading)
        if level is not None:
            notice = _notice(reading, level)
            tx.enqueue(notice)
            tx.append_audit(_entry(task, notice, reading))
            reading = msgspec.structs.replace(reading, told=level)
        tx.put_reading(reading, keep=_worth_keeping(before, reading))
        return reading

    return run(store, work, epoch)


def _worth_keeping(before: Reading | None, reading: Reading) -> bool:
    if before is None or before.level != reading.level or before.release != reading.release:
        return True
    return before.at_us // KEPT_EVERY_US != reading.at_us // KEPT_EVERY_US


def _notice(reading: Reading, level: Level) -> Notice:
    whom = f" on the {reading.subject}" if reading.subject != "app" else ""
    return Notice(
        release=reading.release,
        seq=reading.at_us,
        kind=_ACTIONS[level].value.rpartition(":")[2],
        subject=f"{reading.app} {reading.monitor} {reading.subject}",
        body=f"Monitor {reading.monitor}{whom} is {level}: {reading.text}",
        at_us=reading.at_us,
        app=reading.app,
        actor=ACTOR,
    )


def _entry(task: Task, notice: Notice, reading: Reading) -> Draft:
    """Of the release if the reading is of one, else of the app; `after` is the digest of what the monitor measures."""
    return Draft(
        at_us=reading.at_us,
        actor=ACTOR,
        action=_ACTIONS[reading.level],
        subject=reading.release or reading.app,
        after=task.monitor.digest,
        reason=notice.body,
    )
