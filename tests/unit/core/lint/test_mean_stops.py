"""How often luck stops a healthy release by a limit on scores: forecast, and simulated (J1)."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from scipy import stats

from serinus.core.lint.false_stops import false_stops
from serinus.core.lint.findings import findings
from serinus.core.lint.forecast import forecast
from serinus.core.lint.traffic import HOURS_OF_WEEK, Graded, Traffic
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.monitor import MetricSource, Monitor
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.step import Step
from serinus.core.stats.means import chance, mean_of

HOUR_S = 3600.0
HOURS = 24
J1 = Limit(metric="judge.correctness", below=0.80, buckets=60, min_requests=100)
SURE = msgspec.structs.replace(J1, by_chance=0.01)


def plan(limit: Limit) -> Plan:
    """A day at one half, and a watch too short to matter."""
    return Plan(
        owner="ada", steps=(Step(share=0.5, dwell_s=HOURS * HOUR_S), Step(share=1.0, dwell_s=1.0)), limits=(limit,)
    )


def traffic(mean: float, scores: float = 200.0, **changes: object) -> Traffic:
    """So many of the candidate's answers are judged in an hour, right or wrong; one in ten of all is."""
    fields = {
        "days": 14.0,
        "hourly": (2 * 10 * scores,) * HOURS_OF_WEEK,
        "reach": ((1.0, 3000.0), (24.0, 15_000.0)),
        "graded": {"judge.correctness": Graded(share=0.1, mean=mean, sd=(mean * (1 - mean)) ** 0.5)},
        **changes,
    }
    return Traffic(**fields)  # type: ignore[arg-type]


def foreseen(limit: Limit, known: Traffic) -> float | None:
    """The chance of a release."""
    [found] = false_stops(plan(limit), known, forecast(plan(limit), known))
    return found.chance


def simulated(limit: Limit, mean: float, scores: float) -> float:
    """The part of releases that any window of an hour stops, minute by minute."""
    rng, releases = np.random.default_rng(11), 1500
    counts = rng.poisson(scores / 60, (releases, HOURS * 60))
    right = rng.binomial(counts, mean)
    row = np.lib.stride_tricks.sliding_window_view
    n, good = row(counts, 60, axis=1).sum(axis=2), row(right, 60, axis=1).sum(axis=2)
    over = (n >= limit.min_requests) & (good < limit.below * n)  # type: ignore[operator]
    if limit.by_chance:
        for at in np.argwhere(over):
            one = mean_of(int(n[tuple(at)]), int(good[tuple(at)]), int(good[tuple(at)]))
            assert one is not None
            over[tuple(at)] = chance(0.8 - one.value, one) <= limit.by_chance
    return float(over.any(axis=1).mean())


@pytest.mark.parametrize(("limit", "mean", "scores"), [(J1, 0.88, 200), (J1, 0.90, 150), (SURE, 0.83, 200)])
def test_q_the_chance_that_luck_breaks_a_limit_on_scores_is_about_that_of_simulated_releases(
    limit: Limit, mean: float, scores: float
) -> None:
    """Without `by_chance` a bound that is far away for one hour is near for a day of sliding ones."""
    found, hits = foreseen(limit, traffic(mean, scores)), simulated(limit, mean, scores)
    assert found is not None
    assert 0.4 * hits - 0.002 < found < 2.5 * hits + 0.002, (found, hits)


def test_q_by_chance_makes_a_healthy_release_safe() -> None:
    """Of answers right with 0.88, 100 of them in an hour, the bare bound stops many releases, and by more than luck
    hardly any."""
    bare, sure = foreseen(J1, traffic(0.88, 120)), foreseen(SURE, traffic(0.88, 120))
    assert bare is not None
    assert sure is not None
    assert bare > 0.1
    assert sure < 1e-4
    assert stats.norm.sf(0.08 / (0.88 * 0.12 / 120) ** 0.5) < bare


def said(limit: Limit, known: Traffic) -> list[tuple[str, str]]:
    """What `check` says of the limit."""
    found = findings(plan(limit), known, forecast(plan(limit), known))
    return [(one.level, one.what) for one in found if one.where == "plan.limits[0]"]


def test_q_a_limit_that_luck_breaks_is_told_with_the_usual_mean() -> None:
    """What the live version shows itself, the bound, and the chance; an error where it is more likely than not."""
    [(level, what)] = said(J1, traffic(0.82))
    assert level == "error"
    assert what.startswith("means of correctness of answers as good as the live version's, 0.82, break this limit of")
    [(level, what)] = said(SURE, traffic(0.90))
    assert level == "info"


def test_q_a_monitor_of_scores_that_pauses_is_told_too() -> None:
    """As a limit at its critical threshold; one that only announces stops nothing."""
    source = MetricSource(metric="judge.correctness")
    pausing, telling = Monitor(name="right", source=source, action="pause"), Monitor(name="told", source=source)
    limit = msgspec.structs.replace(J1, below=0.82, by_chance=0.05, action="pause")
    watched = msgspec.structs.replace(plan(J1), limits=(), monitors=(telling, pausing))
    known = traffic(0.83)
    [found] = false_stops(watched, known, forecast(watched, known))
    assert (found.where, found.action, found.chance) == ("plan.monitors[1]", "pause", foreseen(limit, known))
    told = [one for one in findings(watched, known, forecast(watched, known)) if one.where == "plan.monitors[1]"]
    assert [one.level for one in told] == ["error"]
    assert "break this limit of 0.82 by chance" in told[0].what


def test_q_a_limit_on_scores_that_never_come_is_told() -> None:
    """Too few in every window, or nobody knows how many: then nothing is promoted."""
    few = traffic(0.9, 40)
    assert [level for level, what in said(SURE, few) if "has no data" in what] == ["error"]
    unknown = traffic(0.9, graded={})
    [(level, what)] = said(SURE, unknown)
    assert level == "warning"
    assert what.startswith("nobody knows how many answers get a score of correctness: without 100 of them in 60 min")
    guessed = traffic(0.9, graded={"judge.correctness": Graded(share=0.1, guessed=True)})
    assert said(SURE, guessed) == []
