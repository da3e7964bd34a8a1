"""Whole releases on a virtual clock: the real tick over stores in memory, with users and a host made up."""

from __future__ import annotations

import msgspec
import pytest

from serinus.control.abort_release import abort_release
from serinus.control.clear_override import clear_override
from serinus.control.pause_release import pause_release
from serinus.control.resume_release import resume_release
from serinus.control.set_override import set_override
from serinus.control.verify_audit import verify_audit
from serinus.core.decision.decision import Evidence, replay
from serinus.core.pipeline.plan import Guardrail
from serinus.core.records.record import Event
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from tests.unit.control.production import LOOSE, PERSON, PLAN, Production, rate

HEALTHY = {Event.INVALID_FORMAT: rate(0.05, 0.05), Event.ERROR: rate(0.01, 0.01)}


def test_H2_healthy_release_climbs_all_steps_and_is_promoted() -> None:
    """A candidate as good as control goes 5 → 25 → 50 → 100 %, each step in order, and becomes the live version."""
    world = Production()
    world.rates = HEALTHY
    world.start()
    shares = []
    for _ in range(200):
        release = world.second()
        routed = world.routing().apps["shop"].release
        if routed and (not shares or shares[-1] != routed.ramp[-1].share):
            shares.append(routed.ramp[-1].share)
        if release.state is State.PROMOTED:
            break
    assert release.state is State.PROMOTED
    assert shares == [0.05, 0.25, 0.5, 0.99]
    assert world.actions() == ["advance", "advance", "advance", "promote"]
    app = world.routing().apps["shop"]
    assert app.release is None
    assert app.live == world.candidate.digest
    with world.control.tx() as tx:
        stored = tx.version(world.candidate.digest)
    assert stored is not None
    assert stored.was_live_at_us == world.clock.now_us()
    assert verify_audit(world.control)[1] == []


def test_J1_three_times_the_broken_formats_are_rolled_back() -> None:
    """A candidate with three times the broken formats is taken back, with counts and metric in the reason."""
    world = Production()
    world.rates = {Event.INVALID_FORMAT: rate(0.3, 0.1)}
    world.start()
    release = world.until(State.ROLLING_BACK, State.PROMOTED)
    assert release.state is State.ROLLING_BACK
    assert release.step < 3
    assert "broken formats" in release.reason
    assert "times as many" in release.reason
    routed = world.routing().apps["shop"].release
    assert routed is not None
    assert not routed.serving
    assert world.second().state is State.ROLLED_BACK
    assert world.routing().apps["shop"].release is None
    assert world.routing().apps["shop"].live == world.baseline.digest


def test_stored_evidence_replays_to_the_same_decision() -> None:
    """Every decision of the tick follows again from its audit entry alone."""
    world = Production()
    world.rates = {Event.INVALID_FORMAT: rate(0.3, 0.1)}
    world.start()
    world.until(State.ROLLED_BACK)
    with world.control.tx() as tx:
        entries = [e for e in tx.audit_entries(0, 1000) if e.evidence and e.action.startswith("tick:")]
    assert [e.action for e in entries][-2:] == ["tick:release:roll_back", "tick:release:confirm"]
    for entry in entries:
        decision = replay(msgspec.json.decode(entry.evidence, type=Evidence))
        assert decision.commands[0].reason == entry.reason or entry.action == "tick:release:confirm"


def test_J1_absolute_limit_rolls_back_when_control_is_healthy() -> None:
    """Half of the candidate's calls failing for five seconds running are rolled back by the limit alone."""
    world = Production(msgspec.structs.replace(PLAN, guardrails=()))
    world.rates = {Event.ERROR: rate(0.0, 0.0)}
    world.start()
    world.seconds(10)
    world.rates = {Event.ERROR: rate(0.9, 0.01)}
    release = world.until(State.ROLLING_BACK, within_s=12)
    assert "above 20.0% in each of 5 seconds in a row" in release.reason


