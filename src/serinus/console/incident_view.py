"""An incident as its page shows it, and what of it waits for a visitor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from serinus.console.charts.series import Series
from serinus.console.needs_view import Need
from serinus.console.page import Desk
from serinus.console.visitor import Visitor
from serinus.control.answer_incident import incident_of
from serinus.core.access import Operation
from serinus.core.decision.wording import amount
from serinus.core.errors import FormatError, NotFound
from serinus.core.release.incident import Incident
from serinus.core.release.incident_duty import DUTIES, duties_of, lacking, roles_for
from serinus.core.release.incident_timeline import Moment, timeline
from serinus.core.release.release import Release
from serinus.core.release.trigger import Trigger

TONES = {"high": "bad", "medium": "held", "low": "quiet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyLine:
    """A duty with who may sign it, what was signed in a sentence (empty: nobody has), and whether this visitor may."""

    name: str
    title: str
    roles: tuple[str, ...]
    said: str
    required: bool
    lacking: bool
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """An incident, its release (None: it cannot be read), the numbers of its trigger, and the triggering metric's
    chart where there is one."""

    incident: Incident
    release: Release | None
    numbers: tuple[tuple[str, str], ...]
    duties: tuple[DutyLine, ...]
    moments: tuple[Moment, ...]
    chart: Series | None
    tone: str


def incident_view(desk: Desk, id: str, visitor: Visitor) -> IncidentView:
    """The view of an incident now; NotFound when there is none."""
    with desk.parts.control.tx() as tx:
        one = incident_of(tx, id)
        try:
            release = tx.release(one.release)
        except FormatError:
            release = None
    return IncidentView(
        incident=one,
        release=release,
        numbers=tuple(_numbers(one.trigger)),
        duties=tuple(_duty(one, name, visitor) for name in DUTIES),
        moments=timeline(one),
        chart=_chart(desk, one) if release is not None else None,
        tone=TONES.get(one.severity, "held"),
    )


def needs_of(visitor: Visitor, found: Sequence[Incident]) -> Iterator[Need]:
    """What of open incidents waits for this visitor: to say that somebody looks, to sign, to close, to write down."""
    for one in found:
        if asks := _asks(visitor, one):
            yield Need(
                kind="Incident",
                what=f"{one.version or 'A release'} of {one.app}",
                why=f"{asks}. {one.reason}",
                href=f"/incidents/{one.id}",
                link="Look",
                tone=TONES.get(one.severity, "held"),
            )


def _asks(visitor: Visitor, one: Incident) -> str:
    waiting = {item.name for item in one.clock if not item.done_at_us}
    if "on_call" in waiting and visitor.may(Operation.CONFIRM_INCIDENT):
        return "Say that you look into it"
    if "hypothesis" in waiting and visitor.may(Operation.NOTE_INCIDENT):
        return "Note what you suspect"
    lack = lacking(one)
    mine = [name for name in lack if _may_sign(visitor, one, name)]
    if mine:
        return f"Sign that {DUTIES[mine[0]].title}"
    return "All is signed: close it" if not lack and visitor.may(Operation.CLOSE_INCIDENT) else ""


def _may_sign(visitor: Visitor, one: Incident, duty: str) -> bool:
    return visitor.may(Operation.SIGN_INCIDENT) and bool(set(roles_for(one, duty)) & set(visitor.key.roles))


def _numbers(trigger: Trigger) -> Iterator[tuple[str, str]]:
    for words, value in (
        ("Candidate", trigger.value),
        ("Bound", trigger.threshold),
        ("Control", trigger.against),
    ):
        if value is not None:
            yield words, amount(trigger.unit, value).strip()


def _duty(one: Incident, name: str, visitor: Visitor) -> DutyLine:
    sign = next((signed for signed in one.signed if signed.duty == name), None)
    said = ""
    if sign is not None:
        parts = [sign.cause, sign.case, f"monitor {sign.monitor}" if sign.monitor else "", "waived" * sign.waived]
        about = ", ".join(word for word in parts if word)
        said = f"{sign.by} as {sign.role}" + (f" ({about})" if about else "") + f": {sign.text}"
    return DutyLine(
        name=name,
        title=DUTIES[name].title,
        roles=roles_for(one, name),
        said=said,
        required=name in duties_of(one),
        lacking=one.open and name in lacking(one),
        mine=one.open and _may_sign(visitor, one, name),
    )


def _chart(desk: Desk, one: Incident) -> Series | None:
    """The chart of the triggering metric; None for a rejection, a metric without a chart and rollups that are gone."""
    if one.kind == "rejection" or not one.trigger.metric:
        return None
    try:
        return desk.charts.drawn(one.release).series(one.trigger.metric)
    except NotFound:
        return None
