"""Count whom a candidate met before it was taken back: users, sessions, calls (product.md J6, K2)."""

from __future__ import annotations

import msgspec

from serinus.control.answer_incident import incident_of
from serinus.control.open_incident import TICK, audit_incident
from serinus.core.audit.entry import Action
from serinus.core.errors import Conflict, SerinusError
from serinus.core.records.sums import ENROLLED, SHADOW_STRATUM
from serinus.core.release.incident import Exposed, Incident, check_open, done
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.event_log import CallSearch
from serinus.ports.retry import run, run_telemetry
from serinus.ports.telemetry_store import TelemetryStore, TelemetryTx


def count_incident(
    control: ControlStore,
    telemetry: TelemetryStore,
    log: CallSearch | None,
    now_us: int,
    actor: str,
    id: str,
    expected_seq: int | None = None,
    epoch: int | None = None,
) -> Incident:
    """The incident with its numbers of now; counted again they are replaced. Users are those enrolled or those in the
    call log, whichever are more; sessions and calls are known by the log alone. Conflict for a candidate that no user
    has met. What the log refuses (QueryLimit, StoreUnavailable) is raised where a person asks; where the tick does,
    those two stay unknown."""
    with control.tx() as tx:
        known = incident_of(tx, id, expected_seq)
    check_open(known)
    if known.kind == "rejection":
        raise Conflict("no user has met this candidate", where="incident", mend="there is nobody to count")
    exposed = _exposed(telemetry, log, now_us, actor, known.release)

    def work(tx: ControlTx) -> Incident:
        before = incident_of(tx, id, expected_seq)
        check_open(before)
        counted = done(before, "counted", now_us, actor)
        following = msgspec.structs.replace(counted, exposed=exposed, seq=before.seq + 1)
        tx.put_incident(following)
        action = Action.TICK_COUNTED if actor == TICK else Action.INCIDENT_COUNTED
        audit_incident(tx, now_us, actor, action, before, following, exposed_text(exposed))
        return following

    return run(control, work, epoch)


def exposed_text(exposed: Exposed) -> str:
    """The numbers in words."""
    if exposed.sessions is None or exposed.calls is None:
        return f"{exposed.units:,} users; sessions and calls are not known: no call log was at hand"
    return f"{exposed.units:,} users in {exposed.sessions:,} sessions, {exposed.calls:,} calls"


def _exposed(telemetry: TelemetryStore, log: CallSearch | None, now_us: int, actor: str, release: str) -> Exposed:
    def enrolled(tx: TelemetryTx) -> int:
        return sum(
            one.total
            for key, one in tx.sums(release)
            if key.metric == ENROLLED and key.arm == Arm.CANDIDATE and key.stratum != SHADOW_STRATUM
        )

    units = run_telemetry(telemetry, enrolled)
    found = None
    try:
        found = log.exposure(release) if log is not None else None
    except SerinusError:
        if actor != TICK:
            raise
    if found is None:
        return Exposed(units=units, sessions=None, calls=None, at_us=now_us, by=actor)
    return Exposed(units=max(units, found.units), sessions=found.sessions, calls=found.calls, at_us=now_us, by=actor)
