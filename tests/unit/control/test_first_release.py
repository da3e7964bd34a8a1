"""The first release of an app on a virtual clock: absolute limits, a signature, and a message to go back to (H13)."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import suppress

import msgspec
import pytest

from serinus.control.abort_release import abort_release
from serinus.control.export_audit import export_audit
from serinus.control.make_live import make_live
from serinus.control.pause_release import pause_release
from serinus.control.resume_release import resume_release
from serinus.control.set_override import set_override
from serinus.control.start_release import start_release
from serinus.control.verify_audit import verify_audit
from serinus.core.audit.entry import Entry
from serinus.core.decision.decision import Evidence
from serinus.core.decision.replay import Replayed, replayed
from serinus.core.decision.standing import standing
from serinus.core.errors import Conflict, InvalidInput
from serinus.core.judging.scorers import Exact
from serinus.core.judging.suite import Criterion, Suite, canonical_suite
from serinus.core.pipeline.monitor import MetricSource, Monitor
from serinus.core.pipeline.plan import Guardrail, Limit, Plan
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage
from serinus.core.pipeline.threshold import Threshold
from serinus.core.records.record import Event
from serinus.core.records.sums import Sum, SumKey
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from serinus.core.routing.snapshot import READER
from serinus.ports.control_store import Page
from serinus.ports.datasets import StoredSuite
from tests.unit.agent.crashing import Crash, CrashPoints
from tests.unit.control.production import PERSON, PLAN, START_US, Production, rate
from tests.unit.control.signers import BOB, approve, measure
from tests.unit.control.test_tick_crashes import CrashingControl

MESSAGE = "A colleague will answer."
SIGNED = ApprovalStage(name="sign-off", roles=("ml_lead",))
FIRST = msgspec.structs.replace(PLAN, steps=(), stages=(SIGNED, RolloutStage(steps=PLAN.steps)))


def world(plan: Plan = FIRST) -> Production:
    """A production with nothing live."""
    made = Production(plan, message=MESSAGE)
    made.rates = {Event.ERROR: rate(0.02, 0.0)}
    return made


def signed(made: Production) -> Production:
    """Its candidate in release, signed by somebody else."""
    made.start()
    made.seconds(2)
    approve(made, BOB, "ml_lead")
    return made


def decided(made: Production) -> list[Replayed]:
    """Every decision about its newest release, decided anew from the trail."""
    trail = export_audit(made.control, subject=made.release().id)
    return list(replayed([msgspec.json.decode(line, type=Entry) for line in trail]))


def evidence(made: Production, action: str) -> Evidence:
    """What the newest such decision used."""
    trail = [msgspec.json.decode(line, type=Entry) for line in export_audit(made.control, subject=made.release().id)]
    return msgspec.json.decode(next(one.evidence for one in trail[::-1] if one.action.endswith(action)), type=Evidence)


def routed(made: Production) -> tuple[str | None, bool]:
    """What the snapshot has live, and whether a release serves."""
    app = made.routing().apps["shop"]
    return app.live, app.release is not None and app.release.serving


def test_H13_a_first_release_climbs_to_live_with_no_control() -> None:
    """Every step, then everybody at 100 % without a holdback, then live; nobody is ever in control, and what was
    declared to compare is named instead of judged."""
    made = signed(world())
    release = made.until(State.WATCHING)
    assert [point.share for point in release.ramp] == [0.05, 0.25, 0.5, 1.0]
    assert (release.control, release.plan.not_compared) == ("", ("call.invalid_format", "call.error"))
    release = made.until(State.PROMOTED)
    assert routed(made) == (made.candidate.digest, False)
    assert {arm for _, arm in made.served} == {Arm.REST, Arm.CANDIDATE}
    assert made.actions() == ["request_approval", "advance", "advance", "advance", "advance", "promote"]
    reasons = [reason for action, reason in made.audit() if action.endswith("advance")]
    assert all("compared with nothing" in reason for reason in reasons[1:])
    assert not any("control" in reason for reason in reasons)


def test_H13_a_bad_first_release_goes_back_to_the_message_and_is_confirmed() -> None:
    """The absolute limit acts, no control vetoes it, and afterwards nothing is live."""
    made = signed(world())
    made.until(State.RUNNING)
    made.rates = {Event.ERROR: rate(0.6, 0.0)}
    release = made.until(State.ROLLED_BACK)
    assert "above 20.0%" in release.reason
    assert "control" not in release.reason
    assert routed(made) == (None, False)
    assert "says the fallback message" in decided(made)[-1].findings[-1]
    made.rates = {}
    assert made.start().lineage.attempt == 1


def test_H13_a_broken_rule_takes_a_first_release_back() -> None:
    """Zero tolerance needs no control."""
    made = signed(world())
    release = made.seconds(5)
    with made.telemetry.tx() as tx:
        tx.add_sums([(SumKey(release.id, 0, "call.zero_tolerance", Arm.CANDIDATE), Sum(total=1))])
    assert made.until(State.ROLLED_BACK).reason.startswith("1 unit of the candidate got an answer that breaks a rule")


def newly_served(made: Production, seconds: int) -> set[Arm]:
    """The arms of users who begin in the next seconds."""
    before = Counter(made.served)
    made.seconds(seconds)
    return {arm for (_, arm), count in made.served.items() if count > before[_, arm]}


def test_H13_pause_and_abort_of_a_first_release() -> None:
    """A person's pause keeps what was begun and takes in nobody new, a resume opens it again; an abort means the
    message for all, confirmed as any other."""
    made = signed(world())
    release = made.seconds(5)
    assert release.exposed
    assert newly_served(made, 2) == {Arm.REST, Arm.CANDIDATE}
    release = pause_release(made.control, made.clock.now_us(), PERSON, release.id, "look")
    assert routed(made) == (None, True)
    routing = made.routing()
    served = routing.apps["shop"].release
    assert served is not None
    assert served.closed_from == routing.revision
    assert [(point.step, point.share) for point in served.ramp] == [(0, 0.05)]
    assert newly_served(made, 3) == {Arm.REST}
    assert decided(made) is not None
    resume_release(made.control, made.clock.now_us(), PERSON, release.id, "fine")
    assert newly_served(made, 3) == {Arm.REST, Arm.CANDIDATE}
    abort_release(made.control, made.clock.now_us(), PERSON, release.id, "later")
    assert made.until(State.ABORTED).final_revision
    assert routed(made) == (None, False)


def test_H13_silence_of_the_candidate_pauses_and_no_control_is_missed() -> None:
    """Without calls there are no data; when they come again it goes on."""
    made = signed(world())
    made.seconds(5)
    made.traffic = False
    assert "No answered call of the candidate" in made.until(State.PAUSED).reason
    made.traffic = True
    assert made.until(State.RUNNING).hold is None


def test_H13_a_pause_for_missing_data_closes_nothing() -> None:
    """Only callers who come back can end it."""
    made = signed(world())
    made.seconds(5)
    made.traffic = False
    release = made.until(State.PAUSED)
    assert release.hold is not None
    assert (release.hold.auto_resume, release.closed_from) == (True, 0)
    made.traffic = True
    assert newly_served(made, 2) == {Arm.REST, Arm.CANDIDATE}


def test_H13_a_host_that_cannot_say_the_message_is_told_and_waited_for() -> None:
    """A gateway of an earlier Serinus joins: its callers get 503, and nothing of it is on record. The release pauses
    with what to do, is on the trail and among the notices, and goes on when the host is upgraded."""
    made = signed(world())
    made.seconds(5)
    made.reader = 0
    release = made.until(State.PAUSED)
    assert release.reason.startswith("Host host-1 runs gateway workers of an earlier Serinus")
    assert release.reason.endswith("upgrade Serinus there")
    with made.control.tx() as tx:
        told = tx.notices(Page(limit=5), "shop")[0]
    assert release.reason in [notice.body for notice in told]
    assert made.seconds(20).state is State.PAUSED
    made.reader = READER
    assert made.until(State.RUNNING).hold is None


def test_H13_no_first_release_begins_where_the_message_cannot_be_said() -> None:
    """Refused with the host's name; with something live the same host is good enough."""
    made = world()
    made.reader = 2
    made.report()
    with pytest.raises(Conflict, match="instead of the fallback message of shop") as refused:
        start_release(
            made.control, made.clock.now_us(), PERSON, made.ids, "s", "shop", made.candidate.name, "", made.telemetry
        )
    assert refused.value.mend == "`serinus hosts` shows each"
    make_live(made.control, made.clock.now_us(), PERSON, "shop", made.baseline.name, "known")
    started = start_release(
        made.control, made.clock.now_us(), PERSON, made.ids, "s", "shop", made.candidate.name, "", made.telemetry
    )
    assert not started.plan.first


