"""Scores of units judged online (statistics 4.3), and labels that never come (2.8)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from serinus.core.decision import labels
from serinus.core.decision.commands import Advance, Command, Pause, RollBack
from serinus.core.decision.decision import Decision, decide, replay
from serinus.core.decision.harm import judge_harm
from serinus.core.decision.labels import read_on
from serinus.core.decision.shown import shown
from serinus.core.decision.unlabelled import ALPHA, judge_missing
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.pipeline.stages import ApprovalStage, RolloutStage
from serinus.core.records.label_sums import LabelSums, StratumLabels
from serinus.core.records.labels import AwaitedUnit, Label, LabelKey
from serinus.core.release.release import Hold, Release
from serinus.core.release.transitions import entered, paused, resumed
from serinus.core.routing.assignment import Arm
from tests.unit.core.decision.cases import NOW_US, PLAN, running, seen, served

METRIC = "judge.correctness"
RAIL = Guardrail(metric=METRIC, max_drop=0.02)
THUMBS = Guardrail(metric="feedback.thumbs_down")
S = 1_000_000


def unit(number: int, arm: int, value: float | None, stratum: int = 0, late_s: float = 60.0) -> AwaitedUnit:
    """Exposed one second after the one before, and labelled so much later; None: never."""
    at_us = number * S
    label = None if value is None else Label(at_us + round(late_s * S), round(value * S))
    return AwaitedUnit(LabelKey("rel_1", METRIC, number.to_bytes(8, "big")), at_us, stratum, arm, label)


def units(rng: np.random.Generator, n: int, drop: float = 0.0, silent: float = 0.0) -> list[AwaitedUnit]:
    """Right or wrong answers, control's right in 0.85, of units that come to either arm by a coin."""
    made = []
    for number in range(n):
        arm = 1 + int(rng.random() < 0.5)
        right = float(rng.random() < (0.85 - drop if arm == Arm.CANDIDATE else 0.85))
        made.append(unit(number, arm, None if rng.random() < silent else right))
    return made


def read(found: Sequence[AwaitedUnit], rail: Guardrail = RAIL, restarts: int = 3) -> LabelSums:
    """All of them at once."""
    return read_on(LabelSums(metric=rail.metric), rail, restarts, found)


def release_with(*rails: Guardrail, require: str = "no_harm", **plan: float) -> Release:
    """On its first step, with nothing else to judge by."""
    steps = (msgspec.structs.replace(PLAN.steps[0], require=require), *PLAN.steps[1:])
    return running(msgspec.structs.replace(PLAN, guardrails=rails, steps=steps, stages=(), **plan))


def decided(release: Release, *sums: LabelSums, **other: object) -> Decision:
    """A round that finds the dwell served; deciding anew from the stored evidence gives the same bytes."""
    found = decide(release, served(release), msgspec.structs.replace(seen(**other), labels=sums), NOW_US)
    stored = msgspec.json.decode(msgspec.json.encode(found.evidence), type=type(found.evidence))
    again = replay(stored)
    assert msgspec.json.encode(again.evidence) == msgspec.json.encode(stored)
    assert again.commands == found.commands
    return found


def command_of(found: Decision) -> Command | None:
    return found.commands[0] if found.commands else None


def test_H5_a_lower_mean_score_is_rolled_back_with_its_numbers() -> None:
    """One sentence with both means, users, the drop in points, and what is tolerated."""
    sums = read(units(np.random.default_rng(1), 6000, drop=0.15))
    command = command_of(decided(release_with(RAIL), sums))
    assert isinstance(command, RollBack)
    for part in ("correctness was 0.71", "against 0.847", "points lower on a scale of 100", "up to 2 lower"):
        assert part in command.reason, command.reason


def test_H5_an_equal_candidate_goes_on() -> None:
    """With enough labels in both arms the step is left."""
    sums = read(units(np.random.default_rng(2), 400))
    assert isinstance(command_of(decided(release_with(RAIL), sums)), Advance)


def test_H5a_non_inferior_asks_for_the_mirror_and_says_what_lacks() -> None:
    """A step that asks for it waits until a drop of the margin is refuted at β."""
    rail = msgspec.structs.replace(RAIL, max_drop=0.1)
    release = release_with(rail, require="non_inferior")
    few = decided(release, read(units(np.random.default_rng(3), 200), rail))
    assert few.commands == ()
    assert "correctness less than 10 % of its scale below the control's" in few.progress.waiting
    many = decided(release, read(units(np.random.default_rng(3), 4000), rail))
    assert isinstance(command_of(many), Advance)
    assert many.evidence.margins is not None
    assert many.evidence.margins.evidence[0].log_e > math.log(20)


