"""A candidate that is taken back leaves an incident: what triggered it, what is late, what must be signed."""

from __future__ import annotations

import msgspec
import pytest

from serinus.control.answer_incident import close_incident, confirm_incident, incident_of, note_incident
from serinus.control.count_incident import count_incident
from serinus.control.reject_release import reject_release
from serinus.control.roll_back_release import roll_back_release
from serinus.control.route_notices import route_notices
from serinus.control.sign_incident import Word, sign_incident
from serinus.control.start_release import start_release
from serinus.control.verify_audit import verify_audit
from serinus.control.watch_incidents import watch_incidents
from serinus.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from serinus.core.pipeline.incidents import IncidentRules
from serinus.core.pipeline.notifications import Notifications, Target
from serinus.core.pipeline.stages import ApprovalStage
from serinus.core.records.record import Event
from serinus.core.release.incident import Incident
from serinus.core.release.table import State
from serinus.ports.control_store import Notice, Page
from tests.unit.control.production import PERSON, PLAN, Production, rate
from tests.unit.control.signers import BOB
from tests.unit.control.suspects import RULED, a_call, answer, running, suspect, told

ON_CALL = "olga@example.com"
FULL = IncidentRules(block=True, sign_off="full")


def harmful(**changes: object) -> Production:
    """A release that is rolled back for harm, and ended."""
    world = Production(msgspec.structs.replace(PLAN, **changes))
    world.rates = {Event.INVALID_FORMAT: rate(0.6, 0.02)}
    world.start()
    world.until(State.ROLLED_BACK)
    return world


def the_incident(world: Production) -> Incident:
    with world.control.tx() as tx:
        (found,), _ = tx.incidents(Page(limit=9))
    return found


def watch(world: Production) -> int:
    """A round of the leader's watch."""
    epoch = world.tick.epoch()
    assert epoch is not None
    return watch_incidents(world.control, world.telemetry, None, epoch, world.clock.now_us())


def items(one: Incident) -> dict[str, bool]:
    return {item.name: bool(item.done_at_us) for item in one.clock}


def sign(world: Production, duty: str, who: str, role: str, **word: object) -> Incident:
    said = Word(reason="looked", **word)  # type: ignore[arg-type]
    now_us = world.clock.now_us()
    return sign_incident(world.control, now_us, who, [role], the_incident(world).id, duty, said)


def test_K2_harm_opens_an_incident_with_its_numbers_in_the_same_transaction() -> None:
    """Metric, value beside bound and control, severity, exposed users; told to all, on the release's trail."""
    world = harmful()
    one, release = the_incident(world), world.release()
    assert (one.id, one.release, one.version) == (f"inc_{release.id[4:]}", release.id, world.candidate.name)
    assert (one.kind, one.severity, one.trigger.kind) == ("rollback", "medium", "harm")
    trigger = one.trigger
    assert (trigger.metric, trigger.unit) == ("call.invalid_format", "share")
    assert trigger.value is not None
    assert trigger.against is not None
    assert trigger.threshold == pytest.approx(1.5 * trigger.against)
    assert trigger.value > trigger.threshold
    assert trigger.units is not None
    assert trigger.units > 0
    assert (one.author, one.starter) == (PERSON, PERSON)
    assert one.reason.startswith("The candidate harms")
    assert told(world).count("open_incident") == 1
    actions = [action for action, _ in world.audit()]
    assert actions.index("tick:incident:open") == actions.index("tick:release:roll_back") + 1
    assert not verify_audit(world.control)[1]


def test_K2_a_limit_names_its_bound() -> None:
    """An absolute limit has the share over the buckets that broke it."""
    world = Production(msgspec.structs.replace(PLAN, guardrails=()), calls_per_s=200)
    world.rates = {Event.ERROR: rate(0.9, 0.0)}
    world.start()
    world.until(State.ROLLED_BACK)
    trigger = the_incident(world).trigger
    assert (trigger.kind, trigger.metric, trigger.threshold) == ("limit", "call.error", 0.2)
    assert trigger.value is not None
    assert trigger.value > 0.7
    assert trigger.against == 0.0


def test_K2_a_confirmed_violation_is_grave_and_names_its_call() -> None:
    """A person confirms: the call is linked, and somebody looks into it already."""
    world = running()
    raw = a_call(world)
    id = suspect(world, raw)
    world.second()
    answer(world, id, "confirmed")
    one = the_incident(world)
    assert (one.severity, one.trigger.kind) == ("high", "suspicion")
    assert len(one.trigger.calls) == 1
    assert items(one)["on_call"]


def test_J6_the_clock_of_a_rollback_runs_and_the_fleet_confirms_it() -> None:
    """Rerouted at once, confirmed when the release has ended, the rest waits for people."""
    assert items(the_incident(harmful())) == {
        "rerouted": True, "confirmed": True, "on_call": False, "hypothesis": False, "notes": False, "counted": False,
        "review": False,
    }  # fmt: skip