def test_H13_a_first_release_that_hangs_is_taken_back() -> None:
    """Its calls wait and none is answered: users would wait for ever, and the message is the safe side."""
    made = signed(world())
    made.seconds(5)
    made.hanging = True
    release = made.until(State.PAUSED)
    assert release.hold is not None
    assert release.hold.trigger == "in_flight"
    assert "control" not in release.hold.reason
    assert made.until(State.ROLLED_BACK).reason.startswith("Nobody resumed within 60 s: The candidate has")


def test_H13_a_first_release_whose_hanging_calls_are_gone_is_not_taken_back() -> None:
    """A call whose end was lost waits no longer than it may; then it is only night, and nobody calls."""
    made = signed(world())
    made.seconds(5)
    made.hanging = True
    made.second()
    made.traffic = made.hanging = False
    made.until(State.PAUSED)
    made.overdue(made.release().id)
    assert made.seconds(90).state is State.PAUSED
    made.traffic = True
    assert made.until(State.RUNNING).hold is None


def test_H13_steps_wait_until_an_absolute_limit_saw_enough() -> None:
    """Nothing else judges a first release: a limit that never has its requests lets no step be left."""
    limits = (Limit(metric="call.error", above=0.2, buckets=5, bucket_s=1, min_requests=1000),)
    made = signed(world(msgspec.structs.replace(FIRST, limits=limits)))
    release = made.seconds(60)
    with made.control.tx() as tx:
        progress = tx.progress(release.id)
    assert progress is not None
    assert (release.step, progress.dwell_ms >= 20_000) == (0, True)
    assert "nothing else judges a first release" in progress.waiting


