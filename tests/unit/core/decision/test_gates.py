"""Stages without traffic: what is measured and what is signed, and nothing else, lets a release go on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.decision.commands import (
    Advance,
    Command,
    EnterStage,
    Pause,
    Reject,
    RequestApproval,
    Resume,
    RollBack,
)
from serinus.core.decision.decision import Evidence, decide, replay
from serinus.core.decision.gates import VERDICTS
from serinus.core.decision.observations import Fleet, Flow, Gates, Observations
from serinus.core.decision.shown import shown
from serinus.core.decision.verdict import Verdict
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, Outcome, RolloutStage, ShadowStage, StageResult
from serinus.core.release.approval import Approval
from serinus.core.release.release import Hold, Progress, Release
from serinus.core.release.table import State
from serinus.core.release.transitions import advanced, entered, paused, rerun, stage_trigger, started
from tests.unit.core.decision.cases import ERROR, NOW_US, PLAN, created, seen, served

STAGED = msgspec.structs.replace(
    PLAN,
    steps=(),
    stages=(
        OfflineStage(name="offline", suites=("golden",), budget_s=100),
        ShadowStage(name="shadow"),
        ApprovalStage(name="sign-off", roles=("ml_lead", "ops_lead"), sla_s=50),
        RolloutStage(name="canary", steps=PLAN.steps[:1]),
        ApprovalStage(name="go wide", roles=("release_manager",)),
        RolloutStage(name="wide", steps=PLAN.steps[1:]),
    ),
)
NO_GATES = Gates()
NOTHING = Observations(
    elapsed_ms=1000, candidate=Flow(age_ms=0, seen=False), control=Flow(age_ms=0, seen=False), fleet=Fleet(live=0)
)


def at(stage: int, step: int = -1, plan: Plan = STAGED, **changes: Any) -> Release:
    """A release in this stage, having taken the steps up to `step`."""
    release = started(created(plan), 1, "started")
    for number in range(1, stage + 1):
        steps = plan.steps_of(number)
        release = advanced(release, number, {}, "r") if steps else entered(release, number, {}, "r")
    for number in range(release.step, step):
        release = advanced(release, number + 10, {}, "r")
    return msgspec.structs.replace(release, **changes)


def result(outcome: Outcome, stage: int = 0, attempt: int = 1) -> StageResult:
    return StageResult(
        release="rel_1",
        stage=stage,
        attempt=attempt,
        outcome=outcome,
        text="91 of 100 passed",
        evidence_digest=f"digest of {attempt}",
        evidence="",
        at_us=NOW_US,
    )


def signed(release: Release, actor: str, role: str, gates: Gates, **changes: Any) -> Approval:
    made = Approval(
        release=release.id,
        stage=release.stage,
        role=role,
        actor=actor,
        verdict="approve",
        version=release.candidate,
        evidence=shown(release, gates.results).digest,
        reason="",
        at_us=NOW_US,
    )
    return msgspec.structs.replace(made, **changes)


def judged(
    release: Release, gates: Gates = NO_GATES, observations: Observations = NOTHING, progress: Progress | None = None
) -> Command | None:
    decision = decide(release, progress, msgspec.structs.replace(observations, gates=gates), NOW_US)
    assert len(decision.commands) <= 1
    return decision.commands[0] if decision.commands else None


@pytest.mark.parametrize("outcome", list(VERDICTS))
def test_only_a_pass_goes_on(outcome: Outcome) -> None:
    """A fail rejects, everything else waits for a person; the reason carries the numbers."""
    command = judged(at(0), Gates(results=(result(outcome),)))
    expected = {"pass": EnterStage, "fail": Reject}.get(outcome, Pause)
    assert isinstance(command, expected)
    assert "91 of 100 passed" in command.reason
    if isinstance(command, Pause):
        assert (command.trigger, command.auto_resume, command.deadline_s) == (stage_trigger(0), False, 0)


def test_a_fail_after_exposure_rolls_back_also_while_paused() -> None:
    """Users are on the candidate, so it is taken back; a pause protects nothing."""
    again = rerun(at(3), 0, "look again")
    failed = Gates(results=(result("fail", attempt=2),))
    assert isinstance(judged(again, failed, seen(), served(again)), RollBack)
    held = paused(again, Hold(trigger="person", reason="r", at_us=5))
    assert isinstance(judged(held, failed, seen(), served(again)), RollBack)
    before = paused(at(0), Hold(trigger="person", reason="r", at_us=5))
    assert isinstance(judged(before, Gates(results=(result("fail"),))), Reject)


def test_a_result_of_another_attempt_counts_for_nothing() -> None:
    """Neither an older run's nor one that nobody asked for."""
    for attempt in (1, 3):
        assert judged(at(0, attempts=(2, 0, 0, 0, 0, 0)), Gates(results=(result("pass", attempt=attempt),))) is None


