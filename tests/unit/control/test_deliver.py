"""Delivery: at least once to every target, none waiting for another, with growing pauses."""

from __future__ import annotations

import pytest

from serinus.control.deliver import FLIGHT_S, LOST
from serinus.core.errors import Deposed
from serinus.core.notices.retry import GIVE_UP_AFTER_S
from serinus.core.pipeline.notifications import Notifications, Route, Target
from tests.unit.control.outbox_world import CHANNEL, EACH, LEAD, OWNER, PAGER, World


def test_A4_each_target_of_a_kind_gets_the_notice_once() -> None:
    """A rollback reaches channel, on-call and owner, each once however many rounds follow, and not the leads."""
    world = World()
    notice = world.tell("roll_back")
    world.seconds(5)
    assert sorted(target for target, _ in world.targets.sent) == [CHANNEL, OWNER, PAGER]
    assert world.notice(notice.id).delivered_at_us
    assert {delivery.attempts for delivery in world.deliveries(notice.id).values()} == {1}


def test_the_message_names_app_reason_and_number() -> None:
    """What is sent is composed of the notice, with a link to this Serinus."""
    world = World()
    world.tell("roll_back", seq=7)
    world.seconds(1)
    message = world.targets.sent[0][1]
    assert message.title == "Release rolling back: shop"
    assert message.body.startswith("roll_back 7.\n\nhttp://127.0.0.1:8701/")
    assert message.id == "shop/7/roll_back/1"


def test_an_outage_of_an_hour_loses_nothing_and_stops_nobody() -> None:
    """While the pager is away for an hour the others get everything at once; afterwards it gets all of it, once."""
    world = World()
    world.targets.away = {PAGER}
    for seq in range(5):
        world.tell("roll_back", seq=seq, actor="ada")
        world.seconds(2)
    assert len(world.targets.got(CHANNEL)) == len(world.targets.got(OWNER)) == 5
    world.seconds(3600, step=10)
    tried = world.targets.tried.count(PAGER)
    assert tried < 120
    assert world.targets.got(PAGER) == []
    world.targets.away = set()
    world.seconds(400)
    assert len(world.targets.got(PAGER)) == 5
    assert all(world.notice(id).delivered_at_us for id in range(1, 6))


def test_failures_are_on_record_with_the_next_attempt() -> None:
    """Attempts, the reason and the time of the next one; pauses grow."""
    world = World()
    world.targets.away = {CHANNEL}
    notice = world.tell("advance")
    pauses = []
    for _ in range(200):
        before = world.deliveries(notice.id).get(CHANNEL)
        world.seconds(1)
        after = world.deliveries(notice.id)[CHANNEL]
        if before is None or before.attempts != after.attempts:
            pauses.append((after.next_at_us - world.clock.now_us()) / 1e6)
            assert after.fault == "away"
    assert pauses == [5, 10, 20, 40, 80, 160]


def test_a_target_that_is_gone_for_good_is_given_up_and_on_record() -> None:
    """After two days there is no next attempt, and the audit trail says so; the notice is not called delivered."""
    world = World()
    world.targets.away = {CHANNEL}
    notice = world.tell("advance")
    world.seconds(GIVE_UP_AFTER_S + 1200, step=150)
    delivery = world.deliveries(notice.id)[CHANNEL]
    assert (delivery.next_at_us, delivery.delivered_at_us, delivery.fault) == (0, 0, "away")
    assert not world.notice(notice.id).delivered_at_us
    assert world.audited().count("tick:notice:give_up") == 1
    tried = len(world.targets.tried)
    world.seconds(3600, step=100)
    assert len(world.targets.tried) == tried


def test_killed_between_sent_and_marked_it_is_sent_again_with_the_same_id() -> None:
    """What a dead process had begun was counted before it was sent, so it is repeated after the pause, not in a rush;
    whether the first one got through nobody knows, which is why both have the same id."""
    world = World()
    notice = world.tell("advance")
    world.held = True
    world.seconds(1)
    assert len(world.jobs) == 1
    assert world.deliveries(notice.id)[CHANNEL].attempts == 1
    world.held = False
    world.deliver = world.new_deliver()
    world.seconds(4)
    assert world.targets.sent == []
    world.seconds(2)
    assert [message.id for _, message in world.targets.sent] == ["shop/1/advance/1"]
    assert world.deliveries(notice.id)[CHANNEL].attempts == 2


