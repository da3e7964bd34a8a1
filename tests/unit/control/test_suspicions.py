"""What is suspected of a candidate stops its release at once; people answer, or silence takes the candidate back."""

from __future__ import annotations

import msgspec
import pytest

from serinus.control.answer_suspicion import answer_suspicion
from serinus.control.pause_release import pause_release
from serinus.control.raise_suspicion import raise_suspicion
from serinus.control.roll_back_release import roll_back_release
from serinus.control.verify_audit import verify_audit
from serinus.core.decision.decision import Evidence
from serinus.core.decision.replay import replayed
from serinus.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from serinus.core.pipeline.stages import ApprovalStage
from serinus.core.records import call_id
from serinus.core.records.suspicion import PATTERN, VIOLATION
from serinus.core.release.suspicion import Suspicion
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from tests.unit.control.production import PERSON, PLAN, Production
from tests.unit.control.signers import BOB, approve
from tests.unit.control.suspects import (
    JUDGE,
    REVIEWER,
    RULED,
    WITHIN_S,
    a_call,
    all_of,
    answer,
    resume,
    running,
    stored,
    suspect,
    told,
)


def test_H4_a_suspicion_about_the_candidate_pauses_in_the_next_round() -> None:
    """The reason names what is suspected, its category, the call, who raised it and how long there is to answer; the
    on-call is told by the pause, and its decision replays."""
    world = running()
    raw = a_call(world)
    id = suspect(world, raw, by="guard-2")
    release = world.second()
    assert release.state is State.PAUSED
    assert release.hold is not None
    assert (release.hold.trigger, release.hold.auto_resume) == ("suspicion", False)
    for part in ("policy violation (medical_advice)", call_id.text(raw), "guard-2", "within 60 s", id):
        assert part in release.hold.reason
    assert told(world)[-1] == "pause"
    assert "tick:suspicion:suspect" in [action for action, _ in world.audit()]
    with world.control.tx() as tx:
        decisions = replayed(tx.audit_entries(0, 1000))
    assert [one.outcome for one in decisions] == ["identical"]


def test_J1_a_confirmed_violation_rolls_back_in_the_same_transaction() -> None:
    """Who confirmed, what and why stand in the reason; afterwards everybody is on the baseline."""
    world = running()
    id = suspect(world, a_call(world))
    world.second()
    answer(world, id, "confirmed", reason="it gives a dose")
    release = world.release()
    assert release.state is State.ROLLING_BACK
    assert "rea@example.com confirmed the suspected policy violation (medical_advice)" in release.reason
    assert release.reason.endswith("it gives a dose")
    assert world.second().state is State.ROLLED_BACK
    assert world.routing().apps["shop"].live == world.baseline.digest


def test_L1_the_trail_says_who_answered_what_they_saw_and_why() -> None:
    """The evidence of an answer is the suspicion as it was, and the chain is whole."""
    world = running()
    id = suspect(world, a_call(world))
    world.second()
    before = stored(world, id)
    answer(world, id, "dismissed", reason="a cookery question")
    with world.control.tx() as tx:
        entry = next(one for one in tx.audit_entries(0, 1000) if one.action == "person:suspicion:dismiss")
    assert (entry.actor, entry.subject, entry.at_us) == (REVIEWER, world.release().id, world.clock.now_us())
    assert entry.reason.endswith("a cookery question")
    assert msgspec.json.decode(entry.evidence, type=Suspicion) == before
    assert verify_audit(world.control)[1] == []


def test_H4_dismissed_it_stays_paused_until_a_person_resumes() -> None:
    """Also while another pause would have ended by itself; then it goes on, and nothing asks again."""
    world = running()
    id = suspect(world, a_call(world))
    world.second()
    answer(world, id, "dismissed")
    assert world.seconds(WITHIN_S + 20).state is State.PAUSED
    resume(world)
    assert world.seconds(WITHIN_S + 20).state is State.RUNNING
    assert stored(world, id).cleared_at_us > 0