def test_J6_who_confirms_has_seen_the_notice_of_the_rollback() -> None:
    """It is acknowledged with the incident, so that silence escalates nothing; that of another release is not."""
    channel = Notifications(on_call=(Target(url_env="PAGER"),), release_channel=(Target(url_env="SLACK"),))
    world = Production()
    world.configure(notifications=channel)
    world.rates = {Event.INVALID_FORMAT: rate(0.6, 0.02)}
    world.start()
    world.until(State.ROLLED_BACK)
    epoch = world.tick.epoch()
    assert epoch is not None
    route_notices(world.control, epoch, world.clock.now_us())
    other = Notice(release="rel_1", seq=1, kind="roll_back", subject="x", body="b", at_us=1, app="shop", actor="tick")
    with world.control.tx() as tx:
        tx.enqueue(other)
    route_notices(world.control, epoch, world.clock.now_us())
    confirm_incident(world.control, world.clock.now_us(), ON_CALL, the_incident(world).id, "on it")
    with world.control.tx() as tx:
        found = {one.release: one for one in tx.notices(Page(limit=99))[0] if one.kind == "roll_back"}
    assert found[world.release().id].acknowledged_by == ON_CALL
    assert not found["rel_1"].acknowledged_at_us


def test_J6_people_do_the_rest_of_the_clock() -> None:
    """Each act does its item once; the same act twice is once."""
    world = harmful()
    id, now_us = the_incident(world).id, world.clock.now_us()
    first = confirm_incident(world.control, now_us, ON_CALL, id, "on it")
    assert confirm_incident(world.control, now_us + 9, BOB, first.release, "me too") == first
    for kind in ("hypothesis", "action", "review"):
        note_incident(world.control, now_us, ON_CALL, id, f"a {kind}", kind)  # type: ignore[arg-type]
    one = count_incident(world.control, world.telemetry, None, now_us, ON_CALL, id)
    assert all(items(one).values())
    assert one.exposed is not None
    assert one.exposed.units == the_incident(world).trigger.units or one.exposed.units > 0
    assert (one.exposed.sessions, one.exposed.calls) == (None, None)
    assert [note.kind for note in one.notes] == ["hypothesis", "action", "review"]
    with pytest.raises(InvalidInput, match="no text"):
        note_incident(world.control, now_us, ON_CALL, id, " ")
    with pytest.raises(Conflict, match="at seq"):
        note_incident(world.control, now_us, ON_CALL, id, "x", expected_seq=1)


def test_J6_what_is_late_is_told_once_each() -> None:
    """By the incident's clock, in the transaction that remembers it; ten minutes on the exposed are counted."""
    world = harmful()
    assert watch(world) == 0
    world.clock.sleep(301)
    watch(world)
    assert told(world).count("late_incident") == 1
    world.clock.sleep(600)
    watch(world)
    watch(world)
    one = the_incident(world)
    assert told(world).count("late_incident") == 2
    assert one.exposed is not None
    assert (one.exposed.by, one.exposed.units > 0) == ("tick", True)
    world.clock.sleep(3 * 86_400)
    watch(world)
    assert watch(world) == 0
    assert told(world).count("late_incident") == 4
    late = {item.name for item in the_incident(world).clock if item.escalated_at_us}
    assert late == {"on_call", "hypothesis", "notes", "review"}


def test_J6_a_person_who_rolls_back_has_it_already() -> None:
    """Its severity is low, and nobody is asked to confirm what they did."""
    world = running()
    roll_back_release(world.control, world.clock.now_us(), ON_CALL, world.release().id, "a sensitive moment")
    one = the_incident(world)
    assert (one.severity, one.trigger.kind, one.opened_by) == ("low", "person", ON_CALL)
    assert items(one)["on_call"]


def test_F4_a_rejection_asks_for_its_review_alone() -> None:
    """No user met it, so there is nobody to count; its review, signed, closes it."""
    stages = (ApprovalStage(name="sign", roles=("ml_lead",)), *RULED.stages)
    world = Production(msgspec.structs.replace(RULED, stages=stages, steps=(), incidents=IncidentRules(block=True)))
    world.start()
    world.second()
    reject_release(world.control, world.clock.now_us(), BOB, ["ml_lead"], world.release().id, reason="no")
    one = the_incident(world)
    assert (one.kind, one.severity, [item.name for item in one.clock]) == ("rejection", "low", ["review"])
    with pytest.raises(Conflict, match="no user has met"):
        count_incident(world.control, world.telemetry, None, world.clock.now_us(), BOB, one.id)
    with pytest.raises(Conflict, match="is open"):
        world.start()
    sign(world, "root_cause", BOB, "release_manager", cause="candidate")
    assert items(the_incident(world)) == {"review": True}
    close_incident(world.control, world.clock.now_us(), BOB, one.id, "another wording")
    assert world.start().state is State.RUNNING


