"""Releases through all stages, on the virtual clock."""

from __future__ import annotations

import msgspec
import pytest

from serinus.control.abort_release import abort_release
from serinus.control.pause_release import pause_release
from serinus.control.resume_release import resume_release
from serinus.control.verify_audit import verify_audit
from serinus.core.decision.decision import Evidence, replay
from serinus.core.pipeline.stages import OfflineStage, RolloutStage
from serinus.core.records.record import Event
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import Page
from tests.unit.control.production import PERSON, PLAN, Production, rate
from tests.unit.control.signers import BOB, CY, DAN, STAGED, approve, measure, quick, shown_now


def in_stage(world: Production, name: str, within_s: int = 200) -> Release:
    """Seconds until the release is in this stage."""
    for _ in range(within_s):
        release = world.second()
        if release.plan.stages[release.stage].name == name:
            return release
    raise AssertionError(f"still in stage {release.stage}, {release.state.value}: {release.reason}")


def notices(world: Production) -> list[str]:
    with world.control.tx() as tx:
        found, _ = tx.notices(Page(limit=200))
    return [notice.kind for notice in reversed(found)]


def test_D_a_release_passes_all_its_stages() -> None:
    """Offline, two signatures, canary, another signature, wide, live: each entered once, all on record."""
    world = Production(STAGED)
    release = world.start()
    assert (release.state, release.stage, release.step) == (State.RUNNING, 0, -1)
    assert world.routing().apps["shop"].release is not None
    world.seconds(3)
    assert world.release().stage == 0
    measure(world, "pass")
    in_stage(world, "sign-off")
    world.seconds(3)
    assert world.served[world.baseline.digest, Arm.CANDIDATE] == 0, "nobody sees the candidate before it is signed"
    assert approve(world, BOB, "ml_lead").lacking == ("ops_lead",)
    world.seconds(3)
    assert world.release().step == -1
    assert approve(world, CY, "ops_lead").lacking == ()
    in_stage(world, "canary")
    waiting = in_stage(world, "go wide")
    assert (waiting.step, waiting.state) == (1, State.RUNNING)
    world.seconds(60)
    assert world.release().step == 1, "the share is held while people are asked"
    assert world.routing().apps["shop"].release.ramp[-1].share == 0.25  # type: ignore[union-attr]
    approve(world, DAN, "release_manager")
    ended = world.until(State.PROMOTED)
    assert [point.step for point in ended.ramp] == [0, 1, 2, 3]
    assert world.actions() == [
        "enter", "request_approval", "advance", "advance", "enter", "request_approval", "advance", "advance", "promote",
    ]  # fmt: skip
    assert verify_audit(world.control)[1] == []
    assert notices(world).count("approve") == 3


def test_H2_a_long_approval_is_no_silence_of_the_arms() -> None:
    """However long reviewers took, the age of the arms' data counts from the exposure: no pause at the first step."""
    world = Production(STAGED)
    world.rates = {Event.ERROR: rate(0.01, 0.01)}
    world.start()
    measure(world, "pass")
    in_stage(world, "sign-off")
    world.seconds(10 * int(STAGED.freshness_s))
    approve(world, BOB, "ml_lead")
    approve(world, CY, "ops_lead")
    in_stage(world, "go wide")
    assert "pause" not in world.actions()


def test_H2_silence_is_counted_from_the_exposure() -> None:
    """When nobody calls after a long approval, the pause for missing data comes one freshness after the exposure."""
    world = Production(STAGED)
    world.start()
    measure(world, "pass")
    in_stage(world, "sign-off")
    world.seconds(60)
    world.traffic = False
    approve(world, BOB, "ml_lead")
    approve(world, CY, "ops_lead")
    in_stage(world, "canary")
    assert world.seconds(int(STAGED.freshness_s)).state is State.RUNNING
    assert world.seconds(3).state is State.PAUSED


def test_D_a_failed_offline_stage_rejects() -> None:
    """Nobody has seen it: it ends at once, the snapshot knows it no more, and the next release may begin."""
    world = Production(STAGED)
    world.start()
    world.seconds(2)
    measure(world, "fail", "safety: 3 of 50 probes answered")
    ended = world.until(State.REJECTED, within_s=2)
    assert "offline failed: safety: 3 of 50 probes answered" in ended.reason
    assert world.routing().apps["shop"].release is None
    assert world.routing().revision == ended.final_revision
    assert notices(world)[-1] == "reject"
    assert world.served[world.baseline.digest, Arm.CANDIDATE] == 0
    assert world.start().state is State.RUNNING


