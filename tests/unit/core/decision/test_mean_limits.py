"""Limits on the mean of scores (J1, H4): too few say nothing, luck stops nobody, control vetoes."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.decision.breach import Breach
from serinus.core.decision.commands import Pause, RollBack
from serinus.core.decision.decision import decide, replay
from serinus.core.decision.limits import judge_limit, sentence
from serinus.core.decision.mean_limits import mean_bucket
from serinus.core.decision.observations import Bucket
from serinus.core.decision.verdict import Verdict
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.plan import Plan
from serinus.core.records.score_sums import ScoreSum
from serinus.core.release.release import Release
from tests.unit.core.decision.cases import NOW_US, PLAN, running, seen, served

J1 = Limit(metric="judge.correctness", below=0.80, buckets=60, min_requests=100, by_chance=0.01)
INVENTED = Limit(metric="judge.hallucination", above=0.05, buckets=60, min_requests=100, by_chance=0.01)
RATING = Limit(metric="feedback.rating", below=3.5, buckets=60, min_requests=100, by_chance=0.01)


def right(n: int, mean: float) -> ScoreSum:
    """So many answers, each right or wrong."""
    good = round(n * mean) * 1_000_000
    return ScoreSum(n, good, good)


def hour(limit: Limit, candidate: ScoreSum, control: ScoreSum | None = None) -> tuple[Bucket, ...]:
    """Its window."""
    return (mean_bucket(limit, NOW_US - 3_600_000_000, candidate, control or ScoreSum()),)


def plan_with(*limits: Limit) -> Plan:
    """Nothing else judges."""
    return msgspec.structs.replace(PLAN, guardrails=(), limits=limits, stages=())


def judged(limit: Limit, candidate: ScoreSum, control: ScoreSum | None = None) -> Breach:
    """How it stands."""
    return judge_limit(running(plan_with(limit)), 0, hour(limit, candidate, control), NOW_US)


@pytest.mark.parametrize(
    ("limit", "candidate", "verdict"),
    [
        (J1, right(400, 0.70), Verdict.FAIL),
        (J1, right(100, 0.65), Verdict.FAIL),
        (J1, right(400, 0.90), Verdict.PASS),
        (J1, right(100, 0.78), Verdict.PASS),  # by luck, maybe
        (J1, right(99, 0.10), Verdict.NO_DATA),
        (J1, ScoreSum(), Verdict.NO_DATA),
        (INVENTED, right(300, 0.12), Verdict.FAIL),
        (INVENTED, right(300, 0.06), Verdict.PASS),  # by luck, maybe
        (INVENTED, right(300, 0.01), Verdict.PASS),
        (RATING, ScoreSum(200, 100_000_000, 60_000_000), Verdict.FAIL),  # 3.0 of 5
        (RATING, ScoreSum(200, 180_000_000, 170_000_000), Verdict.PASS),
    ],
)
def test_J1_the_mean_of_an_hour_breaks_a_limit(limit: Limit, candidate: ScoreSum, verdict: Verdict) -> None:
    """Enough scores, beyond the bound, and by more than luck; else it is inside, or nobody knows."""
    found = judged(limit, candidate)
    assert (found.verdict, found.over_now) == (verdict, verdict is Verdict.FAIL)


def test_J1_without_by_chance_every_mean_beyond_the_bound_acts() -> None:
    """As the plan says."""
    strict = msgspec.structs.replace(J1, by_chance=0.0)
    assert judged(strict, right(100, 0.79)).verdict is Verdict.FAIL
    assert judged(strict, right(100, 0.80)).verdict is Verdict.PASS


def test_J1_control_beyond_the_same_bound_vetoes() -> None:
    """With enough scores of its own; then it may be the provider, or the judge."""
    assert judged(J1, right(400, 0.70), right(400, 0.72)).vetoed
    assert not judged(J1, right(400, 0.70), right(400, 0.88)).vetoed
    assert not judged(J1, right(400, 0.70), right(99, 0.10)).vetoed


def decided(limit: Limit, *buckets: Bucket) -> object:
    """The command of a round, and that of the same round decided anew from what was stored."""
    release = running(plan_with(limit))
    found = decide(release, served(release), msgspec.structs.replace(seen(), limits=(buckets,)), NOW_US)
    stored = msgspec.json.decode(msgspec.json.encode(found.evidence), type=type(found.evidence))
    assert replay(stored).commands == found.commands
    return found.commands[0] if found.commands else None


def test_J1_a_rollback_says_the_mean_how_many_and_how_the_control_did() -> None:
    """One sentence; a limit that pauses pauses for the same."""
    buckets = hour(J1, right(1200, 0.70), right(1200, 0.90))
    command = decided(J1, *buckets)
    assert isinstance(command, RollBack)
    assert command.reason == (
        "correctness was 0.7 on average of 1,200 scores within 60 min; below 0.8 is too little; control: 0.9 of 1,200"
    )
    paused = decided(msgspec.structs.replace(J1, below=0.82, action="pause"), *buckets)
    assert isinstance(paused, Pause)
    assert paused.trigger == "limit:0"


def test_I3_a_release_whose_limit_on_scores_has_no_data_is_not_promoted() -> None:
    """The watch waits, and says for what; with scores it is over."""
    watch = len(PLAN.steps) - 1
    release = msgspec.structs.replace(running(plan_with(J1)), step=watch)

    def waiting(release: Release, *buckets: Bucket) -> str:
        found = decide(release, served(release), msgspec.structs.replace(seen(), limits=(buckets,)), NOW_US)
        return found.progress.waiting

    release = msgspec.structs.replace(release, stage=release.plan.stage_of(watch))
    assert "no limit on correctness without 100 scores within 60 min may promote" in waiting(release)
    assert waiting(release, *hour(J1, right(400, 0.9))) == ""


def test_J1_the_words_of_a_limit_that_should_be_low() -> None:
    """Too much, in the metric's own unit."""
    found = judged(INVENTED, right(300, 0.12))
    assert sentence(INVENTED, found) == (
        "hallucination was 0.12 on average of 300 scores within 60 min; above 0.05 is too much"
    )
