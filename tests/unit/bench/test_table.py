"""The table: tuned rivals, intervals, seeds, and the nulls that wrong methods must fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from scipy import stats

from bench.judging import command, late, late_scores, table
from bench.judging.methods import DEFAULTS, METHODS, OURS, TUNED
from bench.judging.scenarios import BY_NAME, SCENARIOS
from serinus.core.decision.commands import Advance, Pause
from serinus.core.decision.decision import decide
from serinus.core.decision.observations import Flow
from serinus.core.pipeline.plan import Guardrail
from serinus.core.records.label_sums import LabelSums, StratumLabels
from tests.unit.core.decision.cases import NOW_US, PLAN, running, seen, served

ROOT = Path(__file__).parents[3]
RELEASES = 200


def falsely_stopped(scenario: str, method: str, bars: table.Bars | None = None) -> float:
    """Share of 200 releases that a method stops at α = .05; tuned ones need bars."""
    job = table.Job(scenario, (7, 7), RELEASES)
    wanted = next(m for m in METHODS if m.name == method)
    bar = (bars or {}).get((BY_NAME[scenario].family, 0.05, method), 0.0) if wanted.tuned else wanted.bar(0.05)
    strength = wanted.strength(table.samples_of(job), 0.05)
    return float((strength >= bar).any(axis=1).mean())


@pytest.mark.parametrize("scenario", [s.name for s in SCENARIOS if not s.harmful])
def test_serinus_keeps_alpha_in_every_healthy_scenario(scenario: str) -> None:
    """Ramps, drift, incidents, returning and heavy users, late and correlated labels: at most α, by an exact bound."""
    for name in ("Serinus, no margin", "Serinus, default margins"):
        assert falsely_stopped(scenario, name) * RELEASES <= stats.binom.ppf(1 - 1e-6, RELEASES, 0.05)


@pytest.mark.parametrize(
    ("scenario", "method", "least"),
    [
        ("healthy", "z-test, repeated", 0.12),
        ("healthy", "point estimate", 0.6),
        ("drift under ramp, healthy", "z-test, repeated", 0.9),
        ("drift under ramp, healthy", "point estimate", 0.9),
        ("provider incident in both arms", "Argo Rollouts", 0.9),
        ("heavy returning users, healthy", "z-test, repeated", 0.29),
    ],
)
def test_the_wrong_ways_are_wrong(scenario: str, method: str, least: float) -> None:
    """Testing again and again, point estimates, pooling over a ramp, limits in an incident, requests as units: healthy
    releases are stopped far more often than α."""
    assert falsely_stopped(scenario, method) > least


def test_tuned_rivals_stop_as_many_healthy_releases_as_we_do() -> None:
    """On the releases that it was tuned on, a rival stops no more than Serinus, and one more at any lower bar."""

    job = table.jobs("healthy", (3, 1), RELEASES)[0]
    greatest = table.greatest(job)
    ours = int((greatest[0.05, OURS.name] >= OURS.bar(0.05)).sum())
    for method in TUNED:
        falling = -np.sort(-greatest[0.05, method.name])
        bar = np.nextafter(falling[ours], np.inf)
        assert (falling >= bar).sum() <= ours


def test_intervals_are_exact() -> None:
    """Clopper and Pearson, as scipy has them."""
    for hits, n in ((0, 50), (3, 50), (50, 50)):
        theirs = stats.binomtest(hits, n).proportion_ci(method="exact")
        assert table.interval(hits, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_a_job_is_repeated_by_its_seed() -> None:
    """The same job has the same releases, whoever plays it; chunks differ."""
    one, two = table.jobs("healthy", (1, 2), 400)
    first, again, other = (table.samples_of(job)[0].candidate.total for job in (one, one, two))
    assert (first == again).all()
    assert (first != other).any()


def test_without_data_serinus_does_what_the_table_says() -> None:
    """Asked for real: an empty arm pauses; without a label of anybody a step is not left, though its time and its users
    are there; labels of control alone pause."""
    plain = running()
    silent = seen(candidate=Flow(age_ms=90_000, seen=False), units=())
    assert any(isinstance(command, Pause) for command in decide(plain, served(plain), silent, NOW_US).commands)
    assert any(isinstance(command, Advance) for command in decide(plain, served(plain), seen(), NOW_US).commands)
    rail = Guardrail(metric="judge.correctness")
    judged = running(msgspec.structs.replace(PLAN, guardrails=(rail,), stages=()))
    none = LabelSums(metric=rail.metric, strata=(StratumLabels(0, 0, 0, 500, 500),))
    waits = decide(judged, served(judged), msgspec.structs.replace(seen(), labels=(none,)), NOW_US)
    assert waits.commands == ()
    assert "no data on correctness" in waits.progress.waiting
    one_arm = LabelSums(metric=rail.metric, strata=(StratumLabels(0, 0, 500, 500, 0),))
    found = decide(judged, served(judged), msgspec.structs.replace(seen(), labels=(one_arm,)), NOW_US)
    assert any(isinstance(command, Pause) for command in found.commands)
    assert OURS.without_data == (
        "pauses (no data)",
        "waits on its step and says so; pauses when one arm's come and the other's do not",
    )


def test_every_method_names_its_source_and_what_it_does_without_data() -> None:
    """Nothing is compared that cannot be looked up."""
    assert all(method.source and all(method.without_data) for method in DEFAULTS)
    assert len({method.name for method in METHODS}) == len(METHODS)


def test_rivals_that_are_quicker_are_named() -> None:
    """A rival's win is told, with whether it keeps α."""
    base = {"scenario": "x", "alpha": 0.05, "harmful": True, "interval": (0.9, 1.0)}
    rows = [
        {**base, "method": OURS.name, "units_capped": 1000.0},
        {**base, "method": "Statsig", "units_capped": 900.0},
        {**base, "method": "Flagger", "units_capped": 100.0},
        {**base, "scenario": "y", "harmful": False, "method": OURS.name, "units_capped": 1.0, "interval": (0.0, 0.1)},
        {**base, "scenario": "y", "harmful": False, "method": "Statsig", "units_capped": 1.0, "interval": (0.0, 0.1)},
        {**base, "scenario": "y", "harmful": False, "method": "Flagger", "units_capped": 1.0, "interval": (0.5, 1.0)},
    ]
    statsig, flagger = table.wins(rows)
    assert "Statsig" in statsig
    assert "at most α everywhere" in statsig
    assert "Flagger" in flagger
    assert "above α" in flagger


