"""Each metric offline, in shadow and live (E3): what each place has seen, and when two of them are a gap apart."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from scipy.stats import binom

from serinus.core.decision.seen import Seen, from_arms, from_pairs
from serinus.core.decision.side_by_side import Beside, gap_of, side_by_side
from serinus.core.decision.standing import Sums, standing
from serinus.core.judging.comparison import Comparison
from serinus.core.judging.report import ArmScores, CriterionReport, SuiteReport, VersionRef, stage_result
from serinus.core.judging.tally import Usage
from serinus.core.pipeline.plan import Guardrail
from serinus.core.pipeline.stages import OfflineStage, RolloutStage, ShadowStage, StageResult
from serinus.core.records.sums import ENROLLED, Sum, SumKey
from serinus.core.release.release import Release
from serinus.core.release.transitions import started
from serinus.core.routing.assignment import Arm
from serinus.core.stats import events
from serinus.core.stats.fixed_sample import Interval
from tests.unit.core.decision.cases import NOW_US, PLAN, created

FORMAT = "call.invalid_format"
STAGES = (
    OfflineStage(name="offline", suites=("golden",)),
    ShadowStage(name="shadow", dwell_s=60.0, min_units=100, budget_s=600.0),
    RolloutStage(steps=PLAN.steps),
)
RAILS = (
    Guardrail(metric=FORMAT, max_ratio=1.5), Guardrail(metric="cost.per_call"), Guardrail(metric="latency.p95"),
)  # fmt: skip
PLAN3 = msgspec.structs.replace(PLAN, steps=(), stages=STAGES, guardrails=RAILS)
USAGE = Usage(
    answers=400, missing=0, faults={}, latency_p50_ms=80.0, latency_p95_ms=200.0, tokens_in=1, tokens_out=8000,
    cost_nano=400_000_000,
)  # fmt: skip


def live() -> Release:
    """A release in its rollout."""
    release = started(created(PLAN3), 1, "started")
    return msgspec.structs.replace(release, stage=2, step=0, attempts=(1, 1, 0))


def arms(candidate: int, control: int, units: int = 5000) -> Sums:
    """Users with a broken format in each arm."""
    return [
        (SumKey("rel_1", 0, ENROLLED, Arm.CANDIDATE), Sum(total=units)),
        (SumKey("rel_1", 0, ENROLLED, Arm.CONTROL), Sum(total=units)),
        (SumKey("rel_1", 0, FORMAT, Arm.CANDIDATE), Sum(total=candidate)),
        (SumKey("rel_1", 0, FORMAT, Arm.CONTROL), Sum(total=control)),
    ]


def offline(failed: int, worse: int, better: int, kind: str = "json_keys", cases: int = 400) -> StageResult:
    """A golden set on which the candidate failed so often, in `worse` of them alone, and the baseline alone in
    `better`."""

    def scores(fails: int) -> ArmScores:
        mean = 1 - fails / cases
        return ArmScores(
            mean=Interval(value=mean, low=0.0, high=1.0), scored=cases, cases=cases, unscored=0, reasons={}
        )

    criterion = CriterionReport(
        name="format",
        kind=kind,
        digest="d",
        candidate=scores(failed),
        baseline=scores(failed - worse + better),
        comparison=Comparison(
            pairs=cases, wins=better, losses=worse, ties=cases - worse - better,
            difference=Interval(value=0.0, low=0.0, high=0.0), p_value=1.0, visible=0.1, worse=(),
        ),
    )  # fmt: skip
    version = VersionRef(name="shop-1", digest="d", endpoint="e", model="m")
    report = SuiteReport(
        suite="golden", suite_digest="s", data_digest="d", code="0", candidate=version, baseline=version, cases=cases,
        repeats=1, criteria=(criterion,), usage=USAGE,
        baseline_usage=msgspec.structs.replace(USAGE, tokens_out=4000), judge_cost_nano=0, findings=(),
    )  # fmt: skip
    return stage_result("rel_1", 0, 1, NOW_US, [report])


def rows(sums: Sums, *results: StageResult, release: Release | None = None) -> dict[str, Beside]:
    """What stands side by side, by metric."""
    release = release or live()
    now = standing(release, None, sums, (), 1, NOW_US, results)
    return {row.metric: row for row in side_by_side(release, now, results, recent={"latency.p95": (300.0, 240.0)})}


def test_E3_each_place_shows_what_it_has_seen() -> None:
    """Rates with their ratio, values without an interval, and nothing where a place has seen nothing."""
    found = rows(arms(50, 40), offline(failed=10, worse=4, better=2))
    row = found[FORMAT]
    assert row.offline is not None
    assert row.live is not None
    assert (row.offline.n, row.offline.candidate, row.offline.baseline) == (
        400,
        pytest.approx(0.025),
        pytest.approx(0.02),
    )
    assert row.offline.ratio == pytest.approx(10 / 8)
    assert (row.live.candidate, row.live.baseline, row.live.ratio) == (0.01, 0.008, 1.25)
    assert row.shadow is None
    assert (row.margin, row.gap) == (1.5, "")
    assert found["latency.p95"].live == Seen(n=5000, candidate=300.0, baseline=240.0, ratio=1.25)
    assert found["latency.p95"].offline == Seen(n=400, candidate=200.0, baseline=200.0, ratio=1.0)
    assert found["tokens.per_call"].offline == Seen(n=400, candidate=20.0, baseline=10.0, ratio=2.0)


def test_E3_places_further_apart_than_the_margin_are_a_gap_and_stand_first() -> None:
    """A golden set that says "as good" while users see three times as many is told with both bounds."""
    result = offline(failed=200, worse=40, better=40)
    found = rows(arms(600, 200), result)
    text = found[FORMAT].gap
    assert text.startswith("broken formats: at least ")
    assert "times the baseline's live, but at most" in text
    assert text.endswith("offline; up to 1.5 times may lie between them")
    assert next(iter(found)) == FORMAT
    assert rows(arms(215, 200), result)[FORMAT].gap == ""
    better = rows(arms(200, 700), result)[FORMAT].gap
    assert "times the baseline's offline, but at most" in better


def test_few_cases_are_no_gap() -> None:
    """24 cases without a failure say nothing against anything that users see."""
    assert rows(arms(600, 200), offline(failed=0, worse=0, better=0, cases=24))[FORMAT].gap == ""


def test_a_criterion_that_no_metric_counts_stands_alone() -> None:
    """By its own name, as a score, without margin or gap."""
    row = rows(arms(5, 5), offline(failed=10, worse=4, better=2, kind="field"))["format"]
    assert (row.unit, row.margin, row.live) == ("score", None, None)
    assert row.offline is not None
    assert row.offline.candidate == pytest.approx(0.975)


def test_what_another_serinus_wrote_and_older_attempts_show_nothing() -> None:
    """Evidence that cannot be read is none; a stage that was run again shows its last run."""
    result = offline(failed=10, worse=4, better=2)
    assert "call.error" in rows(arms(5, 5), result)
    assert (
        rows(arms(5, 5), msgspec.structs.replace(result, evidence='{"suites": [{"suite": 1}]}'))[FORMAT].offline is None
    )
    again = msgspec.structs.replace(live(), attempts=(2, 1, 0))
    assert rows(arms(5, 5), result, release=again)[FORMAT].offline is None


def test_the_interval_of_pairs_is_that_of_the_odds_of_those_that_differ() -> None:
    """Without a pair in which both have it, the ratio of shares is those odds themselves; with them it moves towards 1,
    and it is infinite (None) when only the candidate ever had it."""
    low, high = events.ratio_interval(30, 12, 0.01)
    alone = from_pairs(Seen(n=500), 0, 30, 12, 0.01)
    assert (alone.ratio, alone.low, alone.high) == (2.5, pytest.approx(low), pytest.approx(high))
    shared = from_pairs(Seen(n=500), 100, 30, 12, 0.01)
    assert shared.ratio == pytest.approx(130 / 112)
    assert shared.low is not None
    assert shared.high is not None
    assert low < shared.low < shared.ratio < shared.high < high
    only = from_pairs(Seen(n=500), 0, 30, 0, 0.01)
    assert (only.ratio, only.high) == (None, None)
    assert only.low is not None
    assert only.low > 1
    assert from_pairs(Seen(n=9), 0, 0, 0, 0.01) == Seen(n=9, low=0.0)


def test_a_gap_needs_both_bounds() -> None:
    """An arm without any event bounds nothing from above."""
    assert from_arms(Seen(n=10), 0, 0, 0.01) == Seen(n=10, low=0.0)
    assert from_arms(Seen(n=10), 3, 0, 0.01).high is None
    assert from_arms(Seen(n=10), 0, 3, 0.01).high is not None


def test_places_that_see_the_same_are_seldom_a_gap_however_often_one_looks() -> None:
    """Candidate 1.5 times as bad in shadow and live, baseline's failures shared by both sides of a pair, a look after
    every 500 pairs and users, and no margin at all: at most 2α, within the exact binomial bound at 1 in 10,000."""
    rng, alpha, runs = np.random.default_rng(20260301), 0.1, 150
    false = 0
    for _ in range(runs):
        paired, alone = np.zeros(3, int), np.zeros(2, int)
        for _ in range(5):
            paired += rng.multinomial(500, [0.02, 0.025, 0.01, 0.945])[:3]
            alone += rng.binomial(500, [0.045, 0.03])
            shadow = from_pairs(Seen(n=1), *(int(n) for n in paired), alpha)
            users = from_arms(Seen(n=1), *(int(n) for n in alone), alpha)
            row = Beside(metric="m", title="t", unit="share", margin=1.0, shadow=shadow, live=users)
            if gap_of(row):
                false += 1
                break
    assert false <= binom.isf(1e-4, runs, 2 * alpha)
