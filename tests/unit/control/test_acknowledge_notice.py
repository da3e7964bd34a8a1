"""Acknowledging, and testing targets."""

from __future__ import annotations

import pytest

from serinus.control.acknowledge_notice import acknowledge_notice
from serinus.control.send_test_notice import send_test_notice
from serinus.core.errors import Conflict, NotFound
from serinus.core.pipeline.notifications import Notifications
from serinus.ports.control_store import Page
from tests.unit.control.outbox_world import CHANNEL, LEAD, OWNER, PAGER, World


def test_I1_an_acknowledged_notice_does_not_escalate() -> None:
    """Who has seen it and when is kept, with the reason on the audit trail, and the leads are left alone."""
    world = World()
    notice = world.tell("roll_back")
    world.seconds(60)
    seen = acknowledge_notice(world.control, world.clock.now_us(), "ada", notice.id, "looking")
    assert (seen.acknowledged_by, seen.acknowledged_at_us) == ("ada", world.clock.now_us())
    world.seconds(3600, step=60)
    assert world.targets.got(LEAD) == []
    with world.control.tx() as tx:
        (entry,), _ = tx.audit_newest(f"notice {notice.id}", Page(limit=5))
    assert (entry.action, entry.actor, entry.reason) == ("person:notice:acknowledge", "ada", "looking")


def test_the_first_to_acknowledge_stays_on_record() -> None:
    """Again, by the same or another person: nothing changes, and no second entry is made."""
    world = World()
    notice = world.tell("roll_back")
    first = acknowledge_notice(world.control, 5, "ada", notice.id)
    assert acknowledge_notice(world.control, 9, "bob", notice.id) == first
    assert world.audited().count("person:notice:acknowledge") == 1


def test_a_notice_that_is_not_there_is_said_to_be_missing() -> None:
    """With the command that lists them."""
    with pytest.raises(NotFound, match="serinus notices"):
        acknowledge_notice(World().control, 5, "ada", 99)


def test_A4_a_test_reaches_every_target() -> None:
    """All routes are told, whatever kinds they usually get; nobody has to acknowledge it."""
    world = World()
    notice = send_test_notice(world.control, world.clock.now_us(), "ada", "shop")
    world.seconds(3)
    assert sorted(target for target, _ in world.targets.sent) == sorted([CHANNEL, PAGER, LEAD, OWNER])
    assert world.notice(notice.id).acknowledge_by_us == 0


def test_a_test_without_targets_is_refused() -> None:
    """An app that names nobody is told how to; so is who names an app that is not there."""
    world = World(Notifications())
    with pytest.raises(Conflict, match="names nobody to tell"):
        send_test_notice(world.control, 5, "ada", "shop")
    with pytest.raises(NotFound, match="no app 'ship'"):
        send_test_notice(world.control, 5, "ada", "ship")