def test_H4_no_resume_while_it_waits_for_an_answer() -> None:
    """The refusal names it and the commands that answer it."""
    world = running()
    id = suspect(world, a_call(world))
    world.second()
    with pytest.raises(Conflict, match=f"suspicion {id} waits for an answer") as refused:
        resume(world)
    assert f"serinus suspicions confirm {id}" in refused.value.mend
    assert world.release().state is State.PAUSED


def test_J1_silence_rolls_back_at_the_deadline_and_once() -> None:
    """Not before, and by no one else's doing; the suspicion says that it expired."""
    world = running()
    id = suspect(world, a_call(world))
    world.second()
    assert world.seconds(WITHIN_S - 2).state is State.PAUSED
    release = world.until(State.ROLLING_BACK, within_s=4)
    assert release.reason.startswith("Nobody confirmed or dismissed within 60 s a suspected policy violation")
    assert stored(world, id).expired_at_us == world.clock.now_us()
    world.seconds(10)
    assert world.actions().count("roll_back") == 1
    with world.control.tx() as tx:
        last = [one for one in tx.audit_entries(0, 1000) if one.action == "tick:release:roll_back"][-1]
    assert msgspec.json.decode(last.evidence, type=Evidence).observations.suspicions[0].id == id


def test_H7_the_deadline_passes_while_no_control_runs() -> None:
    """A new leader takes the candidate back in its first round, since nobody answered meanwhile."""
    world = running()
    suspect(world, a_call(world))
    world.second()
    world.clock.sleep(WITHIN_S)
    world.report()
    fresh = world.new_tick()
    fresh.once()
    assert world.release().state is State.PAUSED
    world.clock.sleep(6)
    world.report()
    fresh.once()
    assert world.release().state is State.ROLLING_BACK


def test_a_clock_set_back_does_not_give_more_time() -> None:
    """The rounds count the wait on the clock that nobody sets."""
    world = running()
    suspect(world, a_call(world))
    world.second()
    world.clock.wall_us -= 3_600_000_000
    world.until(State.ROLLING_BACK, within_s=WITHIN_S + 3)


def test_H4_of_several_the_first_deadline_decides_and_each_has_its_own_answer() -> None:
    """One dismissed leaves the other; the other's time runs from when it was raised itself."""
    world = running()
    first = suspect(world, a_call(world, 1))
    world.second()
    world.seconds(30)
    second = suspect(world, a_call(world, 2))
    world.second()
    answer(world, first, "dismissed")
    with pytest.raises(Conflict, match="waits for an answer"):
        resume(world)
    assert world.seconds(WITHIN_S - 3).state is State.PAUSED
    world.until(State.ROLLING_BACK, within_s=4)
    assert (stored(world, first).expired_at_us, stored(world, second).expired_at_us > 0) == (0, True)


def test_J1_of_several_the_first_confirmation_decides() -> None:
    """The others lapse with the release; they can still be answered, for the record."""
    world = running()
    first, second = (suspect(world, a_call(world, number)) for number in (1, 2))
    world.second()
    answer(world, second, "confirmed")
    assert world.release().state is State.ROLLING_BACK
    world.seconds(2)
    assert answer(world, first, "dismissed").answer == "dismissed"
    assert world.release().state is State.ROLLED_BACK


def test_H4_a_second_judge_confirms() -> None:
    """Another source about the same call is a confirmation; the same one again is none."""
    world = running()
    raw = a_call(world)
    suspect(world, raw, by="guard-1")
    world.second()
    suspect(world, raw, by="guard-1")
    assert world.seconds(3).state is State.PAUSED
    id = suspect(world, raw, by="guard-2")
    release = world.second()
    assert release.state is State.ROLLING_BACK
    assert release.reason.startswith("guard-2 confirmed a policy violation (medical_advice)")
    assert stored(world, id).by == ("guard-1", "guard-2")