def test_provider_failure_pauses_with_a_deadline_then_rolls_back() -> None:
    """Both arms above the same limit: a pause; when nobody resumes within the deadline, a rollback."""
    world = Production()
    world.rates = {Event.ERROR: rate(0.6, 0.6)}
    world.start()
    release = world.until(State.PAUSED, State.ROLLING_BACK, within_s=30)
    assert release.state is State.PAUSED
    assert release.hold is not None
    assert release.hold.trigger == "limit:0"
    assert not release.hold.auto_resume
    assert world.seconds(55).state is State.PAUSED
    assert world.until(State.ROLLING_BACK, within_s=10).state is State.ROLLING_BACK


def test_harm_during_a_provider_failure_still_acts() -> None:
    """The control's health vetoes absolute limits only: a candidate three times as bad is rolled back."""
    world = Production()
    world.rates = {Event.ERROR: rate(0.9, 0.3)}
    world.start()
    assert world.until(State.ROLLING_BACK, within_s=60).state is State.ROLLING_BACK


def test_no_data_pauses_and_resumes_by_itself() -> None:
    """Without traffic the release pauses after its freshness; when calls come again it goes on where it was."""
    world = Production()
    world.rates = HEALTHY
    world.start()
    world.seconds(12)
    world.traffic = False
    release = world.until(State.PAUSED, within_s=15)
    assert release.hold is not None
    assert (release.hold.trigger, release.hold.auto_resume) == ("no_data", True)
    assert world.seconds(60).state is State.PAUSED
    with world.control.tx() as tx:
        served = tx.progress(release.id)
    assert served is not None
    assert served.dwell_ms < 20_000
    world.traffic = True
    assert world.until(State.RUNNING, within_s=5).step == 0
    world.until(State.PROMOTED)
    assert world.actions() == ["pause", "resume", "advance", "advance", "advance", "promote"]


def test_a_host_that_ships_nothing_stops_the_dwell() -> None:
    """A host that neither reports nor ships is waited for while its lease may hold; the release does not advance."""
    world = Production()
    world.rates = HEALTHY
    world.start()
    world.seconds(10)
    world.shipping = False
    world.seconds(60)
    assert world.release().step == 0
    assert world.release().state is State.PAUSED
    assert "advance" not in world.actions()


def test_hanging_candidate_is_rolled_back_by_overdue_calls() -> None:
    """A candidate that never answers is rolled back although none of its calls has ended."""
    plan = msgspec.structs.replace(PLAN, guardrails=(Guardrail(metric="call.overdue"),), limits=LOOSE)
    world = Production(plan)
    release = world.start()
    world.hanging = True
    for _ in range(30):
        world.overdue(release.id)
        if world.second().state is State.ROLLING_BACK:
            break
    assert world.release().state is State.ROLLING_BACK
    assert "overdue calls" in world.release().reason


def test_hanging_candidate_without_a_guardrail_pauses_with_a_deadline() -> None:
    """Nobody declared overdue calls: silence of the candidate beside an answering control pauses, then rolls back."""
    world = Production()
    world.rates = HEALTHY
    world.start()
    world.seconds(5)
    world.hanging = True
    release = world.until(State.PAUSED, within_s=20)
    assert release.hold is not None
    assert release.hold.trigger == "in_flight"
    assert world.until(State.ROLLING_BACK, within_s=70).state is State.ROLLING_BACK


def test_dropped_records_pause_until_a_person_resumes() -> None:
    """Records that found no room pause the release; after a resume the same drops do not pause again, new ones do."""
    world = Production()
    world.rates = HEALTHY
    world.dropped = 7
    world.start()
    assert world.seconds(5).state is State.RUNNING
    world.dropped = 12
    release = world.until(State.PAUSED, within_s=3)
    assert release.hold is not None
    assert release.hold.trigger == "spool_drops"
    assert release.reason.startswith("5 call records")
    assert world.seconds(10).state is State.PAUSED
    resume_release(world.control, world.clock.now_us(), PERSON, release.id, "disk was full")
    assert world.seconds(5).state is State.RUNNING
    world.dropped = 13
    assert world.until(State.PAUSED, within_s=3).hold is not None


