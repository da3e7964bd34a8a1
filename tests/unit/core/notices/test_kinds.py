"""Who is told of what, what must be acknowledged, and when silence escalates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from serinus.core.audit.entry import Action
from serinus.core.notices.kinds import ESCALATE, KINDS, acknowledge_by_us, kind_of, must_escalate, recipients
from serinus.core.pipeline.notifications import Notifications, Route, Target

CHANNEL, PAGER, LEAD, OWNER = (Target(url_env=name) for name in ("CHANNEL", "PAGER", "LEAD", "OWNER"))
EACH = Notifications(release_channel=(CHANNEL,), on_call=(PAGER,), leads=(LEAD,), owner=(OWNER,))
MINUTE_US = 60_000_000
DOCUMENT = Path(__file__).parents[4] / "docs" / "how-to" / "notifications.md"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("roll_back", {CHANNEL, PAGER, OWNER}),
        ("pause", {CHANNEL, PAGER}),
        ("critical", {CHANNEL, PAGER, LEAD}),
        ("alert", {CHANNEL, PAGER}),
        ("advance", {CHANNEL}),
        ("promote", {CHANNEL, OWNER}),
        (ESCALATE, {PAGER, LEAD}),
        ("of a newer Serinus", {CHANNEL}),
    ],
)
def test_I1_defaults_of_the_table(kind: str, told: set[Target]) -> None:
    """Breaches reach the channel and the on-call at once, critical ones the leads too, progress the channel alone."""
    assert set(recipients(kind, EACH)) == told


def test_every_change_of_a_release_has_its_kind() -> None:
    """No deed of the audit trail about releases falls to the default."""
    deeds = {action.value.rpartition(":")[2] for action in Action if ":release:" in action.value}
    assert deeds - {"create"} <= set(KINDS)


def test_an_app_replaces_the_routes_of_a_kind() -> None:
    """`events` silences one kind or sends it elsewhere, and leaves the others alone."""
    own = Notifications(release_channel=(CHANNEL,), owner=(OWNER,), events={"advance": (), "start": (Route.OWNER,)})
    assert recipients("advance", own) == {}
    assert recipients("start", own) == {OWNER: Route.OWNER}
    assert recipients("resume", own) == {CHANNEL: Route.RELEASE_CHANNEL}


def test_a_target_of_several_routes_is_told_once() -> None:
    """The same channel for everything gets one message, not one for each route."""
    one = Notifications(release_channel=(CHANNEL,), on_call=(CHANNEL, PAGER), owner=(CHANNEL,))
    assert recipients("roll_back", one) == {CHANNEL: Route.RELEASE_CHANNEL, PAGER: Route.ON_CALL}


def test_I1_urgent_notices_have_a_deadline() -> None:
    """A rollback by itself has 15 minutes; progress, a person's own deed and an app without on-call have none."""
    assert acknowledge_by_us("roll_back", 7, False, EACH) == 7 + 15 * MINUTE_US
    assert acknowledge_by_us("roll_back", 7, True, EACH) == 0
    assert acknowledge_by_us("advance", 7, False, EACH) == 0
    assert acknowledge_by_us("roll_back", 7, False, Notifications(release_channel=(CHANNEL,))) == 0


@pytest.mark.parametrize(
    ("deadline", "acknowledged", "escalated", "now", "expected"),
    [(10, 0, 0, 9, False), (10, 0, 0, 10, True), (10, 5, 0, 99, False), (10, 0, 11, 99, False), (0, 0, 0, 99, False)],
)
def test_I1_silence_escalates_once(deadline: int, acknowledged: int, escalated: int, now: int, expected: bool) -> None:
    """At the deadline, not before it, not after an acknowledgement, not twice, and never without a deadline."""
    assert must_escalate(deadline, acknowledged, escalated, now) is expected


def test_the_table_in_the_documentation_is_this_one() -> None:
    """Kinds, routes and urgency are documented as they are."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {name: (routes, urgent) for name, routes, urgent in rows}
    expected = {
        name: (", ".join(f"`{route.value}`" for route in kind.routes), "yes" if kind.urgent else "")
        for name, kind in KINDS.items()
    }
    assert {name: (routes.strip(), urgent.strip()) for name, (routes, urgent) in documented.items()} == expected


def test_unknown_kinds_have_a_title() -> None:
    """A notice of a newer Serinus is told all the same."""
    assert kind_of("of a newer Serinus").title == "Notice"