def test_H13_a_monitor_relative_to_a_baseline_holds_nothing_up() -> None:
    """There is no baseline; it is named among what is not compared, and an absolute one still counts."""
    threshold = Threshold(side="above", factor=1.2)
    source = MetricSource(metric="feedback.escalated")
    relative = Monitor(name="hand-off", source=source, critical=threshold, required=True, every_s=1)
    made = signed(world(msgspec.structs.replace(FIRST, monitors=(relative,))))
    assert made.release().plan.not_compared[-1] == "hand-off"
    made.until(State.PROMOTED)
    absolute = msgspec.structs.replace(relative, critical=Threshold(side="above", bound=0.2))
    held = signed(world(msgspec.structs.replace(FIRST, monitors=(absolute,))))
    assert held.seconds(40).step == 0


def test_H13_every_decision_of_a_first_release_is_the_same_when_decided_anew() -> None:
    """From the trail alone."""
    made = signed(world())
    release = made.until(State.PROMOTED)
    assert release.plan.first
    assert {one.outcome for one in decided(made)} == {"identical"}
    judged = [evidence(made, action) for action in ("advance", "promote")]
    assert {(one.harm, one.sample_ratio, one.margins) for one in judged} == {(None, None, None)}
    assert verify_audit(made.control)[1] == []


def test_H13_its_standing_names_what_is_not_compared() -> None:
    """No evidence is shown that could not be there."""
    made = signed(world())
    release = made.seconds(10)
    with made.control.tx() as tx, made.telemetry.tx() as telemetry:
        progress = tx.progress(release.id)
        found = standing(release, progress, telemetry.sums(release.id), telemetry.hosts(), 9, made.clock.now_us())
    assert [(arm.arm, arm.units > 0) for arm in found.arms] == [("candidate", True), ("control", False)]
    assert (found.evidence, found.sample_ratio) == ((), None)
    assert found.not_compared == ("call.invalid_format", "call.error")
    assert found.dwell is not None
    assert found.dwell.control_units == 0


LACKING = {
    "message": (FIRST, "", "app.fallback_message", "fallback_message: "),
    "approval": (PLAN, MESSAGE, "app.plan.stages", "kind: approval, roles: [ml_lead]"),
    "limit": (msgspec.structs.replace(FIRST, limits=()), MESSAGE, "app.plan.limits", "triggers: ["),
    "shadow": (
        msgspec.structs.replace(
            FIRST,
            steps=(),
            guardrails=(Guardrail(metric="call.error"),),
            stages=(ShadowStage(name="staging"), *FIRST.stages),
        ),
        MESSAGE,
        "app.plan.stages[0].requests",
        "requests: [recorded]",
    ),
}