def test_what_was_dismissed_stays_dismissed_when_it_is_raised_again() -> None:
    """By the same source or another one: a person has looked."""
    world = running()
    raw = a_call(world)
    id = suspect(world, raw)
    world.second()
    answer(world, id, "dismissed")
    resume(world)
    suspect(world, raw)
    suspect(world, raw, by="guard-2")
    assert world.seconds(5).state is State.RUNNING
    assert stored(world, id).answer == "dismissed"
    assert len(all_of(world)) == 1


def test_J2_an_adversarial_pattern_waits_for_the_red_team_and_never_rolls_back_by_itself() -> None:
    """However long; after the review a person resumes."""
    world = running()
    id = suspect(world, a_call(world), kind=PATTERN, category="prompt_leak")
    release = world.second()
    assert release.state is State.PAUSED
    assert release.hold is not None
    assert "adversarial pattern (prompt_leak)" in release.hold.reason
    assert world.seconds(WITHIN_S + 30).state is State.PAUSED
    with pytest.raises(Conflict) as refused:
        resume(world)
    assert f"review {id}" in refused.value.mend
    with pytest.raises(Conflict, match="is reviewed, not dismissed"):
        answer(world, id, "dismissed")
    answer(world, id, "reviewed", reason="known, and filtered")
    resume(world)
    assert world.seconds(3).state is State.RUNNING


@pytest.mark.parametrize("arm", [Arm.CONTROL, Arm.REST, Arm.SHADOW, Arm.PINNED])
def test_H4_suspicions_about_others_than_the_candidate_stop_nothing_and_are_told(arm: Arm) -> None:
    """To the release channel; nothing waits for an answer, and none is taken."""
    world = running()
    id = suspect(world, a_call(world, arm=arm))
    assert world.second().state is State.RUNNING
    assert told(world)[-1] == "suspect_live"
    with pytest.raises(Conflict, match="waits for no answer"):
        answer(world, id, "confirmed")
    assert world.release().state is State.RUNNING


def test_a_call_of_an_ended_release_stops_none() -> None:
    """It is on the trail alone."""
    world = running()
    old = world.release().id
    roll_back_release(world.control, world.clock.now_us(), PERSON, old, "")
    world.until(State.ROLLED_BACK)
    world.start()
    world.seconds(3)
    before = told(world)
    suspect(world, a_call(world, release=old))
    assert world.second().state is State.RUNNING
    assert told(world) == before
    assert [one.holds for one in all_of(world)] == [False]


def test_H4_a_pause_for_missing_data_does_not_end_by_itself_with_a_suspicion() -> None:
    """Data return, the suspicion is dismissed, and a person resumes all the same."""
    world = running()
    raw = a_call(world)
    world.traffic = False
    release = world.until(State.PAUSED, within_s=40)
    assert release.hold is not None
    assert release.hold.auto_resume
    id = suspect(world, raw)
    world.second()
    assert told(world)[-1] == "suspect"
    answer(world, id, "dismissed")
    world.traffic = True
    assert world.seconds(20).state is State.PAUSED
    assert "resume" not in world.actions()
    resume(world)
    assert world.seconds(3).state is State.RUNNING


def test_J1_a_paused_release_rolls_back_at_the_deadline_too() -> None:
    """Whatever it was paused for."""
    world = running()
    pause_release(world.control, world.clock.now_us(), PERSON, world.release().id, "lunch")
    suspect(world, a_call(world))
    world.second()
    world.until(State.ROLLING_BACK, within_s=WITHIN_S + 2)


def test_J1_at_100_percent_a_suspicion_pauses_and_silence_rolls_back() -> None:
    """The watch goes on after a dismissal, and ends with the second one that nobody answers."""
    quick = tuple(msgspec.structs.replace(step, dwell_s=2, min_units=1) for step in PLAN.steps[:-1])
    world = running(stages=(), steps=(*quick, msgspec.structs.replace(PLAN.steps[-1], dwell_s=3600)))
    world.until(State.WATCHING)
    id = suspect(world, a_call(world))
    assert world.second().state is State.PAUSED
    answer(world, id, "dismissed")
    resume(world)
    assert world.second().state is State.WATCHING
    suspect(world, a_call(world, 2))
    assert world.until(State.ROLLING_BACK, within_s=WITHIN_S + 3).exposed