def test_a_signal_pauses_and_rearms_on_later_data_only() -> None:
    """A resumed signal counts from the resume: the evidence that paused it does not pause it at the next round."""
    signal = Guardrail(metric="call.invalid_format", max_ratio=1.5, design_ratio=3.0, role="signal")
    world = Production(msgspec.structs.replace(PLAN, guardrails=(signal,), limits=LOOSE))
    world.rates = {Event.INVALID_FORMAT: rate(0.4, 0.1)}
    world.start()
    release = world.until(State.PAUSED, within_s=100)
    assert release.hold is not None
    assert release.hold.trigger == "guardrail:call.invalid_format"
    world.rates = HEALTHY
    resumed = resume_release(world.control, world.clock.now_us(), PERSON, release.id, "seen")
    assert resumed.rearmed["guardrail:call.invalid_format"]["candidate"] > 0
    assert world.seconds(10).state is State.RUNNING
    world.rates = {Event.INVALID_FORMAT: rate(0.4, 0.1)}
    assert world.until(State.PAUSED, within_s=100).hold is not None


def test_a_paused_release_keeps_its_share_and_its_dwell() -> None:
    """A person's pause changes no share and stops the dwell; only a person ends it."""
    world = Production()
    world.rates = HEALTHY
    started = world.start()
    world.seconds(10)
    pause_release(world.control, world.clock.now_us(), PERSON, started.id, "lunch")
    with world.control.tx() as tx:
        before = tx.progress(started.id)
    release = world.seconds(100)
    with world.control.tx() as tx:
        after = tx.progress(started.id)
    assert release.state is State.PAUSED
    assert before is not None
    assert after is not None
    assert after.dwell_ms == before.dwell_ms
    routed = world.routing().apps["shop"].release
    assert routed is not None
    assert routed.serving
    resume_release(world.control, world.clock.now_us(), PERSON, started.id, "back")
    assert world.until(State.PROMOTED).state is State.PROMOTED


@pytest.mark.parametrize("hours", [-1, 1])
def test_clock_steps_fill_no_dwell_and_roll_nothing_back(hours: int) -> None:
    """The wall clock of host and control stepping an hour neither fills the dwell, nor rolls back, nor pauses."""
    world = Production(msgspec.structs.replace(PLAN, stages=(), steps=(PLAN.steps[0], PLAN.steps[3])))
    world.rates = HEALTHY
    started = world.start()
    world.seconds(8)
    world.clock.wall_us += hours * 3_600_000_000
    release = world.seconds(8)
    assert (release.state, release.step) == (State.RUNNING, 0)
    with world.control.tx() as tx:
        progress = tx.progress(started.id)
    assert progress is not None
    assert 10_000 <= progress.dwell_ms <= 15_000
    world.clock.wall_us -= hours * 3_600_000_000
    world.until(State.PROMOTED)
    assert world.actions() == ["advance", "promote"]


def test_clock_step_does_not_end_a_deadline() -> None:
    """A vetoed limit's deadline is counted on the monotonic clock: an hour's step of the wall clock changes nothing."""
    world = Production()
    world.rates = {Event.ERROR: rate(0.6, 0.6)}
    world.start()
    world.until(State.PAUSED, within_s=30)
    world.clock.wall_us += 3_600_000_000
    assert world.seconds(50).state is State.PAUSED
    assert world.until(State.ROLLING_BACK, within_s=15).state is State.ROLLING_BACK


def test_J4_rollback_waits_for_every_worker() -> None:
    """A rollback is confirmed when the worker has acknowledged the snapshot, not before."""
    world = Production()
    release = world.start()
    world.seconds(3)
    old = world.routing().revision
    abort_release(world.control, world.clock.now_us(), PERSON, release.id, "changed my mind")
    world.shipping = False
    for _ in range(5):
        world.clock.sleep(0.05)
        world.report(acked=old)
        assert world.tick.confirm()
    assert world.release().state is State.ABORTING
    world.report()
    assert not world.tick.confirm()
    assert world.release().state is State.ABORTED


def test_J4_silent_host_is_confirmed_by_its_lapsed_lease() -> None:
    """A host that fell silent confirms nothing until its lease has surely run out; then it serves no candidate."""
    world = Production()
    release = world.start()
    world.seconds(3)
    world.shipping = False
    abort_release(world.control, world.clock.now_us(), PERSON, release.id, "")
    world.seconds(int(PLAN.lease_s))
    assert world.release().state is State.ABORTING
    world.seconds(4)
    assert world.release().state is State.ABORTED