def test_no_result_within_the_budget_pauses() -> None:
    """The budget is counted in rounds that looked, and stands still in a pause."""
    spent = Progress(release="rel_1", step=-1, stage=0, attempt=1, stage_ms=98_000)
    waiting = decide(at(0), spent, NOTHING, NOW_US)
    assert (waiting.commands, waiting.progress.stage_ms) == ((), 99_000)
    assert "attempt 1 is being measured; 1 s of 100 s are left" in waiting.progress.waiting
    over = judged(at(0), progress=msgspec.structs.replace(spent, stage_ms=99_500))
    assert isinstance(over, Pause)
    assert "no result within 100 s" in over.reason
    assert judged(at(0, attempts=(2, 0, 0, 0, 0, 0)), progress=msgspec.structs.replace(spent, stage_ms=99_500)) is None
    held = paused(at(0), Hold(trigger="person", reason="r", at_us=5))
    assert decide(held, spent, NOTHING, NOW_US).progress.stage_ms == 98_000


def test_a_dry_run_gates_nothing() -> None:
    """Whatever it came to, and if it came to nothing, the release goes on and says so."""
    dry = msgspec.structs.replace(STAGED.stages[0], dry_run=True)
    plan = msgspec.structs.replace(STAGED, stages=(dry, *STAGED.stages[1:]))
    for outcome in VERDICTS:
        command = judged(at(0, plan=plan), Gates(results=(result(outcome),)))
        assert isinstance(command, EnterStage)
        assert outcome == "pass" or "dry run" in command.reason


def test_G1_all_roles_of_distinct_people_go_on() -> None:
    """Two people sign, and the first step of traffic is taken; the reason names them."""
    release, gates = at(2), Gates(results=(result("pass"), result("pass", 1)), author="eve (00000001)")
    one = msgspec.structs.replace(gates, approvals=(signed(release, "bob (1)", "ml_lead", gates),))
    assert isinstance(judged(release, one), RequestApproval)
    both = msgspec.structs.replace(gates, approvals=(*one.approvals, signed(release, "cy (2)", "ops_lead", gates)))
    command = judged(release, both)
    assert isinstance(command, Advance)
    assert "bob (1) as ml_lead and cy (2) as ops_lead; now 5 %" in command.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"evidence": "0" * 64},
        {"version": "d" * 64},
        {"stage": 4},
        {"release": "rel_2"},
        {"actor": "eve (00000009)"},
        {"actor": "ADA@example.com"},
        {"actor": "bob (7)"},
        {"role": "legal"},
    ],
)
def test_G1_what_does_not_count(changes: dict[str, Any]) -> None:
    """Something else was shown, another candidate, stage or release, the author, the starter, the same person twice."""
    release, gates = at(2), Gates(author="eve (00000001)")
    other = msgspec.structs.replace(signed(release, "cy (2)", "ops_lead", gates), **changes)
    approvals = (signed(release, "bob (1)", "ml_lead", gates), other)
    command = judged(release, msgspec.structs.replace(gates, approvals=approvals))
    assert isinstance(command, RequestApproval)
    assert command.reason.endswith("waits for approval by ops_lead")


def test_approvals_lapse_with_a_new_attempt() -> None:
    """The same results run again are other evidence, whatever they came to."""
    release, gates = at(2), Gates(results=(result("pass"),))
    approvals = (signed(release, "bob", "ml_lead", gates), signed(release, "cy", "ops_lead", gates))
    assert isinstance(judged(release, msgspec.structs.replace(gates, approvals=approvals)), Advance)
    again = entered(rerun(release, 0, "r"), 2, {}, "r")
    later = Gates(results=(result("pass"), result("pass", attempt=2)), approvals=approvals)
    assert isinstance(judged(again, later), RequestApproval)


def test_approval_is_asked_for_once_and_reminded_once() -> None:
    """For each evidence one request, and one reminder when the SLA is over."""
    release, progress = at(2), None
    told = []
    for _ in range(120):
        decision = decide(release, progress, NOTHING, NOW_US)
        progress = decision.progress
        told += [command.reminder for command in decision.commands if isinstance(command, RequestApproval)]
        assert progress.waiting.startswith("sign-off: waits for approval by ml_lead and ops_lead")
    assert told == [False, True]


def test_a_refusal_rejects_or_rolls_back() -> None:
    """One no is enough, also beside a yes of the same person."""
    for release, kind, observations in ((at(2), Reject, NOTHING), (at(4), RollBack, seen())):
        role = "ml_lead" if release.stage == 2 else "release_manager"
        said = (signed(release, "bob", role, Gates()), signed(release, "bob", role, Gates(), verdict="reject"))
        command = judged(release, Gates(approvals=said), observations, served(release))
        assert isinstance(command, kind)
        assert f"bob refused it as {role}" in command.reason