def test_K1_by_default_incidents_are_shown_and_block_nothing() -> None:
    """Plans that say nothing of incidents behave as before."""
    world = harmful()
    assert the_incident(world).open
    assert world.start().state is State.RUNNING


def test_K1_with_block_the_next_release_waits_for_the_root_cause() -> None:
    """The refusal names the incident and what lacks; closing it without a signature, or before those who met the
    candidate are counted, is refused, too."""
    world = harmful(incidents=IncidentRules(block=True))
    one = the_incident(world)
    with pytest.raises(Conflict, match=rf"{one.id} of shop is open.*root cause is known"):
        world.start()
    with pytest.raises(Conflict, match="root_cause: the root cause is known"):
        close_incident(world.control, world.clock.now_us(), BOB, one.id, "done")
    with pytest.raises(Forbidden, match="root_cause is signed by release_manager"):
        sign(world, "root_cause", BOB, "viewer", cause="candidate")
    sign(world, "root_cause", PERSON, "ml_lead", cause="candidate")
    with pytest.raises(Conflict, match=f"not counted yet.*incidents count {one.id}"):
        close_incident(world.control, world.clock.now_us(), BOB, one.id, "done")
    count_incident(world.control, world.telemetry, None, world.clock.now_us(), BOB, one.id)
    close_incident(world.control, world.clock.now_us(), BOB, one.id, "done")
    with pytest.raises(Conflict, match="closed it"):
        note_incident(world.control, world.clock.now_us(), BOB, one.id, "late")
    assert world.start().state is State.RUNNING
    assert told(world).count("close_incident") == 1


def test_K1_the_full_list_needs_five_signatures_of_different_people() -> None:
    """Neither author nor starter, one identity in one role; a waiver only for what no case would have caught."""
    world = harmful(incidents=FULL)
    with pytest.raises(Forbidden, match="pushed this version"):
        sign(world, "root_cause", PERSON, "ml_lead", cause="candidate")
    with pytest.raises(InvalidInput, match="no class"):
        sign(world, "root_cause", "lea", "ml_lead")
    sign(world, "root_cause", "lea", "ml_lead", cause="candidate")
    with pytest.raises(Conflict, match="only provider and false_alarm may be waived"):
        sign(world, "regression", "lea", "ml_lead", waive=True)
    with pytest.raises(NotFound, match="no suite 'golden'"):
        sign(world, "regression", "lea", "ml_lead", case="golden/refund-17")
    sign(world, "root_cause", "lea", "ml_lead", cause="false_alarm")
    sign(world, "regression", "lea", "ml_lead", waive=True)
    sign(world, "engine", "quin", "quality_lead")
    with pytest.raises(Forbidden, match="one identity signs in one role"):
        sign(world, "no_impact", "quin (1f2e3d4c)", "ops_lead")
    sign(world, "no_impact", "otto", "ops_lead")
    with pytest.raises(Conflict, match="reentry"):
        close_incident(world.control, world.clock.now_us(), "rick", the_incident(world).id, "done")
    with pytest.raises(Conflict, match="otto signed no_impact already"):
        sign(world, "no_impact", "oda", "ops_lead")
    sign(world, "reentry", "rick", "release_manager")
    count_incident(world.control, world.telemetry, None, world.clock.now_us(), "rick", the_incident(world).id)
    close_incident(world.control, world.clock.now_us(), "rick", the_incident(world).id, "done")
    again = start_release(
        world.control,
        world.clock.now_us(),
        PERSON,
        world.ids,
        "s",
        "shop",
        world.candidate.name,
        "x",
        set_aside="fault",
    )
    assert again.state is State.RUNNING


def test_K1_a_waiver_falls_with_its_cause() -> None:
    """Once the root cause is the candidate after all, a case is asked for again."""
    world = harmful(incidents=FULL)
    sign(world, "root_cause", "lea", "ml_lead", cause="provider")
    sign(world, "regression", "lea", "ml_lead", waive=True)
    sign(world, "root_cause", "lea", "ml_lead", cause="candidate")
    with pytest.raises(Conflict, match="regression"):
        close_incident(world.control, world.clock.now_us(), "rick", the_incident(world).id, "done")


def test_K1_an_incident_keeps_the_list_it_was_opened_with() -> None:
    """Declaring a shorter one afterwards does not shorten it."""
    world = harmful(incidents=FULL)
    world.configure(plan=msgspec.structs.replace(PLAN, incidents=IncidentRules(block=True)))
    with pytest.raises(Forbidden):
        sign(world, "root_cause", "rick", "release_manager", cause="candidate")


def test_K1_unknown_ids_and_duties_are_refused() -> None:
    """With what there is."""
    world = harmful()
    with world.control.tx() as tx, pytest.raises(NotFound, match="no incident"):
        incident_of(tx, "inc_0")
    with pytest.raises(InvalidInput, match="nothing to sign"):
        sign(world, "blame", BOB, "ml_lead")
