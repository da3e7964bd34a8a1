"""The gate: what numbers come to, in the one order of worse, and never a pass for what was not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from serinus.core.judging.answer import Answer, Fault
from serinus.core.judging.calibration import calibration
from serinus.core.judging.case import Case
from serinus.core.judging.gate import Run, blind_spots, report
from serinus.core.judging.report import SuiteReport, VersionRef, evidence_json, stage_result
from serinus.core.judging.score import Score, failed, passed, unscored
from serinus.core.judging.scorers import Assertions, Exact, Judge
from serinus.core.judging.suite import Criterion, Suite
from serinus.core.judging.tally import BASELINE, CANDIDATE, Tally

JUDGE = Judge(criterion="c", endpoint="e", model="gpt-4o")
Rated = Callable[[int], Score]


def ref(name: str) -> VersionRef:
    """A version."""
    return VersionRef(name=name, digest=name * 8, endpoint="sim", model="sim-small")


def ran(
    n: int,
    candidate: Rated,
    baseline: Rated | None = None,
    criterion: dict[str, Any] | None = None,
    cases: Sequence[Case] | None = None,
    cut_short: str = "",
    **suite: Any,
) -> SuiteReport:
    """The report of n cases with these scores under one criterion."""
    asked = Criterion(**{"name": "exact", "scorer": Exact(), **({"min": 0.9} if criterion is None else criterion)})
    made = Suite(name="golden", data="0" * 64, criteria=(asked,), **suite)
    known = cases or [Case(id=str(i), input="x") for i in range(n)]
    tally = Tally(n, 1, [None, None])
    for side, rated in ((CANDIDATE, candidate), (BASELINE, baseline)):
        for i in range(n) if rated else ():
            tally.answered(side, Answer(text="x", latency_ms=10.0 + i))
            tally.scored(side, 0, i, rated(i))  # type: ignore[misc]
    return report(
        Run(
            suite=made,
            cases=known,
            candidate=ref("cand"),
            baseline=ref("base") if baseline else None,
            tally=tally,
            code="1",
            cut_short=cut_short,
        )
    )


def up_to(good: int) -> Rated:
    """The first cases pass."""
    return lambda i: passed() if i < good else failed("wrong")


@pytest.mark.parametrize(("good", "outcome"), [(91, "pass"), (90, "pass"), (89, "fail"), (0, "fail")])
def test_an_absolute_threshold_is_about_the_cases_themselves(good: int, outcome: str) -> None:
    """Their own mean against the threshold, which itself suffices."""
    assert ran(100, up_to(good)).outcome == outcome


@pytest.mark.parametrize(("good", "outcome"), [(100, "pass"), (91, "inconclusive"), (80, "fail")])
def test_a_confident_threshold_needs_the_whole_interval(good: int, outcome: str) -> None:
    """Between sure and surely not lies inconclusive."""
    assert ran(100, up_to(good), criterion={"min": 0.9, "confident": True}).outcome == outcome


def test_D2_a_drop_is_judged_by_pairs_with_its_interval() -> None:
    """Equal is a pass, a clear drop a fail, and what got worse is named, most lost first."""
    drop = {"max_drop": 0.05}
    equal = ran(200, up_to(180), up_to(180), criterion=drop)
    assert equal.outcome == "pass"
    worse = ran(200, up_to(140), up_to(180), criterion=drop)
    assert worse.outcome == "fail"
    compared = worse.criteria[0].comparison
    assert compared is not None
    assert (compared.wins, compared.losses, compared.ties) == (0, 40, 160)
    assert compared.p_value < 1e-10
    assert [one.case for one in compared.worse[:3]] == ["140", "141", "142"]
    assert compared.difference.low < -0.2 < compared.difference.high


def test_D2_too_few_cases_for_the_question_are_inconclusive() -> None:
    """The text says what these cases can show, and how many it would take."""

    def mixed(i: int) -> Score:
        return passed() if i % 10 else failed("wrong")

    found = ran(60, mixed, up_to(54), criterion={"max_drop": 0.02})
    assert found.outcome == "inconclusive"
    assert "these cases show drops from" in found.text
    assert "2 would take about" in found.text


def test_what_a_gate_cannot_show_is_known_before_it_runs() -> None:
    """100 cases with one in ten differing show 8.8 points and no 3; 1,000 show 3."""
    suite = Suite(name="g", data="0" * 64, criteria=(Criterion(name="e", scorer=Exact(), max_drop=0.03),))
    (spot,) = blind_spots(suite, [Case(id=str(i), input="x") for i in range(100)])
    assert "100 cases" in spot
    assert blind_spots(suite, [Case(id=str(i), input="x") for i in range(1100)]) == []


def test_unscored_never_passes_and_its_rate_is_a_gate_of_its_own() -> None:
    """One of 100 without a score is inconclusive, unless the suite allows one in a hundred; it lowers no mean."""

    def one_missing(i: int) -> Score:
        return unscored("the judge gave no grade") if i == 7 else passed()

    strict = ran(100, one_missing)
    assert strict.outcome == "inconclusive"
    assert "the judge gave no grade" in strict.text
    lenient = ran(100, one_missing, max_unscored=0.01)
    assert lenient.outcome == "pass"
    assert lenient.criteria[0].candidate.cases == 99
    assert ran(100, lambda _: unscored("gone"), max_unscored=1.0).outcome == "no-data"


def test_missing_answers_are_an_error_of_the_measurement() -> None:
    """Neither a fail of the candidate nor a pass."""
    suite = Suite(name="g", data="0" * 64, criteria=(Criterion(name="e", scorer=Exact(), min=0.5),))
    tally = Tally(2, 1, [None])
    tally.answered(CANDIDATE, Answer(text="x", latency_ms=1))
    tally.scored(CANDIDATE, 0, 0, passed())
    tally.answered(CANDIDATE, Fault(kind="upstream_error", text="", status=500))
    cases = [Case(id="1", input="x"), Case(id="2", input="x")]
    run = Run(suite=suite, cases=cases, candidate=ref("cand"), baseline=None, tally=tally, code="1")
    found = report(run)
    assert found.outcome == "error"
    assert "1 of 2 questions unanswered (upstream_error 500: 1)" in found.text
    allowed = msgspec.structs.replace(run, suite=msgspec.structs.replace(suite, max_unscored=0.5))
    assert report(allowed).outcome == "pass"


def test_a_run_that_is_cut_short_is_inconclusive_whatever_it_saw() -> None:
    """Half of the cases neither pass nor fail a suite."""
    for good in (0, 100):
        found = ran(100, up_to(good), cut_short="the cost ceiling of $1 is reached")
        assert found.outcome == "inconclusive"
        assert "cost ceiling" in found.text


def test_too_few_cases_are_inconclusive() -> None:
    """Of the suite, and of a criterion over a slice."""
    assert ran(10, up_to(10), min_cases=11).outcome == "inconclusive"
    assert ran(10, up_to(10), criterion={"min": 0.5, "min_cases": 11}).outcome == "inconclusive"


def test_nothing_that_gates_is_no_data() -> None:
    """A suite without thresholds informs and never passes."""
    assert ran(10, up_to(10), criterion={}).outcome == "no-data"
    assert ran(10, up_to(0), criterion={"min": 0.9, "dry_run": True}).outcome == "no-data"


def calibrated(good: int, bad: int, judge: str = "") -> dict[str, Any]:
    """A criterion with a judge that found so many of 60 good and of 60 bad answers."""
    bare = Criterion(name="judged", scorer=JUDGE)
    counted = [("pass", "pass")] * good + [("pass", "fail")] * (60 - good)
    counted += [("fail", "fail")] * bad + [("fail", "pass")] * (60 - bad)
    made = calibration(judge or bare.digest, "labels", JUDGE.grades, counted, 0)
    return {"name": "judged", "scorer": JUDGE, "min": 0.9, "calibration": made}


@pytest.mark.parametrize(
    ("criterion", "dry"),
    [
        ({"name": "judged", "scorer": JUDGE, "min": 0.9}, "the judge is not calibrated"),
        (calibrated(60, 60, "another"), "the judge has changed since its calibration"),
        (calibrated(50, 60), "it finds 83.3% of good answers"),
        (calibrated(60, 50), "it finds 83.3% of bad answers"),
        (calibrated(60, 55), ""),
    ],
)
def test_D8_a_judge_gates_only_after_its_calibration(criterion: dict[str, Any], dry: str) -> None:
    """Both lower 95 % bounds reach 80 %, for exactly this judge; until then it is shown and gates nothing."""
    found = ran(100, up_to(10), criterion=criterion)
    (finding,) = [one for one in found.findings if one.check == "min"]
    assert finding.dry.startswith(dry)
    assert bool(finding.dry) == bool(dry)
    assert found.outcome == ("no-data" if dry else "fail")


def test_a_slice_counts_its_own_cases_only() -> None:
    """Cases without the tags, and without assertions, are neither scored nor missing."""
    cases = [Case(id=str(i), input="x", tags={"topic": "refund"} if i < 4 else {}) for i in range(10)]
    found = ran(10, up_to(4), criterion={"min": 0.9, "where": {"topic": "refund"}}, cases=cases)
    assert found.criteria[0].candidate.cases == 4
    bare = ran(10, up_to(10), criterion={"scorer": Assertions(), "min": 0.9}, cases=cases)
    assert bare.criteria[0].candidate.cases == 0
    assert bare.outcome == "no-data"


def test_a_stage_is_as_good_as_its_worst_suite() -> None:
    """One sentence, and evidence whose digest follows from it; the same numbers give the same digest."""
    good, bad = ran(10, up_to(10)), ran(10, up_to(1))
    result = stage_result("rel_1", 0, 1, 5, [good, bad])
    assert result.outcome == "fail"
    assert result.text == bad.text
    assert stage_result("rel_1", 0, 2, 9, [good, bad]).evidence_digest == result.evidence_digest
    assert stage_result("rel_1", 0, 1, 5, [good]).outcome == "pass"
    assert stage_result("rel_1", 0, 1, 5, []).outcome == "no-data"
    assert evidence_json([good]) != evidence_json([bad])