def test_harm_is_judged_while_waiting_between_rollouts() -> None:
    """The share is held at an approval, and users on it are watched like anywhere else."""
    release = at(4)
    assert isinstance(judged(release, observations=seen(positions={ERROR: (60, 10)})), RollBack)
    quiet = seen(candidate=Flow(age_ms=61_000, seen=True))
    assert isinstance(judged(release, observations=quiet), Pause)
    both = Gates(approvals=(signed(release, "bob", "release_manager", Gates()),))
    assert isinstance(judged(release, both, seen()), Advance)


def test_a_rerun_in_a_rollout_comes_back_to_its_step() -> None:
    """Stages in between count as they were, rollouts whose steps are taken are passed over, none is taken twice."""
    middle = rerun(at(5, step=1), 0, "r")
    passed = Gates(results=(result("pass", attempt=2), result("pass", 1)))
    command = judged(middle, passed, seen(), served(middle))
    assert isinstance(command, EnterStage)
    assert command.stage == 1
    waiting = entered(middle, 4, {}, "r")
    both = Gates(approvals=(signed(waiting, "bob", "release_manager", Gates()),))
    back = judged(waiting, both, seen())
    assert isinstance(back, EnterStage)
    assert back.stage == 5
    signing = entered(middle, 2, {}, "r")
    said = (signed(signing, "bob", "ml_lead", Gates()), signed(signing, "cy", "ops_lead", Gates()))
    over = judged(signing, Gates(approvals=said), seen())
    assert isinstance(over, EnterStage)
    assert over.stage == 4


def test_the_first_step_waits_for_an_override_to_be_cleared() -> None:
    """Nobody would see the candidate while all traffic is pinned."""
    plan = msgspec.structs.replace(PLAN, stages=(STAGED.stages[0], RolloutStage(steps=PLAN.steps)), steps=())
    passed = Gates(results=(result("pass"),))
    pinned = msgspec.structs.replace(NOTHING, override="b" * 64)
    assert judged(at(0, plan=plan), passed, pinned) is None
    assert isinstance(judged(at(0, plan=plan), passed), Advance)


def test_a_pause_for_unreadable_data_ends_before_exposure() -> None:
    """There is no traffic whose return could be waited for."""
    held = paused(at(0), Hold(trigger="unreadable", reason="r", at_us=5, auto_resume=True))
    assert isinstance(judged(held), Resume)


SIGNATURES = st.tuples(
    st.sampled_from(["ada@example.com", "eve (1)", "bob (2)", "bob (3)", "cy (4)", "dan (5)"]),
    st.sampled_from(["ml_lead", "ops_lead", "legal"]),
    st.booleans(),
)


@given(st.lists(SIGNATURES, max_size=6), st.sampled_from([State.RUNNING, State.PAUSED]), st.integers(0, 10**9))
def test_G4_only_enough_people_pass_an_approval(
    signatures: list[tuple[str, str, bool]], state: State, stage_ms: int
) -> None:
    """Whatever else is seen and however long it waits: without two uninvolved people in the two roles, on the present
    evidence, the release does not go on. Every decision replays from its evidence."""
    gates = Gates(author="eve (0)", results=(result("pass"), result("pass", 1)))
    release = at(2)
    if state is State.PAUSED:
        release = paused(release, Hold(trigger="person", reason="r", at_us=5))
    made = tuple(
        signed(release, actor, role, gates, **({} if bound else {"evidence": "0" * 64}))
        for actor, role, bound in signatures
    )
    progress = Progress(release="rel_1", step=-1, stage=2, stage_ms=stage_ms)
    observations = msgspec.structs.replace(NOTHING, gates=msgspec.structs.replace(gates, approvals=made))
    decision = decide(release, progress, observations, NOW_US)
    people = {(actor.partition(" ")[0], role) for actor, role, bound in signatures if bound}
    free = {(who, role) for who, role in people if who in ("bob", "cy", "dan")}
    enough = any((a[1], b[1]) == ("ml_lead", "ops_lead") and a[0] != b[0] for a in free for b in free)
    went_on = any(isinstance(command, Advance | EnterStage) for command in decision.commands)
    assert went_on == (enough and state is State.RUNNING)
    again = replay(msgspec.json.decode(msgspec.json.encode(decision.evidence), type=Evidence))
    assert (again.commands, again.progress, again.findings) == (decision.commands, decision.progress, decision.findings)


def test_verdicts_are_in_the_one_order_of_worse() -> None:
    """The words of results are those of the verdicts."""
    assert {outcome.replace("-", "_"): verdict for outcome, verdict in VERDICTS.items()} == {
        verdict.label: verdict for verdict in Verdict
    }
