"""The made-up judge gives the real gate what its numbers say."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
from scipy import stats

from serinus.core.pipeline.stages import StageResult
from serinus.rehearsal.golden import Golden
from serinus.rehearsal.scenario import Judge


def results(judge: Judge, runs: int) -> list[StageResult]:
    """Many runs of one suite."""
    golden = Golden(judge)
    return [golden.measured(np.random.default_rng(seed), "rel", 0, 1, seed) for seed in range(runs)]


def test_q1_grades_are_right_as_often_as_they_should() -> None:
    """Shares of right answers on both sides, and of cases that differ, within exact bounds."""
    judge = Judge(cases=2000, correct=0.8, differs=0.2, drop=0.1, noise=0.0)
    lost = won = right = 0
    for one in results(judge, 20):
        shown = json.loads(one.evidence)["suites"][0]["criteria"][0]
        lost, won = lost + shown["comparison"]["losses"], won + shown["comparison"]["wins"]
        right += round(shown["baseline"]["mean"]["value"] * 2000)
    for hits, chance in ((lost, 0.15), (won, 0.05), (right, 0.8)):
        assert stats.binomtest(hits, 40_000, chance).pvalue > 1e-6


def test_q1_a_drop_at_the_margin_passes_no_more_often_than_the_interval_allows() -> None:
    """The gate is one-sided at 2.5 %: more passes than an exact bound of 1e-6 allows would refute it."""
    passes = sum(one.outcome == "pass" for one in results(Judge(drop=0.03, max_drop=0.03, noise=0.0), 200))
    assert stats.binom.sf(passes - 1, 200, 0.03) > 1e-6


def test_q1_no_drop_passes_and_a_large_one_fails() -> None:
    """Mostly and always; a dead judge never passes."""
    assert Counter(one.outcome for one in results(Judge(), 50))["pass"] >= 45
    assert {one.outcome for one in results(Judge(drop=0.08), 50)} == {"fail"}
    assert {one.outcome for one in results(Judge(dies=True), 5)} == {"no-data"}
