"""What guardrails on latency, cost and tokens need, and what bad numbers do: a pause or a wait, with the reason."""

from __future__ import annotations

import math

import msgspec
import pytest

from serinus.core.decision.commands import Advance, Calibrate, Command, Pause, RollBack
from serinus.core.decision.decision import decide, replay
from serinus.core.decision.harm import last_log_e
from serinus.core.decision.observations import Observations
from serinus.core.decision.ratios import UnitSpread
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.records.unit_measures import BUCKETS, Spread
from serinus.core.release.release import Hold, Progress, Release
from serinus.core.release.transitions import advanced, calibrated, paused, resumed
from serinus.core.release.yardstick import Yardstick, measures
from serinus.core.routing.assignment import Arm
from tests.unit.core.decision.cases import NOW_US, PLAN, running, seen, served

P95 = Guardrail(metric="latency.p95", max_ratio=1.1)
COST = Guardrail(metric="cost.per_call", max_ratio=1.15, design_ratio=1.6)
KNOWN = Yardstick(metric="latency.p95", at_us=800_000, values=5000, source="history")


def _release(*guardrails: Guardrail, require: str = "no_harm") -> Release:
    steps = (msgspec.structs.replace(PLAN.steps[0], require=require), *PLAN.steps[1:])
    return running(msgspec.structs.replace(PLAN, guardrails=guardrails, steps=steps, stages=()))


def _spread(arm: Arm, units: int, mean: int, wobble: float = 0.3, stratum: int = 0) -> UnitSpread:
    """A calls-a-bucket of 8 and costs that differ by bucket."""
    y = [8 * units // 200 or 1] * BUCKETS
    x = [int(mean * n * (1 + wobble * math.sin(i * 1.7))) for i, n in enumerate(y)]
    pairs = list(zip(x, y, strict=True))
    sums = Spread(sum(y), sum(x), sum(a * a for a in x), sum(a * b for a, b in pairs), sum(b * b for b in y))
    return UnitSpread(stratum, "cost.per_call", arm, units, sums)


def _asked(release: Release, observations: Observations, stored: Progress | None = None) -> Command | None:
    found = decide(release, stored or served(release), observations, NOW_US)
    again = replay(found.evidence)
    assert msgspec.json.encode(again.evidence) == msgspec.json.encode(found.evidence)
    assert again.commands == found.commands
    return found.commands[0] if found.commands else None


def _waits(release: Release, observations: Observations) -> str:
    found = decide(release, served(release), observations, NOW_US)
    assert not found.commands
    return found.progress.waiting


def test_a_dearer_candidate_is_rolled_back_with_its_numbers() -> None:
    """Cost per call far above the margin: one sentence with both means, the users and what is tolerated."""
    spreads = (_spread(Arm.CANDIDATE, 3000, 20_000_000), _spread(Arm.CONTROL, 3000, 10_000_000))
    command = _asked(_release(COST), seen(spreads=spreads))
    assert isinstance(command, RollBack)
    assert "cost per call was $0.02 over 3,000 candidate users against $0.01 over 3,000 in control" in command.reason
    assert "(2.00 times); up to 1.15 times is tolerated" in command.reason
    assert "in fewer than about 1 in " in command.reason


def test_an_equal_candidate_is_shown_to_be_inside_its_margins() -> None:
    """`non_inferior` waits until the mirror tests of latency and cost reach 1/β, and goes on then."""
    release = msgspec.structs.replace(_release(COST, P95, require="non_inferior"), yardsticks=(KNOWN,))
    spreads = (_spread(Arm.CANDIDATE, 3000, 10_000_000, 0.1), _spread(Arm.CONTROL, 3000, 10_000_000, 0.1))
    few = _waits(release, seen(spreads=spreads, positions={"latency.p95": (6, 8)}))
    assert "not yet shown at 20 to 1: p95 latency below 1.1 times the control's" in few
    enough = seen(spreads=spreads, positions={"latency.p95": (60, 120)})
    assert isinstance(_asked(release, enough), Advance)


def test_a_slower_candidate_is_rolled_back_with_its_threshold() -> None:
    """More of its users beyond 1.1 times the control's own p95 than of the control's beyond that."""
    release = msgspec.structs.replace(_release(P95), yardsticks=(KNOWN,))
    command = _asked(release, seen(positions={"latency.p95": (90, 20)}))
    assert isinstance(command, RollBack)
    assert "p95 latency: 22.5 % of candidate users waited longer than 880 ms (90 of 400)" in command.reason
    assert "against 5 % of control longer than 800 ms, its own (20 of 400)" in command.reason


def test_thresholds_nobody_knows_are_learned_once_and_nothing_advances_before() -> None:
    """Without history the step waits; the first quantiles of the control are frozen by a command, and stay."""
    release = _release(P95)
    assert "no judgement of p95 latency: too few answers of the control" in _waits(release, seen())
    command = _asked(release, seen(yardsticks=(KNOWN,)))
    assert isinstance(command, Calibrate)
    after = calibrated(release, command.yardsticks, command.reason)
    (measured,) = measures(after.plan, after.yardsticks)
    assert (measured.candidate, measured.control) == (880_000, 800_000)
    other = msgspec.structs.replace(KNOWN, at_us=1)
    assert calibrated(after, (other,), "again").yardsticks == (KNOWN,)
    assert isinstance(_asked(after, seen()), Advance)


@pytest.mark.parametrize(
    "spreads",
    [
        (),
        (_spread(Arm.CONTROL, 3000, 10_000_000),),
        (_spread(Arm.CANDIDATE, 3000, 10_000_000),),
        (_spread(Arm.CANDIDATE, 1, 10_000_000), _spread(Arm.CONTROL, 1, 10_000_000)),
        (_spread(Arm.CANDIDATE, 3000, 0), _spread(Arm.CONTROL, 3000, 0)),
    ],
    ids=["empty arms", "control only", "candidate only", "one unit", "zero"],
)
def test_what_cannot_be_judged_never_passes(spreads: tuple[UnitSpread, ...]) -> None:
    """A metric without data in both arms holds the step, with the reason; it neither rolls back nor advances."""
    assert "no judgement of cost per call: " in _waits(_release(COST), seen(spreads=spreads))


def test_a_shown_only_metric_without_data_holds_nothing() -> None:
    """Info and dry runs never decide."""
    rail = msgspec.structs.replace(COST, role="info")
    assert isinstance(_asked(_release(rail, Guardrail(metric="call.error")), seen()), Advance)


@pytest.mark.parametrize("events", [(0, 0), (400, 400), (1, 0)], ids=["zero", "all", "one"])
def test_extreme_counts_are_judged(events: tuple[int, int]) -> None:
    """No event, and everybody with one, are no harm."""
    release = msgspec.structs.replace(_release(P95, Guardrail(metric="call.error")), yardsticks=(KNOWN,))
    assert isinstance(_asked(release, seen(positions={"latency.p95": events, "call.error": events})), Advance)


@pytest.mark.parametrize("now", [{"call.error": (8, 10)}, {}, {"call.error": (-1, 10)}])
def test_counters_that_go_backwards_pause(now: dict[str, tuple[int, int]]) -> None:
    """What only grows got less: a person looks, once, and the release goes on from what is there."""
    release = _release(Guardrail(metric="call.error"))
    stored = served(release, positions={"call.error": (10, 10)})
    command = _asked(release, seen(positions=now), stored)
    assert isinstance(command, Pause)
    assert command.trigger == "counters"
    assert "Counters went backwards (call.error)" in command.reason
    assert not command.auto_resume


def test_lost_information_pauses_and_less_of_it_waits() -> None:
    """Sums that tell far less than they did are not the same data; a heavy user alone only makes the step wait."""
    release = _release(COST)
    spreads = (_spread(Arm.CANDIDATE, 3000, 10_000_000), _spread(Arm.CONTROL, 3000, 10_000_000))
    now = decide(release, served(release), seen(spreads=spreads), NOW_US).progress.information["cost.per_call"]
    stored = served(release, information={"cost.per_call": 3 * now})
    command = _asked(release, seen(spreads=spreads), stored)
    assert isinstance(command, Pause)
    assert "information on cost per call" in command.reason
    stored = served(release, information={"cost.per_call": 1.2 * now})
    found = decide(release, stored, seen(spreads=spreads), NOW_US)
    assert not found.commands
    assert "information has fallen" in found.progress.waiting


@pytest.mark.parametrize(
    "broken",
    [Spread(-1, 5, 5, 5, 5), Spread(5, 5, -5, 5, 5), Spread(10, 10, 1, 100, 1)],
    ids=["negative calls", "negative squares", "impossible products"],
)
def test_sums_that_no_data_have_are_refused(broken: Spread) -> None:
    """The tick pauses what it cannot judge, so that refusing is never a silent pass."""
    spreads = (
        UnitSpread(0, "cost.per_call", Arm.CANDIDATE, 3000, broken),
        _spread(Arm.CONTROL, 3000, 10_000_000),
    )
    with pytest.raises(InvalidInput):
        decide(_release(COST), None, seen(spreads=spreads), NOW_US)


def test_a_signal_on_cost_counts_later_evidence_only_once_resumed() -> None:
    """What a person has seen is divided out; it pauses again when as much comes in anew."""
    release = _release(msgspec.structs.replace(COST, role="signal"))
    spreads = (_spread(Arm.CANDIDATE, 3000, 13_000_000), _spread(Arm.CONTROL, 3000, 10_000_000))
    found = decide(release, served(release), seen(spreads=spreads), NOW_US)
    (command,) = found.commands
    assert isinstance(command, Pause)
    hold = Hold(trigger=command.trigger, reason=command.reason, at_us=NOW_US)
    again = resumed(paused(release, hold), found.progress, "seen")
    quiet = decide(again, found.progress, seen(spreads=spreads), NOW_US)
    assert not any(isinstance(one, Pause) for one in quiet.commands)
    more = (_spread(Arm.CANDIDATE, 9000, 15_000_000), _spread(Arm.CONTROL, 9000, 10_000_000))
    worse = decide(again, quiet.progress, seen(spreads=more), NOW_US)
    assert any(isinstance(one, Pause) for one in worse.commands)


def test_T5_what_costs_said_is_remembered_on_the_next_step_and_in_the_watch() -> None:
    """A later attempt goes on with it: it stands in the progress, not in the sums that are gone by then."""
    release = _release(COST)
    spreads = (_spread(Arm.CANDIDATE, 3000, 12_500_000), _spread(Arm.CONTROL, 3000, 10_000_000))
    found = decide(release, served(release), seen(spreads=spreads), NOW_US)
    assert found.evidence.harm is not None
    assert found.evidence.harm.log_e > 1
    assert last_log_e(release, found.progress) == found.evidence.harm.log_e
    watching = advanced(advanced(release, 2, {}, "next"), 3, {}, "next")
    later = decide(watching, found.progress, seen(), NOW_US)
    assert last_log_e(watching, later.progress) == found.evidence.harm.log_e


@pytest.mark.parametrize(
    "changes",
    [
        {"metric": "speed.tokens_per_s"},
        {"metric": "latency.p95", "max_ratio": 0.9},
        {"metric": "latency.p95", "max_ratio": math.nan},
        {"metric": "latency.p95", "design_ratio": 1.0},
        {"metric": "cost.per_call", "max_ratio": 2.0},
        {"metric": "cost.per_call", "max_ratio": math.inf, "design_ratio": math.inf},
        {"metric": "cost.per_call", "cap": -1.0},
        {"metric": "cost.per_call", "cap": math.nan},
        {"metric": "call.error", "cap": 1.0},
    ],
)
def test_guardrails_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    """Where it stands is named."""
    with pytest.raises(InvalidInput, match="guardrails"):
        msgspec.structs.replace(PLAN, guardrails=(Guardrail(**changes),))  # type: ignore[arg-type]


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 2.0, math.nan])
def test_alpha_lies_inside_of_0_and_1(alpha: float) -> None:
    """Anything else is refused when the plan is made."""
    with pytest.raises(InvalidInput, match="alpha"):
        Plan(owner="a", steps=PLAN.steps, alpha=alpha)