def test_a_sending_that_never_comes_back_blocks_its_target_alone() -> None:
    """It counts as failed after a minute and is tried again; the other targets never wait."""
    world = World()
    notice = world.tell("pause", actor="ada")
    world.held = True
    world.seconds(1)
    stuck = world.jobs.copy()
    assert len(stuck) == 2
    stuck[0]()
    world.jobs.clear()
    world.held = False
    world.tell("advance", seq=2)
    world.seconds(3)
    assert len(world.targets.got(CHANNEL)) == 2
    world.seconds(FLIGHT_S + 20)
    assert world.deliveries(notice.id)[PAGER].attempts == 2
    assert len(world.targets.got(PAGER)) == 1


def test_a_late_success_still_counts() -> None:
    """A sending given up for lost that got through after all is not repeated any more."""
    world = World()
    notice = world.tell("advance")
    world.held = True
    world.seconds(1)
    world.clock.sleep(FLIGHT_S + 1)
    late = world.jobs.pop()
    world.deliver.once(world.epoch)
    assert world.deliveries(notice.id)[CHANNEL].fault == LOST
    late()
    assert world.notice(notice.id).delivered_at_us
    world.seconds(120)
    assert len(world.targets.got(CHANNEL)) == 1


def test_one_message_at_a_time_goes_to_a_target() -> None:
    """A second message waits for the first, so that a slow target does not gather threads."""
    world = World()
    world.tell("advance", seq=1)
    world.tell("advance", seq=2)
    world.held = True
    world.seconds(3)
    assert len(world.jobs) == 1


def test_nobody_to_tell_is_delivered_to_nobody() -> None:
    """An app without targets, and an app that is not there, hold up nothing."""
    world = World(Notifications())
    notice = world.tell("roll_back")
    world.seconds(1)
    assert world.notice(notice.id).delivered_at_us
    assert world.deliveries(notice.id) == {}


def test_a_standby_sends_nothing() -> None:
    """Another leader's epoch fences the old deliverer before it begins anything."""
    world = World()
    world.tell("advance")
    assert world.control.claim("other", world.control.leader()) is not None
    with pytest.raises(Deposed):
        world.deliver.once(world.epoch)
    assert world.targets.tried == []


def test_I1_silence_is_told_to_leads_and_on_call_once() -> None:
    """15 minutes after a rollback that nobody acknowledged, not a minute before, and never twice."""
    world = World()
    notice = world.tell("roll_back")
    world.seconds(14 * 60, step=10)
    assert world.targets.got(LEAD) == []
    world.seconds(70, step=10)
    assert world.targets.got(LEAD) == ["Not acknowledged: shop"]
    assert world.targets.got(PAGER) == ["Release rolling back: shop", "Not acknowledged: shop"]
    reminder = next(message for target, message in world.targets.sent if target == LEAD)
    assert "Nobody has acknowledged notice 1 (Release rolling back) for 15 min: roll_back 1." in reminder.body
    assert f"$ serinus notices ack {notice.id}" in reminder.body
    world.seconds(3600, step=60)
    assert len(world.targets.got(LEAD)) == 1
    assert world.audited().count("tick:notice:escalate") == 1


def test_I1_the_setting_of_the_app_holds() -> None:
    """An app that says one minute has one minute."""
    world = World(Notifications(on_call=EACH.on_call, leads=EACH.leads, acknowledge_within_s=60))
    world.tell("roll_back")
    world.seconds(58)
    assert world.targets.got(LEAD) == []
    world.seconds(4)
    assert len(world.targets.got(LEAD)) == 1


def test_I1_escalation_goes_out_while_the_pager_is_away() -> None:
    """That the on-call could not be reached is the best reason to tell the leads."""
    world = World()
    world.targets.away = {PAGER}
    world.tell("roll_back")
    world.seconds(16 * 60, step=10)
    assert len(world.targets.got(LEAD)) == 1


def test_I1_what_a_person_did_never_escalates() -> None:
    """Who rolls back by hand is told about, but nobody has to acknowledge it."""
    world = World()
    world.tell("roll_back", actor="ada")
    world.seconds(3600, step=60)
    assert world.targets.got(LEAD) == []


def test_targets_are_those_declared_when_it_is_routed() -> None:
    """Kinds that an app sends elsewhere go elsewhere."""
    world = World(Notifications(owner=(Target(url_env="OWNER"),), events={"advance": (Route.OWNER,)}))
    world.tell("advance")
    world.seconds(1)
    assert [target for target, _ in world.targets.sent] == [OWNER]