def test_L1_reviewers_are_shown_the_scores_as_they_stood() -> None:
    """Frozen when the release comes to the approval, with the rest of the comparison."""
    stages = (RolloutStage(steps=PLAN.steps[:1]), ApprovalStage(name="go", roles=("ml_lead",)))
    rest = RolloutStage(name="rest", steps=PLAN.steps[1:])
    release = running(msgspec.structs.replace(PLAN, guardrails=(RAIL,), steps=(), stages=(*stages, rest)))
    sums = read(units(np.random.default_rng(1), 400))
    waiting = entered(release, 1, {}, "signed next", labels=(sums,))
    found = shown(msgspec.json.decode(msgspec.json.encode(waiting), type=Release), ()).harm
    assert found == judge_harm(release, {}, scores=(sums,))
    assert found is not None
    assert (found.evidence[0].no_data, found.evidence[0].candidate > 100) == ("", True)


def test_H5a_a_later_attempt_must_show_more() -> None:
    """The third is held to β/4 (statistics 5)."""
    rail = msgspec.structs.replace(RAIL, max_drop=0.1)
    release = release_with(rail, require="non_inferior")
    third = msgspec.structs.replace(release, lineage=msgspec.structs.replace(release.lineage, attempt=3))
    sums = read(units(np.random.default_rng(3), 4000), rail)
    needed = [d.evidence.margins.needed for d in (decided(release, sums), decided(third, sums)) if d.evidence.margins]
    assert needed[1] - needed[0] == pytest.approx(math.log(4), abs=1e-6)


def test_a_drop_of_nothing_cannot_be_asked_to_be_shown() -> None:
    """A promotion margin of 0 is a fault of the plan."""
    with pytest.raises(InvalidInput, match="inside a max_drop of 0"):
        release_with(msgspec.structs.replace(RAIL, max_drop=0.0), require="non_inferior")


@pytest.mark.parametrize(
    ("rail", "what"),
    [
        (Guardrail(metric=METRIC, max_drop=0.6), "not in"),
        (Guardrail(metric=METRIC, max_drop=math.nan), "not in"),
        (Guardrail(metric=METRIC, max_ratio=1.5), "no ratio"),
        (Guardrail(metric="call.error", max_drop=0.1), "no score"),
        (Guardrail(metric="call.error", min_labels=5), "waits for nobody"),
        (Guardrail(metric="call.error", maturation_s=60), "waits for nobody"),
        (Guardrail(metric=METRIC, maturation_s=math.inf), "inf"),
        (Guardrail(metric=METRIC, maturation_s=0), "0 s"),
        (Guardrail(metric=METRIC, min_labels=0), "0 labels"),
    ],
)
def test_a_guardrail_on_a_score_says_what_can_work(rail: Guardrail, what: str) -> None:
    """What cannot is refused, with a mend."""
    with pytest.raises(InvalidInput, match=what) as refused:
        Plan(owner="ada@example.com", steps=PLAN.steps, guardrails=(rail,))
    assert refused.value.mend


@given(
    st.lists(st.tuples(st.integers(1, 2), st.none() | st.floats(0, 1), st.integers(0, 2), st.booleans()), max_size=40),
    st.lists(st.integers(0, 40), max_size=5),
)
def test_T43_batches_do_not_matter(drawn: list[tuple[int, float | None, int, bool]], cuts: list[int]) -> None:
    """However units mature, and whatever was stored in between, the sums are those of all at once."""
    found = [unit(n, arm, value, stratum, 1000 if late else 1) for n, (arm, value, stratum, late) in enumerate(drawn)]
    state, at = LabelSums(metric=METRIC), 0
    for cut in [*sorted(cuts), 40]:
        state = read_on(state, RAIL, 3, found[at : max(at, cut)])
        state = msgspec.json.decode(msgspec.json.encode(state), type=LabelSums)
        at = max(at, cut)
    assert state == read(found)


