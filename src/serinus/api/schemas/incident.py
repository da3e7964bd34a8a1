"""Incidents on the wire."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from serinus.api.schemas.acts import REASON_LENGTH, ReasonBody
from serinus.api.schemas.plan import Declared
from serinus.api.schemas.times import when
from serinus.core.release.incident import Incident
from serinus.core.release.incident_duty import DUTIES, duties_of, lacking, roles_for
from serinus.core.release.incident_timeline import timeline


class TriggerView(BaseModel):
    """What took the candidate back."""

    kind: str = Field(
        description="`zero_tolerance`, `suspicion`, `monitor`, `unreadable`, `harm`, `limit`, `deadline`, `gate`, "
        "`person` or `refused`."
    )
    metric: str = Field(description="Metric or monitor; empty: none.")
    unit: str
    value: float | None = Field(description="The candidate's number; null: not known, or there is none.")
    threshold: float | None = Field(description="The bound that it broke.")
    against: float | None = Field(description="The control's number.")
    units: int | None = Field(description="The candidate's users enrolled at that moment.")
    calls: list[str] = Field(description="Ids of calls that show it, ten at most.")


class ClockItemView(BaseModel):
    """A line of the recovery clock."""

    name: str
    what: str
    due_at: datetime
    done_at: datetime | None
    done_by: str
    late_told_at: datetime | None = Field(description="When on-call and leads were told that it is late.")


class DutyView(BaseModel):
    """What is to be signed, or was."""

    duty: str
    title: str
    roles: list[str] = Field(description="One of these signs it.")
    required: bool = Field(description="It is on the list without which the incident is not closed.")
    lacking: bool
    role: str = Field(description="The role that it was signed in; empty: nobody has.")
    by: str
    at: datetime | None
    reason: str
    cause: str = Field(description="Of a root cause, its class.")
    case: str = Field(description="Of a regression, the case that guards against it. It was not run for this.")
    monitor: str
    waived: bool


class NoteView(BaseModel):
    """What a person wrote."""

    at: datetime
    by: str
    kind: str
    text: str


class MomentView(BaseModel):
    """One thing that happened."""

    at: datetime
    by: str
    what: str


class ExposedView(BaseModel):
    """Who met the candidate."""

    users: int
    sessions: int | None = Field(description="Conversations; null: no call log was at hand.")
    calls: int | None
    at: datetime
    by: str


class IncidentView(BaseModel):
    """What remains to be done after a candidate was taken back, and what was done."""

    id: str
    kind: Literal["rollback", "rejection"]
    app: str
    release: str
    version: str
    digest: str
    severity: Literal["high", "medium", "low"]
    reason: str
    trigger: TriggerView
    open: bool
    seq: int = Field(description="Counts every change; for If-Match.")
    opened_at: datetime
    opened_by: str
    sign_off: Literal["short", "full"] = Field(description="The list that must be signed.")
    lacking: list[str] = Field(description="The duties that still have to be signed before it is closed.")
    clock: list[ClockItemView]
    duties: list[DutyView]
    exposed: ExposedView | None = Field(description="Null: nobody has counted yet.")
    notes: list[NoteView]
    timeline: list[MomentView]
    closed_at: datetime | None
    closed_by: str
    closing: str

    @classmethod
    def of(cls, one: Incident) -> "IncidentView":
        """The view of an incident."""
        trigger, exposed = one.trigger, one.exposed
        return cls(
            id=one.id,
            kind=one.kind,
            app=one.app,
            release=one.release,
            version=one.version,
            digest=one.digest,
            severity=one.severity,
            reason=one.reason,
            trigger=TriggerView(
                kind=trigger.kind,
                metric=trigger.metric,
                unit=trigger.unit,
                value=trigger.value,
                threshold=trigger.threshold,
                against=trigger.against,
                units=trigger.units,
                calls=list(trigger.calls),
            ),
            open=one.open,
            seq=one.seq,
            opened_at=when(one.opened_at_us),
            opened_by=one.opened_by,
            sign_off=one.sign_off,
            lacking=list(lacking(one)) if one.open else [],
            clock=[
                ClockItemView(
                    name=item.name,
                    what=item.words,
                    due_at=when(item.due_at_us),
                    done_at=_or_none(item.done_at_us),
                    done_by=item.done_by,
                    late_told_at=_or_none(item.escalated_at_us),
                )
                for item in one.clock
            ],
            duties=[_duty(one, name) for name in DUTIES],
            exposed=ExposedView(
                users=exposed.units,
                sessions=exposed.sessions,
                calls=exposed.calls,
                at=when(exposed.at_us),
                by=exposed.by,
            )
            if exposed is not None
            else None,
            notes=[NoteView(at=when(note.at_us), by=note.by, kind=note.kind, text=note.text) for note in one.notes],
            timeline=[MomentView(at=when(m.at_us), by=m.by, what=m.what) for m in timeline(one)],
            closed_at=_or_none(one.closed_at_us),
            closed_by=one.closed_by,
            closing=one.closing,
        )


def _or_none(at_us: int) -> datetime | None:
    return when(at_us) if at_us else None


def _duty(one: Incident, name: str) -> DutyView:
    sign = next((signed for signed in one.signed if signed.duty == name), None)
    return DutyView(
        duty=name,
        title=DUTIES[name].title,
        roles=list(roles_for(one, name)),
        required=name in duties_of(one),
        lacking=one.open and name in lacking(one),
        role=sign.role if sign else "",
        by=sign.by if sign else "",
        at=when(sign.at_us) if sign else None,
        reason=sign.text if sign else "",
        cause=sign.cause if sign else "",
        case=sign.case if sign else "",
        monitor=sign.monitor if sign else "",
        waived=sign.waived if sign else False,
    )


class ConfirmBody(ReasonBody):
    """That somebody looks into it."""


class NoteBody(Declared):
    """What to write down."""

    text: str = Field(min_length=1, max_length=REASON_LENGTH, description="No texts of users.")
    kind: Literal["note", "hypothesis", "action", "review"] = "note"


class SignBody(Declared):
    """What you sign for."""

    reason: str = Field(min_length=1, max_length=REASON_LENGTH, description="What you found.")
    role: str = Field(default="", max_length=40, description="The role to sign in; empty: the first that fits.")
    cause: str = Field(
        default="",
        max_length=40,
        description="Of `root_cause`: `candidate`, `configuration`, `data`, `provider` or `false_alarm`.",
    )
    case: str = Field(default="", max_length=400, description="Of `regression`: `SUITE/CASE`.")
    monitor: str = Field(default="", max_length=100, description="Of `regression`: a monitor of the app's plan.")
    waive: bool = Field(default=False, description="Of `regression`, where the cause is `provider` or `false_alarm`.")


class CloseBody(ReasonBody):
    """What came of it."""

    reason: str = Field(min_length=1, max_length=REASON_LENGTH, description="Kept with the audit entry.")