def test_D8_a_broken_measurement_pauses_and_resuming_measures_again() -> None:
    """An error is no failure: a person looks, resumes, and the stage is measured a second time."""
    world = Production(STAGED)
    release = world.start()
    measure(world, "error", "the judge could not be reached")
    held = world.until(State.PAUSED, within_s=2)
    assert held.hold is not None
    assert (held.hold.trigger, held.hold.auto_resume) == ("stage:0", False)
    world.seconds(40)
    assert world.release().state is State.PAUSED
    resumed = resume_release(world.control, world.clock.now_us(), PERSON, release.id, "the judge is back")
    assert resumed.attempts == (2, 0, 0, 0, 0)
    measure(world, "pass")
    in_stage(world, "sign-off", within_s=2)


def test_D_a_stage_without_a_result_pauses_after_its_budget() -> None:
    """Nothing is waited for without end."""
    world = Production(STAGED)
    world.start()
    world.seconds(25)
    assert world.release().state is State.RUNNING
    held = world.until(State.PAUSED, within_s=10)
    assert "no result within 30 s" in held.reason


def test_G2_approval_is_asked_for_once_and_reminded_once() -> None:
    """One request when the stage is entered, one reminder after the SLA, then silence."""
    world = Production(STAGED)
    world.start()
    measure(world, "pass")
    in_stage(world, "sign-off")
    world.seconds(60)
    assert notices(world).count("request_approval") == 2
    with world.control.tx() as tx:
        bodies = [n.body for n in tx.notices(Page(limit=50))[0] if n.kind == "request_approval"]
    assert bodies[-1] == "sign-off: waits for approval by ml_lead and ops_lead"
    assert "for 10 s now" in bodies[0]


def test_H7_another_control_asks_nobody_twice() -> None:
    """A new leader knows who was asked."""
    world = Production(STAGED)
    world.start()
    measure(world, "pass")
    in_stage(world, "sign-off")
    world.seconds(20)
    world.tick = world.new_tick(takeover_s=1)
    world.seconds(20)
    assert notices(world).count("request_approval") == 2


def test_harm_rolls_back_between_rollouts() -> None:
    """While people look at it, users are on the candidate."""
    world = Production(STAGED)
    world.start()
    measure(world, "pass")
    in_stage(world, "sign-off")
    approve(world, BOB, "ml_lead")
    approve(world, CY, "ops_lead")
    in_stage(world, "go wide")
    world.rates = {Event.INVALID_FORMAT: rate(0.3, 0.02)}
    ended = world.until(State.ROLLED_BACK)
    assert "format" in ended.reason


def test_a_person_may_pause_and_abort_in_any_stage() -> None:
    """Stages without traffic are no exception; an abort is confirmed like any other."""
    world = Production(STAGED)
    release = world.start()
    pause_release(world.control, 1, PERSON, release.id, "lunch")
    measure(world, "pass")
    world.seconds(3)
    assert world.release().stage == 0
    resume_release(world.control, 1, PERSON, release.id, "")
    in_stage(world, "sign-off")
    abort_release(world.control, 1, PERSON, release.id, "superseded")
    assert world.until(State.ABORTED, within_s=5).state is State.ABORTED


def test_evidence_of_every_command_replays() -> None:
    """Each entry of the tick gives the same decision from its evidence alone, approvals and results included."""
    world = Production(quick(STAGED))
    world.start()
    measure(world, "pass")
    in_stage(world, "sign-off")
    approve(world, BOB, "ml_lead")
    approve(world, CY, "ops_lead")
    in_stage(world, "go wide")
    approve(world, DAN, "release_manager")
    world.until(State.PROMOTED)
    with world.control.tx() as tx:
        entries = [e for e in tx.audit_entries(0, 1000) if e.action.startswith("tick:release") and e.evidence]
    assert len(entries) >= 7
    for entry in entries:
        again = replay(msgspec.json.decode(entry.evidence, type=Evidence))
        assert [command.reason for command in again.commands] == [entry.reason]


def test_an_approval_keeps_what_was_shown() -> None:
    """L1: who, which role, when, and all that they saw is in the trail, and the digest is of exactly that."""
    world = Production(STAGED)
    world.start()
    measure(world, "pass")
    in_stage(world, "sign-off")
    now = shown_now(world)
    approve(world, BOB, "ml_lead")
    with world.control.tx() as tx:
        (entry,) = [e for e in tx.audit_entries(0, 1000) if e.action == "person:release:approve"]
    assert (entry.actor, entry.after, entry.before) == (BOB, now.evidence, world.candidate.digest)
    assert entry.evidence.encode() == now.shown.encoded()
    assert "91 of 100 cases passed" in entry.evidence


@pytest.mark.parametrize("kind", ["offline", "rollout"])
def test_a_plan_may_begin_with_any_stage(kind: str) -> None:
    """An app without stages is released as before; the start says where it begins."""
    plan = PLAN if kind == "rollout" else STAGED
    release = Production(plan).start()
    assert isinstance(release.plan.stages[0], RolloutStage if kind == "rollout" else OfflineStage)
    assert ("with offline" in release.reason) == (kind == "offline")
    assert (release.step, len(release.ramp)) == ((0, 1) if kind == "rollout" else (-1, 0))