def test_T43_a_restart_counts_the_units_of_its_step_on() -> None:
    """The process restarted at a step is that of the units enrolled from it on, in the same order."""
    rng = np.random.default_rng(5)
    found = [msgspec.structs.replace(one, stratum=i // 400) for i, one in enumerate(units(rng, 1200))]
    state = read(found)
    assert [game.candidate + game.control for game in state.games] == [1200, 800, 400]
    alone = read([msgspec.structs.replace(one, stratum=0) for one in found[400:]])
    assert labels.harm_log_e(state, 1) == labels.harm_log_e(alone, 0)


def test_T5_harm_that_begins_late_is_seen_by_a_later_restart() -> None:
    """After a long healthy start the mixture acts on what came since."""
    rng = np.random.default_rng(6)
    healthy = units(rng, 6000)
    bad = []
    for one in units(rng, 2500, 0.2):
        assert one.label is not None
        at_us = one.exposed_at_us + 6000 * S
        label = Label(at_us, one.label.value)
        bad.append(msgspec.structs.replace(one, stratum=1, exposed_at_us=at_us, label=label))
    release = msgspec.structs.replace(release_with(RAIL), step=1, restarts=({}, {}))
    (found,) = judge_harm(release, {}, scores=(read([*healthy, *bad]),)).evidence
    assert found.restarts[1] > found.restarts[0] + 5
    assert found.log_e > math.log(1 / release.plan.alpha)


def test_T28_a_label_after_its_time_is_missing() -> None:
    """It was decided without it: 15 minutes, or what the guardrail says."""
    found = [unit(1, 1, 1.0, late_s=900), unit(2, 2, 1.0, late_s=900.001), unit(3, 1, None)]
    assert (read(found).labelled(), read(found).missing()) == ((1, 0), (1, 1))
    patient = msgspec.structs.replace(RAIL, maturation_s=3600)
    assert read(found, patient).labelled() == (1, 1)


@pytest.mark.parametrize("rail", [RAIL, THUMBS], ids=["score", "thumbs"])
def test_T28_no_step_is_left_without_labels(rail: Guardrail) -> None:
    """A metric that nobody tells is no data, and never a pass."""
    found = decided(release_with(rail))
    assert found.commands == ()
    assert found.progress.waiting.startswith("At 5 %: no data on ")
    assert found.verdict.label == "no_data"


def test_T28_a_release_that_began_before_labels_were_awaited_goes_on_as_it_began() -> None:
    """Nobody awaited those of its users, so that it would never leave its step."""
    release = msgspec.structs.replace(release_with(THUMBS), stats_v=1)
    assert isinstance(command_of(decided(release)), Advance)
    assert command_of(decided(release_with(THUMBS))) is None


def test_T28_labels_of_the_step_before_do_not_count_for_this_one() -> None:
    """When they cease to come in a later step, that one is not left."""
    sums = read(units(np.random.default_rng(2), 400))
    release = msgspec.structs.replace(release_with(RAIL), step=1, restarts=({}, {}))
    found = decided(release, sums)
    assert found.commands == ()
    assert "no data on correctness: of 20 labels that each arm needs, 0 came" in found.progress.waiting


def test_T28_one_thumb_in_each_arm_is_enough_unless_more_are_asked_for() -> None:
    """`min_labels` says how many."""
    sums = read([unit(1, 1, 0.0), unit(2, 2, 0.0)], THUMBS)
    assert sums.games == ()
    assert isinstance(command_of(decided(release_with(THUMBS), sums)), Advance)
    strict = msgspec.structs.replace(THUMBS, min_labels=2)
    assert decided(release_with(strict), sums).commands == ()


def test_T28_info_signals_and_dry_runs_hold_nothing() -> None:
    """What rolls nothing back waits for nothing."""
    signal = Guardrail(metric="feedback.escalated", role="signal")
    rails = (msgspec.structs.replace(RAIL, role="info"), msgspec.structs.replace(THUMBS, dry_run=True), signal)
    other = Guardrail(metric="call.error")
    assert isinstance(command_of(decided(release_with(other, *rails))), Advance)


def _silenced(candidate: float, control: float, n: int = 2000) -> LabelSums:
    rng = np.random.default_rng(9)
    found = []
    for number in range(n):
        arm = 1 + number % 2
        silent = rng.random() < (candidate if arm == Arm.CANDIDATE else control)
        found.append(unit(number, arm, None if silent else 0.8))
    return read(found)


@pytest.mark.parametrize(("candidate", "control"), [(0.5, 0.1), (0.1, 0.5), (0.97, 0.9), (1.0, 0.95)])
def test_T28_labels_that_lack_more_in_one_arm_pause(candidate: float, control: float) -> None:
    """In whichever arm, and whether most users are told of or few; the reason has both shares."""
    command = command_of(decided(release_with(RAIL), _silenced(candidate, control)))
    assert isinstance(command, Pause)
    assert command.trigger == f"labels:{METRIC}"
    assert not command.auto_resume
    assert "of the candidate's users, but of" in command.reason
    assert "nothing can be compared" in command.reason


def test_T28_a_resume_acknowledges_the_missing_labels() -> None:
    """That trigger counts later units only; the release does not pause again at the next look."""
    release, sums = release_with(RAIL), _silenced(0.5, 0.1)
    first = decided(release, sums)
    (command,) = first.commands
    assert isinstance(command, Pause)
    stopped = paused(release, Hold(trigger=command.trigger, reason=command.reason, at_us=NOW_US))
    going = resumed(stopped, first.progress, "known")
    assert going.rearmed[command.trigger]["candidate_missing"] == sums.missing()[0]
    assert isinstance(command_of(decided(going, sums)), Advance)


def test_S1_a_signal_on_a_score_pauses_and_re_arms_on_later_data() -> None:
    """The evidence from then on is what it has grown by (statistics 1)."""
    release = release_with(msgspec.structs.replace(RAIL, role="signal"))
    sums = read(units(np.random.default_rng(1), 6000, drop=0.15))
    first = decided(release, sums)
    (command,) = first.commands
    assert isinstance(command, Pause)
    assert command.trigger == f"guardrail:{METRIC}"
    stopped = paused(release, Hold(trigger=command.trigger, reason=command.reason, at_us=NOW_US))
    going = resumed(stopped, first.progress, "known")
    (left,) = judge_harm(going, {}, scores=(sums,)).evidence
    assert left.log_e == pytest.approx(0, abs=2e-6)
    assert isinstance(command_of(decided(going, sums)), Advance)


def test_S1_a_signal_that_was_resumed_twice_is_quiet_again() -> None:
    """Each resume acknowledges all that was seen by then, and not only what had come since the one before."""
    release, sums = release_with(msgspec.structs.replace(RAIL, role="signal")), LabelSums(metric=METRIC)
    harmed = units(np.random.default_rng(1), 16_000, drop=0.15)
    for more in (harmed[:6000], harmed[6000:]):
        sums = read_on(sums, RAIL, 3, more)
        stop = decided(release, sums)
        (command,) = stop.commands
        assert isinstance(command, Pause)
        hold = Hold(trigger=command.trigger, reason=command.reason, at_us=NOW_US)
        release = resumed(paused(release, hold), stop.progress, "known")
        (left,) = judge_harm(release, {}, scores=(sums,)).evidence
        assert left.log_e == pytest.approx(0, abs=3e-6)


def _harmed(rng: np.random.Generator, n: int, drop: float, silent: float, drift: bool) -> bool:
    """Whether a release is rolled back at any of its looks, over two steps, with everything drawn at once."""
    arm = 1 + (rng.random(n) < 0.5).astype(int)
    mean = 0.75 + (0.15 * np.sin(np.arange(n) / n * 4 * math.pi) if drift else 0.0)
    value = np.clip(rng.normal(mean - drop * (arm == Arm.CANDIDATE), 0.1), 0, 1)
    told: npt.NDArray[np.bool_] = rng.random(n) >= silent
    found = [unit(i, int(arm[i]), float(value[i]) if told[i] else None, stratum=2 * i // n) for i in range(n)]
    release = msgspec.structs.replace(release_with(RAIL, alpha=0.05), step=1, restarts=({}, {}))
    state = LabelSums(metric=METRIC)
    for at in range(0, n, 60):
        state = read_on(state, RAIL, 3, found[at : at + 60])
        if judge_harm(release, {}, scores=(state,)).culprits:
            return True
    return False


@pytest.mark.parametrize("drift", [False, True])
def test_T6_false_rollbacks_stay_below_alpha_at_the_margin(drift: bool) -> None:
    """300 releases just at the margin, looked at every 60 units, two thirds of labels missing: no more false rollbacks
    than a true rate of α exceeds once in a million runs."""
    rng = np.random.default_rng(11)
    false = sum(_harmed(rng, 900, 0.02, 0.6, drift) for _ in range(300))
    assert false <= stats.binom.ppf(1 - 1e-6, 300, 0.05)


def test_T6_harm_is_found() -> None:
    """A drop of .10 is found in nearly all of 40 releases of 900 labelled users."""
    rng = np.random.default_rng(12)
    assert sum(_harmed(rng, 900, 0.10, 0.0, False) for _ in range(40)) >= 38


def test_T28_healthy_labels_never_pause() -> None:
    """3,000 releases with alike missing labels, looked at at every hundredth unit: at most α of false alarms."""
    rng = np.random.default_rng(13)
    alarms, looks = 0, np.arange(100, 2001, 100)
    from_arms = rng.binomial
    for silent in (0.1, 0.9, 0.98):
        for _ in range(1000):
            steps = np.cumsum(from_arms(50, 1 - silent, (len(looks), 2)), axis=0)
            for n, (one, other) in zip(looks.tolist(), steps.tolist(), strict=True):
                if _alarmed(one, other, n // 2):
                    alarms += 1
                    break
    assert alarms <= stats.binom.ppf(1 - 1e-6, 3000, 0.001)


def _alarmed(candidate: int, control: int, each: int) -> bool:
    sums = LabelSums(
        metric=METRIC, strata=(StratumLabels(0, candidate, control, each - candidate, each - control, 0, 0),)
    )
    return judge_missing(release_with(RAIL), sums).log_e >= math.log(1 / ALPHA)