def test_J4_fresh_leader_waits_a_whole_lease_for_a_host_it_never_saw() -> None:
    """A control that starts during a rollback knows nothing of a silent host and waits its lease out."""
    world = Production()
    release = world.start()
    world.seconds(3)
    world.shipping = False
    abort_release(world.control, world.clock.now_us(), PERSON, release.id, "")
    world.seconds(20)
    fresh = world.new_tick()
    for _ in range(30):
        assert world.second(fresh).state is State.ABORTING
    for _ in range(15):
        world.second(fresh)
    assert world.release().state is State.ABORTED


def test_J3_override_pauses_the_release_until_a_person_resumes() -> None:
    """A pin of all traffic leaves nothing to compare: the release pauses, and does not go on by itself."""
    world = Production()
    world.rates = HEALTHY
    started = world.start()
    world.seconds(3)
    set_override(world.control, world.clock.now_us(), PERSON, "shop", world.baseline.name, "incident")
    release = world.second()
    assert release.hold is not None
    assert release.hold.trigger == "override"
    clear_override(world.control, world.clock.now_us(), PERSON, "shop", "over")
    assert world.seconds(20).state is State.PAUSED
    resume_release(world.control, world.clock.now_us(), PERSON, started.id, "go on")
    assert world.until(State.PROMOTED).state is State.PROMOTED


def test_watch_paused_and_resumed_is_a_watch_again() -> None:
    """A release paused in its 100 % watch goes on watching after the resume, and is promoted from there."""
    world = Production()
    world.rates = HEALTHY
    world.start()
    release = world.until(State.WATCHING)
    pause_release(world.control, world.clock.now_us(), PERSON, release.id, "")
    world.seconds(3)
    resumed = resume_release(world.control, world.clock.now_us(), PERSON, release.id, "")
    assert resumed.state is State.WATCHING
    assert world.until(State.PROMOTED).step == 3


def test_comparison_is_closed_in_the_watch() -> None:
    """In the watch only absolute limits act: the few units of the holdback prove nothing."""
    world = Production()
    world.rates = HEALTHY
    world.start()
    world.until(State.WATCHING)
    world.rates = {Event.INVALID_FORMAT: rate(0.3, 0.01)}
    assert world.seconds(15).state is State.WATCHING
    world.rates = {Event.ERROR: rate(0.5, 0.01)}
    assert world.until(State.ROLLING_BACK, within_s=10).step == 3


def test_one_release_that_fails_does_not_stop_the_others() -> None:
    """A release that cannot be judged is paused with the reason; another one's round goes on."""
    world = Production()
    world.rates = HEALTHY
    broken = world.start()
    with world.control.tx() as tx:
        bad = msgspec.structs.replace(broken, id="rel_broken", app="other", seq=1, step=99)
        tx.insert_release(bad)
    world.seconds(10)
    with world.control.tx() as tx:
        stored, healthy = tx.release("rel_broken"), tx.release(broken.id)
    assert stored is not None
    assert stored.state is State.PAUSED
    assert stored.reason.startswith("The release could not be judged")
    assert healthy is not None
    assert healthy.state is State.RUNNING


def test_everybody_is_on_baseline_after_a_rollback() -> None:
    """From the rollback's snapshot on, no user is given the candidate."""
    world = Production()
    release = world.start()
    world.seconds(3)
    abort_release(world.control, world.clock.now_us(), PERSON, release.id, "")
    world.served.clear()
    world.seconds(5)
    assert set(world.served) == {(world.baseline.digest, Arm.REST)}


def test_a_control_that_was_stopped_begins_anew() -> None:
    """After a gap in its rounds a control knows nothing of the time between: neither dwell nor silence is counted."""
    world = Production()
    world.rates = HEALTHY
    started = world.start()
    world.seconds(5)
    with world.control.tx() as tx:
        before = tx.progress(started.id)
    world.traffic = False
    world.clock.sleep(60)
    assert world.second().state is State.RUNNING
    world.traffic = True
    world.second()
    with world.control.tx() as tx:
        after = tx.progress(started.id)
    assert before is not None
    assert after is not None
    assert after.dwell_ms <= before.dwell_ms + 2000
