"""Bad numbers at the level of the tick: never a silent pass, never a crash; the release pauses with the reason."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from serinus.control.resume_release import resume_release
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.plan import Guardrail, Plan, Step
from serinus.core.records.record import Event
from serinus.core.records.sums import ENROLLED, Enrolment, Sum, SumKey
from serinus.core.records.unit_measures import UnitKey, UnitSum
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from tests.unit.control.production import LOOSE, PERSON, PLAN, Production, rate

FORMAT = "call.invalid_format"
TOKENS = "tokens.per_call"
COUNTED: Plan = msgspec.structs.replace(PLAN, guardrails=(*PLAN.guardrails, Guardrail(metric=TOKENS)), limits=LOOSE)


def add(world: Production, *sums: tuple[str, Arm, int], stratum: int = 0) -> None:
    """Sums that an agent ships."""
    release = world.release().id
    with world.telemetry.tx() as tx:
        tx.add_sums([(SumKey(release, stratum, name, arm), Sum(total=n)) for name, arm, n in sums])


def started(plan: Plan = PLAN, **rates: float) -> Production:
    world = Production(plan)
    world.rates = {Event.INVALID_FORMAT: rate(0.05, 0.05)} if not rates else {}
    world.start()
    return world


def pages(world: Production) -> list[str]:
    return [reason for action, reason in world.audit() if action == "tick:release:pause"]


@pytest.mark.parametrize("arm", [Arm.CANDIDATE, Arm.CONTROL])
def test_a_value_that_only_one_arm_has_pauses_with_the_reason(arm: Arm) -> None:
    """Usage that one upstream only tells: no waiting for ever. Resumed, it counts anew."""
    world = started(COUNTED)
    world.seconds(3)
    add(world, (TOKENS, arm, 60))
    release = world.second()
    assert release.state is State.PAUSED
    assert release.hold is not None
    assert release.hold.trigger == "one_arm:tokens.per_call"
    assert not release.hold.auto_resume
    assert "are known of" in release.reason or "is known of" in release.reason
    assert "both versions tell it" in release.reason
    resume_release(world.control, world.clock.now_us(), PERSON, release.id, "priced now")
    assert world.seconds(2).state is State.RUNNING
    add(world, (TOKENS, arm, 60))
    assert world.second().state is State.PAUSED


def test_values_of_both_arms_alike_do_not_pause() -> None:
    """Some units without a value, in either arm, are usual."""
    world = started(COUNTED)
    world.seconds(3)
    add(world, (TOKENS, Arm.CANDIDATE, 130), (TOKENS, Arm.CONTROL, 150))
    assert world.second().state is State.RUNNING


def test_an_event_that_only_control_reports_pauses_until_a_person_knows() -> None:
    """100 users in control and none of the candidate's: mended, or not reported; not promoted in silence. Who knows
    is asked once, however long it goes on being mended."""
    world = Production(msgspec.structs.replace(PLAN, limits=LOOSE))
    world.rates = {Event.INVALID_FORMAT: rate(0.0, 0.4)}
    world.start()
    release = world.until(State.PAUSED, State.PROMOTED)
    assert release.state is State.PAUSED
    assert "none of the candidate's" in release.reason
    resume_release(world.control, world.clock.now_us(), PERSON, release.id, "it is mended")
    assert world.until(State.PAUSED, State.PROMOTED).state is State.PROMOTED


def test_an_event_that_only_the_candidate_reports_is_harm() -> None:
    """Going back is the safe side."""
    world = Production(msgspec.structs.replace(PLAN, limits=LOOSE))
    world.rates = {Event.INVALID_FORMAT: rate(0.4, 0.0)}
    world.start()
    assert world.until(State.ROLLING_BACK, State.PROMOTED).state is State.ROLLING_BACK


def test_zero_events_in_both_arms_go_on() -> None:
    """Nothing bad in either arm is health, with all units that the step asks for."""
    world = started(none=0.0)
    assert world.until(State.PROMOTED, State.PAUSED, State.ROLLING_BACK).state is State.PROMOTED


def test_all_units_with_an_event_in_both_arms_are_no_relative_harm() -> None:
    """All of candidate and control broken alike: the comparison says nothing against the candidate; a limit does."""
    world = Production()
    world.rates = {Event.ERROR: rate(1.0, 1.0), Event.INVALID_FORMAT: rate(1.0, 1.0)}
    world.start()
    release = world.until(State.PAUSED, State.ROLLING_BACK)
    assert release.state is State.PAUSED
    assert "may be the provider" in release.reason


def test_one_unit_never_passes() -> None:
    """A single user per arm: it waits for the units that the step asks for, and says so."""
    world = started()
    world.traffic = False
    with world.telemetry.tx() as tx:
        release = world.release().id
        tx.enrol([Enrolment(release, arm.to_bytes(8, "big"), arm, 0, 0) for arm in (Arm.CANDIDATE, Arm.CONTROL)])
    add(world, (ENROLLED, Arm.CANDIDATE, 1), (ENROLLED, Arm.CONTROL, 1), (FORMAT, Arm.CANDIDATE, 1))
    assert world.seconds(8).step == 0
    assert world.release().state is State.RUNNING


def test_no_units_at_all_pause_for_missing_data() -> None:
    """Empty arms, traffic none: a pause that says so, never an advance."""
    world = started()
    world.traffic = False
    release = world.seconds(40)
    assert (release.state, release.step) == (State.PAUSED, 0)
    assert "No answered call" in release.reason


@pytest.mark.parametrize("arm", [Arm.CANDIDATE, Arm.CONTROL])
def test_units_in_one_arm_only_pause(arm: Arm) -> None:
    """Enrolled units of one arm and none of the other: the sample ratio says so."""
    world = started()
    world.seconds(2)
    add(world, (ENROLLED, arm, 500))
    release = world.second()
    assert release.state is State.PAUSED
    assert "sample" in release.reason.lower() or "units" in release.reason.lower()


@pytest.mark.parametrize(("metric", "why"), [(FORMAT, "went backwards"), (ENROLLED, "not below 0")])
def test_counters_that_go_backwards_pause(metric: str, why: str) -> None:
    """Even by one, and below zero: what was counted is not there any more."""
    world = started()
    world.seconds(5)
    add(world, (metric, Arm.CONTROL, -10_000))
    release = world.second()
    assert release.state is State.PAUSED
    assert why in release.reason


def test_a_late_batch_is_counted_and_a_duplicated_one_is_seen() -> None:
    """What comes seconds late counts then; one arm's batch counted twice shows in the sample ratio."""
    world = started()
    world.seconds(2)
    add(world, (ENROLLED, Arm.CANDIDATE, 3), (ENROLLED, Arm.CONTROL, 3), (FORMAT, Arm.CANDIDATE, 1))
    assert world.second().state is State.RUNNING
    for _ in range(2):
        add(world, (ENROLLED, Arm.CANDIDATE, 200))
    assert world.second().state is State.PAUSED