def test_H13_a_first_release_goes_back_to_the_message() -> None:
    """Nothing was live before it, and silence still takes it back; paused, it takes in nobody new."""
    stages = (ApprovalStage(name="leads", roles=("ml_lead",)), *RULED.stages)
    world = Production(msgspec.structs.replace(RULED, stages=stages, steps=()), message="One moment, please.")
    world.start()
    world.seconds(2)
    approve(world, BOB, "ml_lead")
    world.seconds(3)
    call = call_id.text(a_call(world))
    raise_suspicion(world.control, world.clock.now_us(), JUDGE, call, VIOLATION)
    release = world.release()
    assert release.state is State.PAUSED
    assert release.closed_from == world.routing().revision
    world.until(State.ROLLED_BACK, within_s=WITHIN_S + 4)
    assert world.routing().apps["shop"].live is None


def test_H13_data_that_return_to_a_suspected_first_release_let_nobody_new_in() -> None:
    """A pause for missing data closes nothing, as only callers can end it; the one for the suspicion does."""
    stages = (ApprovalStage(name="leads", roles=("ml_lead",)), *RULED.stages)
    world = Production(msgspec.structs.replace(RULED, stages=stages, steps=()), message="One moment, please.")
    world.start()
    world.seconds(2)
    approve(world, BOB, "ml_lead")
    world.seconds(3)
    raw = a_call(world)
    world.traffic = False
    assert world.until(State.PAUSED, within_s=40).closed_from == 0
    suspect(world, raw)
    assert world.second().state is State.PAUSED
    world.traffic = True
    release = world.seconds(5)
    assert release.hold is not None
    assert (release.state, release.hold.trigger) == (State.PAUSED, "suspicion")
    assert 0 < release.closed_from == world.routing().revision


def test_G1_whoever_made_it_dismisses_nothing_but_may_confirm() -> None:
    """The author of the version started this release as well; under a second key they are the same person."""
    world = running()
    id = suspect(world, a_call(world))
    pattern = suspect(world, a_call(world, 2), kind=PATTERN)
    world.second()
    with pytest.raises(Forbidden, match="pushed this version, so they cannot dismiss it"):
        answer(world, id, "dismissed", who=f"{PERSON} (1f2e3d4c)")
    with pytest.raises(Forbidden, match="cannot review it"):
        answer(world, pattern, "reviewed", who=PERSON)
    answer(world, id, "confirmed", who=PERSON)
    assert world.release().state is State.ROLLING_BACK


def test_an_answer_stands_and_the_same_one_is_given_once() -> None:
    """A second, different one is refused with who gave the first."""
    world = running()
    id = suspect(world, a_call(world))
    world.second()
    first = answer(world, id, "dismissed")
    assert answer(world, id, "dismissed", who=JUDGE) == first
    with pytest.raises(Conflict, match="dismissed it already"):
        answer(world, id, "confirmed", who=JUDGE)
    assert [action for action, _ in world.audit()].count("person:suspicion:dismiss") == 1


def test_answers_need_a_reason_and_something_to_answer() -> None:
    """And the release as it was seen."""
    world = running()
    id = suspect(world, a_call(world))
    world.second()
    with pytest.raises(InvalidInput, match="no reason"):
        answer(world, id, "dismissed", reason="  ")
    with pytest.raises(NotFound, match="no suspicion 'sus_none'"):
        answer(world, "sus_none", "dismissed")
    with pytest.raises(Conflict, match="the release is at seq"):
        answer_suspicion(world.control, 1, JUDGE, id, "dismissed", "read it", expected_seq=1)
    assert stored(world, id).answer == ""