@pytest.mark.slow
def test_late_harm_is_seen_sooner_with_renewals() -> None:
    """200 healthy events, then harm between two renewals: one process needs twice what it needs when harm is fresh,
    a release as it is judged at most 1.6 times what it needs then, and little more than one process when it is."""
    rows = late.measure(200, 5, (0.01,))
    ratio = {row["scheme"]: float(str(row["ratio_own_fresh"])) for row in rows if row["healthy"] == 200}
    assert ratio["one process"] > 2.0
    assert ratio["renewed, harm between steps"] < 1.6
    assert ratio["renewed, harm at a step"] < 1.45
    fresh = {row["scheme"]: float(str(row["ratio_one_process_fresh"])) for row in rows if row["healthy"] == 0}
    assert fresh["renewed, harm between steps"] < 1.3


def test_late_drops_are_seen_sooner_with_renewals() -> None:
    """640 units after a step: sooner than with restarts at steps alone, and hardly later when the drop is fresh."""
    rows = late_scores.measure(60, 5, (0.01,))
    mean = {(row["scheme"], row["healthy"]): float(str(row["mean"])) for row in rows if row["drop"] == 0.10}
    assert mean["renewed", 2400] < 0.85 * mean["steps alone", 2400]
    assert mean["renewed", 0] < 1.15 * mean["steps alone", 0]


def test_text_has_a_table_for_each_scenario() -> None:
    """What is measured is printed, with the interval in percent."""
    row = table.row(BY_NAME["healthy"], OURS, 0.05, np.array([[1.0, 0.0], [600.0, 900.0], [300.0, 450.0], [6.0, 9.0]]))
    found = {"rows": [row], "seed": 1, "horizon": "h", "seconds": 1.0, "workers": 1, "rivals_quicker": ["a wins"]}
    printed = command.text(
        {**found, "no_data": [{"a": 1}], "figures": [{"b": None}], "late_harm": [{"c": 0.5}], "late_drops": []}
    )
    assert "**healthy**, α = 0.05" in printed
    assert "| Serinus, no margin | 0.5 |" in printed
    assert "- a wins" in printed


@pytest.mark.parametrize("script", ["statistics.py", "tick.py"])
def test_the_benchs_name_does_not_hide_the_librarys(script: str) -> None:
    """Scripts of the directory run by path find the standard `statistics`, and this bench itself."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / script), "--help"], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout
