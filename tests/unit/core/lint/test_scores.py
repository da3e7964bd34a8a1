"""What a guardrail on scores would see of an app's traffic."""

from __future__ import annotations

import math

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.lint import scores
from serinus.core.lint.forecast import forecast, log_bar
from serinus.core.lint.traffic import Graded
from serinus.core.pipeline.plan import Guardrail, Plan
from tests.unit.core.lint.test_forecast import HOUR_S, STEPS, plan, told, traffic

METRIC = "judge.correctness"
RAIL = Guardrail(metric=METRIC, max_drop=0.02, maturation_s=HOUR_S)
RAILS = (RAIL,)
KNOWN = {METRIC: Graded(share=0.05, mean=0.8, sd=0.2)}


def scored(**changes: object) -> Plan:
    """A plan that compares the score alone."""
    return plan(**{"guardrails": RAILS, "limits": (), **changes})


def test_H5_users_with_a_grade_are_those_whose_maturation_has_passed() -> None:
    """In 2 h at 5 % those of the first hour, with the chance that any call within an hour was graded."""
    known = traffic(graded=KNOWN)
    [one] = forecast(scored(), known).steps[0].metrics
    expected = 0.05 * known.units(1.0) * known.unit_rate(0.05, 1.0)
    assert one.graded == pytest.approx(expected)
    assert one.unit_rate == pytest.approx(expected / (0.05 * known.units(2.0)))
    assert scores.units(known, RAIL, [(0.9, 0.05)]) == 0.0


def test_H5_the_smallest_drop_that_is_seen_is_seen_with_four_chances_of_five() -> None:
    """It shrinks with the steps and with the answers graded, and lies above what is tolerated."""
    known = traffic(graded=KNOWN)
    found = forecast(scored(), known)
    drops = [step.metrics[0].smallest_drop for step in found.steps[:2]]
    assert drops[0] is not None
    assert drops[1] is not None
    assert 0.02 < drops[1] < drops[0]
    slices = [[(part * 14, 0.05), (part * 14 - 2, 0.44)] for part in (1.0, 0.7, 0.5, 0.35, 0.25)]
    assert scores.seen(known, RAIL, slices, drops[1], log_bar(scored(), RAIL)) == pytest.approx(0.8, abs=0.02)
    more = forecast(scored(), traffic(graded={METRIC: Graded(share=0.5, sd=0.2)})).steps[0].metrics[0]
    assert more.smallest_drop is not None
    assert more.smallest_drop < drops[0]
    [drop] = found.drops
    assert drop.drop == pytest.approx(0.07)
    assert drop.hours_median is not None
    assert drop.hours_likely is not None
    assert 1.0 < drop.hours_median <= drop.hours_likely < 14
    assert any("lower by 7 points of 100 is seen after" in what for _, what in told(scored(), known, "info"))


def test_a_score_has_its_share_of_alpha_and_of_restarts_at_steps() -> None:
    """Two compared steps, alone at 1 %: α · 0.44."""
    assert log_bar(scored(), RAIL) == pytest.approx(-math.log(0.01 * 0.44))


def test_H5a_a_comparison_that_sees_no_drop_at_all_is_an_error_and_one_that_sees_large_ones_a_warning() -> None:
    """Nine graded users in an arm see nothing; some hundred see a large drop."""
    few = traffic(40.0, graded={METRIC: Graded(share=0.02)})
    steps = (msgspec.structs.replace(STEPS[0], min_units=1), *STEPS[1:])
    rails = (msgspec.structs.replace(RAIL, min_labels=1),)
    errors = [what for where, what in told(scored(steps=steps, guardrails=rails), few, "error") if "[1]" in where]
    assert any("what it sees with 80 % is no drop at all" in what for what in errors)
    some = traffic(400.0, graded={METRIC: Graded(share=0.2)})
    assert told(scored(steps=steps, guardrails=rails), some, "error") == []
    warned = [what for where, what in told(scored(steps=steps, guardrails=rails), some, "warning") if "[1]" in where]
    assert any("is a drop of" in what for what in warned)


def test_a_step_waits_for_its_grades() -> None:
    """20 of each arm at 5 %, one answer of two hundred graded: longer than the dwell, and told; never: an error."""
    slow = traffic(4000.0, graded={METRIC: Graded(share=0.005)})
    first = forecast(scored(), slow).steps[0]
    assert first.waits_for == METRIC
    assert first.hours is not None
    assert first.hours > 2.0
    assert 0.05 * slow.units(first.hours - 1) * slow.unit_rate(0.005, 1.0) == pytest.approx(20, rel=0.05)
    assert any(
        "until there are 20 users of each arm with a grade" in what for _, what in told(scored(), slow, "warning")
    )
    never = traffic(10.0, graded={METRIC: Graded(share=0.0001)}, reach=((1.0, 5.0), (24.0, 5.0)))
    steps = (msgspec.structs.replace(STEPS[0], min_units=0), *STEPS[1:])
    assert forecast(scored(steps=steps), never).hours is None
    assert any("do not come within 90 days" in what for _, what in told(scored(steps=steps), never, "error"))


def test_H5a_showing_a_drop_small_enough_takes_its_time() -> None:
    """A wide margin is shown soon, a narrow one needs longer than the dwell."""
    steps = (STEPS[0], msgspec.structs.replace(STEPS[1], require="non_inferior"), STEPS[2])
    known = traffic(2000.0, graded=KNOWN)

    def hours(max_drop: float) -> float | None:
        rails = (msgspec.structs.replace(RAIL, max_drop=max_drop),)
        return forecast(scored(steps=steps, guardrails=rails), known).steps[1].metrics[0].hours_to_show

    wide, narrow = hours(0.1), hours(0.02)
    assert wide is not None
    assert narrow is None or narrow > 12 > wide
    every = told(scored(steps=steps), known, "warning") + told(scored(steps=steps), known, "error")
    assert any("lower by 2 points of 100" in what for where, what in every if where.endswith("require"))


def test_scores_of_which_nothing_is_known_are_told_and_a_judges_share_is_enough() -> None:
    """No grade in the traffic: a warning. The share that a judge grades says how many come of its scores alone."""
    assert forecast(scored(), traffic()).ungraded == (METRIC,)
    assert any(where == "traffic.scores" for where, _ in told(scored(), traffic(), "warning"))
    judged = traffic(judged=0.05)
    assert forecast(scored(), judged).ungraded == ()
    assert forecast(scored(guardrails=(Guardrail(metric="feedback.rating"),)), judged).ungraded == ("feedback.rating",)


@pytest.mark.parametrize("field", ["share", "mean", "sd"])
def test_grades_that_cannot_be_are_refused(field: str) -> None:
    """The score is named."""
    with pytest.raises(InvalidInput) as caught:
        traffic(graded={METRIC: Graded(**{"share": 0.1, field: 1.5})})
    assert caught.value.where == f"traffic.scores.{METRIC}"
    assert caught.value.mend