def _unit_sums(release: str, arm: Arm, sums: Sequence[UnitSum]) -> dict[UnitKey, UnitSum]:
    return {UnitKey(release, 0, TOKENS, arm, bucket): one for bucket, one in enumerate(sums)}


@pytest.mark.parametrize("total", [-5, -(10**15)])
def test_a_sum_below_zero_pauses_with_the_reason(total: int) -> None:
    """Nothing costs less than nothing: what was counted is not what it says."""
    world = started(COUNTED)
    world.seconds(2)
    release: Release = world.release()
    with world.telemetry.tx() as tx:
        for arm in (Arm.CANDIDATE, Arm.CONTROL):
            tx.add_unit_sums(_unit_sums(release.id, arm, [UnitSum(1, total)] * 256))
    add(world, (TOKENS, Arm.CANDIDATE, 256), (TOKENS, Arm.CONTROL, 256))
    after = world.second()
    assert after.state is State.PAUSED
    assert "the sum of tokens per call, now below 0" in after.reason


def test_sums_beyond_all_bounds_stop_no_tick() -> None:
    """2^62 in each of 256 places: nothing can be said of them, and the step says so."""
    world = started(COUNTED)
    world.seconds(2)
    release: Release = world.release()
    with world.telemetry.tx() as tx:
        for arm in (Arm.CANDIDATE, Arm.CONTROL):
            tx.add_unit_sums(_unit_sums(release.id, arm, [UnitSum(1, 2**62)] * 256))
    add(world, (TOKENS, Arm.CANDIDATE, 256), (TOKENS, Arm.CONTROL, 256))
    after = world.seconds(60)
    assert (after.state, after.step) == (State.RUNNING, 0)
    with world.control.tx() as tx:
        progress = tx.progress(release.id)
    assert progress is not None
    assert "no judgement of tokens per call: the values do not vary" in progress.waiting


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 1.5, float("nan"), float("inf")])
def test_alpha_outside_of_its_domain_is_refused_with_its_place(alpha: float) -> None:
    """No plan, no release, no tick."""
    with pytest.raises(InvalidInput, match="alpha"):
        msgspec.structs.replace(PLAN, alpha=alpha)


@pytest.mark.parametrize("ratio", [0.0, 0.99, float("nan"), float("inf")])
def test_a_margin_that_is_none_is_refused(ratio: float) -> None:
    """A margin that is no margin; one that is not said is the default, never none."""
    with pytest.raises(InvalidInput, match="max_ratio"):
        msgspec.structs.replace(PLAN, guardrails=(Guardrail(metric=FORMAT, max_ratio=ratio),))
    assert Guardrail(metric=FORMAT).max_ratio == 1.25


def test_a_share_that_changes_in_the_middle_of_a_second_counts_each_unit_once() -> None:
    """Units of the old and of the new step in the same second: each in its own stratum, nothing backwards, no pause."""
    world = started()
    release = world.until(State.RUNNING, within_s=1)
    while release.step == 0:
        release = world.second()
    add(world, (ENROLLED, Arm.CANDIDATE, 2), (ENROLLED, Arm.CONTROL, 2), (FORMAT, Arm.CONTROL, 1))
    add(world, (ENROLLED, Arm.CANDIDATE, 2), (ENROLLED, Arm.CONTROL, 2), (FORMAT, Arm.CANDIDATE, 1), stratum=1)
    assert world.second().state is State.RUNNING
    assert pages(world) == []


def test_steps_of_no_time_and_shares_outside_of_their_domain_are_refused() -> None:
    """NaN and more than everybody are no shares."""
    for share in (float("nan"), 0.0, -0.1, 1.01):
        with pytest.raises(InvalidInput, match="share"):
            msgspec.structs.replace(PLAN, stages=(), steps=(Step(share=share, dwell_s=60), Step(share=1.0, dwell_s=60)))