@pytest.mark.parametrize("lack", LACKING)
def test_H13_what_a_first_release_lacks_is_named_with_the_lines_to_write(lack: str) -> None:
    """A message to go back to, a signature before traffic, a limit that rolls back, requests for the shadow."""
    plan, message, where, mend = LACKING[lack]
    made = world()
    made.configure(plan=plan, fallback_message=message)
    with pytest.raises(InvalidInput) as refused:
        made.start()
    assert refused.value.where == where
    assert mend in refused.value.mend


def suite(name: str, criterion: Criterion) -> StoredSuite:
    """A stored suite of one criterion."""
    content = canonical_suite(Suite(name=name, data="ab" * 32, criteria=(criterion,)))
    digest = hashlib.sha256(content).hexdigest()
    return StoredSuite(app="shop", name=name, digest=digest, content=content, created_at_us=START_US, created_by=PERSON)


def test_H13_shadow_runs_on_recorded_requests_and_offline_needs_a_minimum() -> None:
    """The shadow stage becomes a run over its `requests`; a suite that only compares is refused before it runs."""
    staged = (OfflineStage(name="offline", suites=("golden",)), ShadowStage(name="staging", requests=("recorded",)))
    made = world(msgspec.structs.replace(FIRST, steps=(), stages=(*staged, *FIRST.stages)))
    with made.control.tx() as tx:
        tx.insert_suite(suite("golden", Criterion(name="exact", scorer=Exact(), max_drop=0.02)))
    with pytest.raises(InvalidInput, match="suite golden only compares") as refused:
        made.start()
    assert "min: 90%" in refused.value.mend
    with made.control.tx() as tx:
        tx.insert_suite(suite("golden", Criterion(name="exact", scorer=Exact(), min=0.9)))
    release = made.start()
    assert release.plan.stages[1] == OfflineStage(name="staging", suites=("recorded",), budget_s=18 * 3600)
    measure(made, "pass")
    made.seconds(2)
    measure(made, "pass")
    assert made.seconds(2).stage == 2


def test_H13_nothing_was_live_so_nothing_can_be_pinned_or_made_live_beside_it() -> None:
    """An override has no target, the message may not be taken away, and `live` waits for the release."""
    made = signed(world())
    release = made.seconds(3)
    with pytest.raises(Conflict, match="nothing of shop was live before"):
        set_override(made.control, 1, PERSON, "shop", made.candidate.name, "now")
    with pytest.raises(InvalidInput, match="a rollback leads to it"):
        made.configure(fallback_message="")
    with pytest.raises(Conflict, match=release.id):
        make_live(made.control, 1, PERSON, "shop", made.baseline.name, "")
    abort_release(made.control, made.clock.now_us(), PERSON, release.id, "")
    made.until(State.ABORTED)
    assert make_live(made.control, 1, PERSON, "shop", made.baseline.name, "").live == made.baseline.digest


def test_H13_the_second_release_compares_as_declared() -> None:
    """What a first release leaves out is its own affair."""
    made = signed(world())
    made.until(State.PROMOTED)
    first, made.candidate = made.candidate, made.push("Kinder still.")
    release = made.start()
    assert (release.control, release.plan.first, len(release.plan.guardrails)) == (first.digest, False, 2)
    made.configure(fallback_message="")


def climb(crash_at: int) -> tuple[Production, CrashPoints]:
    """A first release up to live, with the control killed once at this point and started again."""
    made = world()
    steps = tuple(msgspec.structs.replace(step, dwell_s=1.0, min_units=1) for step in PLAN.steps)
    made.configure(plan=msgspec.structs.replace(FIRST, steps=(), stages=(SIGNED, RolloutStage(steps=steps)), lease_s=1))
    points = CrashPoints()
    points.crash_at = crash_at
    made.tick = made.new_tick(CrashingControl(made.control, points), takeover_s=1)
    made.start()
    approve(made, BOB, "ml_lead")
    for _ in range(40):
        with suppress(Crash):
            made.second()
        if points.crash_at and points.passed >= points.crash_at:
            points.crash_at = 0
            made.tick = made.new_tick(takeover_s=1)
        if made.release().state is State.PROMOTED:
            break
    return made, points


def test_H7_H13_killed_on_the_way_a_first_release_takes_every_step_once() -> None:
    """Wherever the control dies it is live in the end, and nobody skipped a step."""
    _, points = climb(0)
    assert points.passed > 60
    for crash_at in range(1, points.passed + 1, 7):
        made, _ = climb(crash_at)
        assert made.release().state is State.PROMOTED, crash_at
        assert [point.step for point in made.release().ramp] == [0, 1, 2, 3], crash_at
        assert routed(made) == (made.candidate.digest, False)
