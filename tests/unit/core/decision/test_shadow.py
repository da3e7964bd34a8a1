"""Shadow stages: every verdict of the pairs, each from counts alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.decision.commands import Command, Conclude, EnterStage, Pause, Reject, Resume
from serinus.core.decision.decision import Decision, Evidence, decide, replay
from serinus.core.decision.observations import Fleet, Flow, Gates, Observations, RuleBroken, ShadowSeen
from serinus.core.decision.shadow_gate import PairEvidence
from serinus.core.errors import IllegalTransition
from serinus.core.pipeline.peak import Peak
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.pipeline.shadow import MeasureMargin, PairLimit
from serinus.core.pipeline.stages import ApprovalStage, RolloutStage, ShadowStage, StageResult
from serinus.core.records.pair_totals import EventPairs, MeasurePairs, PairTotals
from serinus.core.release.release import Hold, Progress, Release, ShadowProgress
from serinus.core.release.table import State
from serinus.core.release.transitions import advanced, paused, rerun, resumed, started
from tests.unit.core.decision.cases import ERROR, NOW_US, PLAN, created

FORMAT = "call.invalid_format"
POLICY = "call.policy_violation"
STAGE = ShadowStage(
    name="shadow",
    dwell_s=60.0,
    min_units=200,
    budget_s=600.0,
    guardrails=(Guardrail(metric=FORMAT), Guardrail(metric=ERROR), Guardrail(metric="call.refusal", role="signal")),
    limits=(PairLimit(metric=POLICY, above=0.0), PairLimit(metric=ERROR, above=0.02)),
    measures=(MeasureMargin(measure="cost", role="guardrail"), MeasureMargin(measure="latency")),
)
WAY = (ApprovalStage(name="sign-off", roles=("ml_lead",)), RolloutStage(steps=PLAN.steps))
FLOWS = Flow(age_ms=0, seen=True)
SILENT = Flow(age_ms=61_000, seen=True)
ENOUGH = 70_000


def plan_of(stage: ShadowStage = STAGE) -> Plan:
    return msgspec.structs.replace(PLAN, steps=(), stages=(stage, *WAY))


def shadowing(stage: ShadowStage = STAGE, **changes: Any) -> Release:
    """A release in its shadow stage."""
    return msgspec.structs.replace(started(created(plan_of(stage)), 1, "started"), **changes)


def served(dwell_ms: int = ENOUGH, stage_ms: int = 100_000, **changes: Any) -> Progress:
    """So long in shadow, of which so long with pairs."""
    own = ShadowProgress(stage=0, attempt=1, dwell_ms=dwell_ms, at_us=NOW_US - 1_000_000)
    own = msgspec.structs.replace(own, **changes)
    return Progress(release="rel_1", step=-1, stage=0, attempt=1, stage_ms=stage_ms, shadow=own)


def seen(units: int = 300, flow: Flow = FLOWS, live: int = 1, peak_us: int = 0, **totals: Any) -> Observations:
    """What one round saw: so many units with a pair, and what differs in them."""
    return Observations(
        elapsed_ms=1000,
        candidate=Flow(age_ms=0, seen=False),
        control=Flow(age_ms=0, seen=False),
        fleet=Fleet(live=live, watermark_us=NOW_US),
        shadow=ShadowSeen(totals=PairTotals(units=units, **totals), flow=flow, peak_since_us=peak_us, sent=units),
    )


def events(**found: tuple[int, int, int]) -> dict[str, EventPairs]:
    names = {"error": ERROR, "format": FORMAT, "policy": POLICY, "refusal": "call.refusal"}
    return {names[name]: EventPairs(*counts) for name, counts in found.items()}


def ratio(log_ratio: float, units: int = 300) -> MeasurePairs:
    """Pairs with this mean of the logarithm, and a spread of a tenth around it."""
    low, high = round(1000 * (log_ratio - 0.1)), round(1000 * (log_ratio + 0.1))
    half = units // 2
    return MeasurePairs(units, half * low + (units - half) * high, half * low**2 + (units - half) * high**2)


def decided(observations: Observations, progress: Progress | None = None, release: Release | None = None) -> Decision:
    return decide(release or shadowing(), progress or served(), observations, NOW_US)


def command(observations: Observations, progress: Progress | None = None, release: Release | None = None) -> Command:
    (found,) = decided(observations, progress, release).commands
    return found


def concluded(observations: Observations, progress: Progress | None = None, stage: ShadowStage = STAGE) -> Conclude:
    found = command(observations, progress, shadowing(stage))
    assert isinstance(found, Conclude)
    return found


def test_E4_enough_pairs_without_harm_pass_with_all_numbers() -> None:
    """The result names pairs and time; its evidence holds both digests, all counts and the criteria."""
    found = concluded(seen(events=events(format=(2, 3, 1))))
    assert (found.outcome, found.stage, found.attempt) == ("pass", 0, 1)
    assert "300 pairs" in found.reason
    evidence = msgspec.json.decode(found.evidence, type=PairEvidence)
    assert (evidence.candidate, evidence.control, evidence.criteria) == ("c" * 64, "b" * 64, STAGE)
    shown = next(one for one in evidence.shadow.events if one.metric == FORMAT)
    assert (shown.candidate_only, shown.baseline_only, shown.both, shown.role) == (2, 3, 1, "guardrail")


@pytest.mark.parametrize(
    ("observations", "progress", "lacks"),
    [
        (seen(units=150), served(), "50 of 200 units"),
        (seen(), served(dwell_ms=20_000), "of 60 s with pairs coming in"),
    ],
)
def test_E4_what_is_lacking_is_said_with_numbers(observations: Observations, progress: Progress, lacks: str) -> None:
    """Nothing is decided, and the release says what it waits for."""
    decision = decided(observations, progress)
    assert not decision.commands
    assert lacks in decision.progress.waiting


def test_E3_broken_formats_of_the_candidate_alone_fail() -> None:
    """Forty pairs in which only the candidate broke the format, one in which only the baseline did."""
    found = concluded(seen(events=events(format=(40, 1, 5))), served(dwell_ms=0))
    assert found.outcome == "fail"
    assert "only the candidate had broken formats in 40 of 300 pairs" in found.reason


def test_E3_a_provider_that_fails_both_is_evidence_against_nobody() -> None:
    """A hundred pairs in which both failed are no discordant pair; the limit that both break pauses instead."""
    found = command(seen(events=events(error=(2, 2, 100))))
    assert isinstance(found, Pause)
    assert (found.trigger, found.auto_resume) == ("shadow_limit:call.error", False)
    assert "may be the provider" in found.reason


def test_E3_one_policy_violation_is_one_too_many() -> None:
    """A limit of 0 needs no minimum; others wait for theirs."""
    assert concluded(seen(units=20, events=events(policy=(1, 0, 0)))).outcome == "fail"
    assert not decided(seen(units=20, events=events(error=(2, 0, 0)))).commands
    assert concluded(seen(units=200, events=events(error=(5, 0, 0)))).outcome == "fail"


def test_what_is_never_tolerated_fails_without_being_declared() -> None:
    """One answer that breaks a rule with zero tolerance is enough, in shadow as with users."""
    found = concluded(seen(units=5, events={"call.zero_tolerance": EventPairs(1, 0, 0)}))
    assert found.outcome == "fail"
    assert "violations without tolerance" in found.reason


def test_J1_a_rule_broken_in_shadow_is_named() -> None:
    """With its call and the version, as in a rollback."""
    broken = (RuleBroken(rule="no_refunds", call="call_1", version="shop-2"),)
    found = concluded(
        msgspec.structs.replace(seen(units=5, events={"call.zero_tolerance": EventPairs(1, 0, 0)}), broken=broken)
    )
    assert "Rule no_refunds, which tolerates nothing, was broken by an answer of shop-2 in call_1" in found.reason
    elsewhere = concluded(msgspec.structs.replace(seen(units=20, events=events(policy=(1, 0, 0))), broken=broken))
    assert "no_refunds" not in elsewhere.reason


def test_E3_a_signal_pauses_and_a_resume_counts_from_there_on() -> None:
    """Refusals only pause; after a person has seen them, the same pairs do not pause again, and later ones do."""
    release = shadowing()
    first = seen(events=events(refusal=(40, 0, 0)))
    decision = decided(first, release=release)
    (pause,) = decision.commands
    assert isinstance(pause, Pause)
    assert pause.trigger == "shadow:call.refusal"
    held = paused(release, Hold(trigger=pause.trigger, reason="r", at_us=1))
    again = resumed(held, decision.progress, "seen")
    assert again.attempt_of(0) == 1
    assert isinstance(command(first, decision.progress, again), Conclude)
    later = seen(units=400, events=events(refusal=(80, 0, 0)))
    assert isinstance(command(later, decision.progress, again), Pause)


def test_E3_a_candidate_that_costs_too_much_fails_and_a_slow_one_pauses() -> None:
    """The geometric mean of the ratios, with evidence that it is above the margin."""
    dear = concluded(seen(measures={"cost": ratio(0.7)}))
    assert dear.outcome == "fail"
    assert "cost is 2.01 times the baseline's" in dear.reason
    slow = command(seen(measures={"latency": ratio(0.7)}))
    assert isinstance(slow, Pause)
    assert slow.trigger == "measure:latency"
    assert concluded(seen(measures={"cost": ratio(0.05), "latency": ratio(0.05)})).outcome == "pass"


def test_a_measure_without_margin_is_shown_with_its_interval() -> None:
    """Nothing acts on it, and its interval holds what was measured."""
    found = concluded(seen(measures={"length": ratio(0.7)}))
    (shown,) = msgspec.json.decode(found.evidence, type=PairEvidence).shadow.measures
    assert (found.outcome, shown.role) == ("pass", "info")
    assert shown.low is not None
    assert shown.high is not None
    assert shown.ratio is not None
    assert 1.9 < shown.low < shown.ratio < shown.high < 2.1


def test_few_pairs_are_no_estimate() -> None:
    """Fewer than a hundred pairs say nothing of a ratio, however alike they are."""
    progress = decided(seen(units=99, measures={"cost": MeasurePairs(99, 99_000, 99_000_000)})).progress
    assert "101 of 200 units" in progress.waiting


def test_I3_silence_pauses_and_ends_by_itself() -> None:
    """Mirroring goes on meanwhile, so that it can; the dwell stands still."""
    found = command(seen(flow=SILENT))
    assert isinstance(found, Pause)
    assert (found.trigger, found.auto_resume) == ("no_data", True)
    held = paused(shadowing(), Hold(trigger="no_data", reason="r", at_us=1, auto_resume=True))
    still = decided(seen(flow=SILENT), release=held)
    assert not still.commands
    assert still.progress.shadow is not None
    assert still.progress.shadow.dwell_ms == ENOUGH
    assert isinstance(command(seen(), release=held), Resume)


def test_I3_a_budget_without_pairs_is_no_data_also_while_paused_for_them() -> None:
    """Waiting for pairs must not last for ever, and the pause ends with it."""
    held = paused(shadowing(), Hold(trigger="no_data", reason="r", at_us=1, auto_resume=True))
    decision = decided(seen(units=0, flow=SILENT), served(dwell_ms=0, stage_ms=599_500), held)
    (found,) = decision.commands
    assert isinstance(found, Conclude)
    assert found.outcome == "no-data"
    assert isinstance(command(with_result(seen(units=0, flow=SILENT), "no-data"), release=held), Resume)


def test_a_spent_budget_is_inconclusive() -> None:
    """With what was lacking; a person decides."""
    found = concluded(seen(units=120), served(stage_ms=600_000))
    assert found.outcome == "inconclusive"
    assert "80 of 200 units" in found.reason


def with_result(observations: Observations, outcome: Any, attempt: int = 1) -> Observations:
    made = StageResult(
        release="rel_1", stage=0, attempt=attempt, outcome=outcome, text="t", evidence_digest="d", evidence="", at_us=1
    )
    return msgspec.structs.replace(observations, gates=Gates(results=(made,)))


def test_the_result_decides_as_that_of_any_other_measurement() -> None:
    """A pass enters the next stage, a fail ends it: no user has seen the candidate; nothing is concluded twice."""
    assert isinstance(command(with_result(seen(), "pass")), EnterStage)
    harmful = seen(events=events(format=(40, 1, 5)))
    assert isinstance(command(with_result(harmful, "fail")), Reject)
    assert isinstance(command(with_result(seen(), "inconclusive")), Pause)


def test_a_new_attempt_counts_later_pairs_only() -> None:
    """What the first one saw is its floor; the first attempt of all has none."""
    again = rerun(shadowing(state=State.RUNNING), 0, "look again")
    decision = decided(seen(events=events(format=(40, 1, 5))), release=again)
    assert not decision.commands
    own = decision.progress.shadow
    assert own is not None
    assert (own.attempt, own.floor.units, own.dwell_ms) == (2, 300, 1000)
    assert decided(seen(), Progress(release="rel_1", step=-1)).progress.shadow == ShadowProgress(
        stage=0, attempt=1, totals=PairTotals(units=300), at_us=NOW_US, pending_ms=0, dwell_ms=1000
    )


def test_a_stage_whose_candidate_users_have_seen_is_not_run_again() -> None:
    """There is a comparison with a control by then; nothing is mirrored beside it."""
    plan = msgspec.structs.replace(PLAN, steps=(), stages=(STAGE, *WAY[1:]))
    with pytest.raises(IllegalTransition, match="not mirrored any more"):
        rerun(advanced(started(created(plan), 1, "r"), 2, {}, "r"), 0, "r")


PEAK = msgspec.structs.replace(STAGE, peak=Peak(hours="09:00-17:00", min_units=100))


@pytest.mark.parametrize(
    ("since_us", "expected"), [(0, 40), (NOW_US - 500_000, 40), (NOW_US - 1_000_000, 140), (NOW_US - 60_000_000, 140)]
)
def test_E4_units_count_for_the_peak_when_all_of_the_round_lay_in_it(since_us: int, expected: int) -> None:
    """A hundred pairs since the last round, whose window must have begun by then."""
    progress = served(totals=PairTotals(units=200), peak_units=40)
    own = decided(seen(peak_us=since_us), progress, shadowing(PEAK)).progress.shadow
    assert own is not None
    assert own.peak_units == expected


def test_E4_without_its_peak_a_stage_does_not_pass() -> None:
    """It says how many are lacking, and in which window."""
    decision = decided(seen(), served(totals=PairTotals(units=300), peak_units=30), shadowing(PEAK))
    assert not decision.commands
    assert "70 of 100 units in 09:00-17:00 mon-sun (UTC)" in decision.progress.waiting
    passing = served(totals=PairTotals(units=300), peak_units=100)
    assert concluded(seen(), passing, PEAK).outcome == "pass"


def test_dwell_is_time_with_pairs() -> None:
    """A round adds to it only when a shadow call was answered since, and never more than two seconds."""
    progress = served(dwell_ms=0, pending_ms=500)
    quiet = decided(seen(units=10, flow=Flow(age_ms=5_000, seen=True)), progress).progress.shadow
    answered = decided(seen(units=10), progress).progress.shadow
    assert quiet is not None
    assert answered is not None
    assert (quiet.dwell_ms, quiet.pending_ms) == (0, 1500)
    assert (answered.dwell_ms, answered.pending_ms) == (1500, 0)


def test_an_override_pauses_since_nobody_is_on_the_baseline() -> None:
    """Pairs would compare with another version than the control."""
    found = command(msgspec.structs.replace(seen(), override="d" * 64))
    assert isinstance(found, Pause)
    assert found.trigger == "override"


def test_plans_guardrails_apply_where_the_stage_has_none() -> None:
    """Those of events that a pair can have; feedback is none of them."""
    rails = (Guardrail(metric=ERROR), Guardrail(metric="feedback.thumbs_down"))
    plan = msgspec.structs.replace(plan_of(ShadowStage(name="shadow", dwell_s=60)), guardrails=rails)
    release = started(created(plan), 1, "r")
    found = decide(release, served(), seen(events=events(error=(60, 0, 0))), NOW_US).commands
    assert isinstance(found[0], Conclude)
    shown = msgspec.json.decode(found[0].evidence, type=PairEvidence).shadow.events
    assert [one.metric for one in shown if one.role] == [ERROR]


@pytest.mark.parametrize("observations", [seen(), seen(units=1), seen(events=events(format=(40, 1, 5)))])
def test_evidence_of_a_shadow_stage_replays_to_the_same_decision(observations: Observations) -> None:
    """All that was used is in it."""
    decision = decided(observations)
    stored = msgspec.json.decode(msgspec.json.encode(decision.evidence), type=Evidence)
    again = replay(stored)
    assert (again.commands, again.findings) == (decision.commands, decision.findings)
