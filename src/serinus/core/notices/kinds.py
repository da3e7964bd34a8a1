"""The one table of kinds of notices: who is told by default, whether somebody must say that they saw it, and how loud.

The kind of a change of a release is its deed in the audit trail (`roll_back` of `tick:release:roll_back`). The table
in the documentation is held to this one by a test.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.pipeline.notifications import Notifications, Route, Target

Tone = Literal["info", "success", "warning", "failure"]

ESCALATE = "escalate"
TEST = "test"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """`title` begins the message. `urgent`: the on-call acknowledges it, or it escalates (I1), unless a person did
    it: then somebody has seen it already."""

    title: str
    routes: tuple[Route, ...]
    urgent: bool = False
    tone: Tone = "info"


_CHANNEL = (Route.RELEASE_CHANNEL,)
_WATCHERS = (Route.RELEASE_CHANNEL, Route.ON_CALL)
_SIGNERS = (Route.RELEASE_CHANNEL, Route.LEADS)
_EVERYBODY = tuple(Route)

KINDS: dict[str, Kind] = {
    "start": Kind(title="Release started", routes=_CHANNEL),
    "enter": Kind(title="Release in its next stage", routes=_CHANNEL),
    "measure": Kind(title="Stage measured", routes=_CHANNEL),
    "rerun": Kind(title="Stage runs again", routes=_CHANNEL),
    "calibrate": Kind(title="Thresholds learned from the control", routes=()),
    "advance": Kind(title="Release advanced", routes=_CHANNEL),
    "promote": Kind(title="Release promoted", routes=(Route.RELEASE_CHANNEL, Route.OWNER), tone="success"),
    "pause": Kind(title="Release paused", routes=_WATCHERS, urgent=True, tone="warning"),
    "resume": Kind(title="Release resumed", routes=_CHANNEL),
    "roll_back": Kind(title="Release rolling back", routes=(*_WATCHERS, Route.OWNER), urgent=True, tone="failure"),
    "abort": Kind(title="Release aborting", routes=(*_WATCHERS, Route.OWNER), tone="warning"),
    "confirm": Kind(title="Everybody is on the baseline", routes=_WATCHERS),
    "reject": Kind(
        title="Candidate rejected", routes=(Route.RELEASE_CHANNEL, Route.LEADS, Route.OWNER), tone="failure"
    ),
    "request_approval": Kind(title="Approval needed", routes=_SIGNERS),
    "approve": Kind(title="Approval given", routes=_CHANNEL, tone="success"),
    "alert": Kind(title="Monitor alert", routes=_WATCHERS, urgent=True, tone="warning"),
    "critical": Kind(title="Monitor critical", routes=(*_WATCHERS, Route.LEADS), urgent=True, tone="failure"),
    "no_data": Kind(title="Monitor without data", routes=_WATCHERS, tone="warning"),
    "recover": Kind(title="Monitor recovered", routes=_WATCHERS, tone="success"),
    "mix": Kind(title="Hand-overs have shifted", routes=(Route.RELEASE_CHANNEL, Route.OWNER), tone="warning"),
    "gap": Kind(title="Offline, shadow and live differ", routes=(Route.RELEASE_CHANNEL, Route.OWNER), tone="warning"),
    "hold_back": Kind(title="Live judge held back", routes=(Route.RELEASE_CHANNEL, Route.OWNER), tone="warning"),
    "notify": Kind(title="Trigger", routes=_CHANNEL, tone="warning"),
    "open_incident": Kind(title="Incident opened", routes=_EVERYBODY, tone="failure"),
    "late_incident": Kind(title="Incident: late", routes=(Route.ON_CALL, Route.LEADS), tone="failure"),
    "close_incident": Kind(title="Incident closed", routes=(Route.RELEASE_CHANNEL, Route.LEADS), tone="success"),
    "break_glass": Kind(title="Break-glass used", routes=_EVERYBODY, tone="failure"),
    "suspect": Kind(title="Suspicion about the candidate", routes=_WATCHERS, urgent=True, tone="warning"),
    "suspect_live": Kind(title="Suspicion about the live version", routes=_CHANNEL, tone="warning"),
    "dismiss": Kind(title="Suspicion dismissed", routes=_WATCHERS),
    "review": Kind(title="Adversarial pattern reviewed", routes=_WATCHERS),
    "set_override": Kind(title="Override set", routes=_WATCHERS, tone="warning"),
    "freeze": Kind(title="Releases frozen", routes=_WATCHERS, tone="warning"),
    "unfreeze": Kind(title="Releases go on", routes=_WATCHERS),
    "queue": Kind(title="Release waits to be started", routes=_CHANNEL),
    "unqueue": Kind(title="Release not started", routes=(Route.RELEASE_CHANNEL, Route.OWNER), tone="warning"),
    "clear_override": Kind(title="Override cleared", routes=_WATCHERS),
    ESCALATE: Kind(title="Not acknowledged", routes=(Route.ON_CALL, Route.LEADS), tone="failure"),
    TEST: Kind(title="Test", routes=_EVERYBODY),
}
_OTHER = Kind(title="Notice", routes=_CHANNEL)


def kind_of(name: str) -> Kind:
    """The kind of this name; one that no table knows (of a newer Serinus) goes to the release channel."""
    return KINDS.get(name, _OTHER)


def recipients(name: str, notifications: Notifications) -> dict[Target, Route]:
    """Whom a notice of this kind reaches. A target that stands in several routes is told once, for the first."""
    routes = notifications.events.get(name, kind_of(name).routes)
    found: dict[Target, Route] = {}
    for route in routes:
        for target in notifications.targets(route):
            found.setdefault(target, route)
    return found


def acknowledge_by_us(name: str, at_us: int, by_person: bool, notifications: Notifications) -> int:
    """Until when somebody must have acknowledged a notice of `at_us`; 0 when nobody has to: it is not urgent, a person
    did it, or the on-call is not among those told."""
    on_call = Route.ON_CALL in recipients(name, notifications).values()
    if by_person or not kind_of(name).urgent or not on_call:
        return 0
    return at_us + round(notifications.acknowledge_within_s * 1e6)


def must_escalate(acknowledge_by: int, acknowledged_at_us: int, escalated_at_us: int, now_us: int) -> bool:
    """Whether silence has lasted too long: a deadline that passed unacknowledged, told to the leads once (I1)."""
    return 0 < acknowledge_by <= now_us and not acknowledged_at_us and not escalated_at_us
