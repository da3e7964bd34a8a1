"""Levels of readings, in words, and which of them are news."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.monitoring.level import judged, news, next_reading, threshold_text
from serinus.core.monitoring.measure import against, weigh_scores
from serinus.core.monitoring.reading import Measured, Reading
from serinus.core.pipeline.monitor import HttpSource, MetricSource, Monitor
from serinus.core.pipeline.threshold import Threshold
from serinus.core.records.score_sums import ScoreSum

ERRORS = Monitor(name="errors", source=MetricSource(metric="call.error"), required=True)
FORMAT = Monitor(name="format", source=MetricSource(metric="call.invalid_format"), min_samples=50)
TRAFFIC = Monitor(name="traffic", source=MetricSource(metric="traffic.calls_per_s"))
HEALTH = Monitor(name="kb", source=HttpSource(url="http://kb/"))


@pytest.mark.parametrize(
    ("value", "level"), [(0.0, "ok"), (0.01, "ok"), (0.011, "alert"), (0.025, "alert"), (0.026, "critical")]
)
def test_I_a_value_beyond_a_threshold_has_its_level(value: float, level: str) -> None:
    """On the bound itself it is not beyond."""
    assert judged(ERRORS, Measured(value=value, samples=50))[0] == level


@pytest.mark.parametrize(
    ("monitor", "value", "baseline", "level"),
    [
        (FORMAT, 0.0125, 0.01, "ok"),
        (FORMAT, 0.0126, 0.01, "alert"),
        (FORMAT, 0.021, 0.01, "critical"),
        (TRAFFIC, 8.0, 10.0, "ok"),
        (TRAFFIC, 7.9, 10.0, "alert"),
        (TRAFFIC, 5.9, 10.0, "critical"),
    ],
)
def test_I_a_baseline_moves_the_threshold(monitor: Monitor, value: float, baseline: float, level: str) -> None:
    """Above it for what should be low, below it for what should be high."""
    seen = Measured(value=value, samples=100, baseline=baseline, baseline_samples=100, against="control")
    found, text = judged(monitor, seen)
    assert found == level
    assert "control: " in text


@pytest.mark.parametrize(
    ("monitor", "seen", "why"),
    [
        (ERRORS, Measured(value=0.5, samples=49), "49 of 50 calls"),
        (ERRORS, Measured(samples=50), "no number"),
        (ERRORS, Measured(value=0.0, samples=50, fault="it cannot be reached"), "it cannot be reached"),
        (FORMAT, Measured(value=0.5, samples=50), "the baseline has 0 of 50 calls"),
        (
            FORMAT,
            Measured(value=0.5, samples=50, baseline=0.1, baseline_samples=49, against="control"),
            "control has 49 of 50 calls",
        ),
    ],
)
def test_I3_what_is_missing_is_no_data(monitor: Monitor, seen: Measured, why: str) -> None:
    """Never ok and never critical, whatever number there is; and it is said what is missing."""
    level, text = judged(monitor, seen)
    assert level == "no-data"
    assert why in text


def test_I_no_traffic_at_all_is_critical_for_throughput() -> None:
    """Its own silence is what it measures; only the baseline must be there."""
    seen = Measured(value=0.0, samples=0, baseline=10.0, baseline_samples=100, against="this hour a week ago")
    assert judged(TRAFFIC, seen)[0] == "critical"
    nothing = Measured(value=0.0, samples=0, baseline=0.0, baseline_samples=0, against="this hour a week ago")
    assert judged(TRAFFIC, nothing)[0] == "no-data"


def test_a_check_is_told_in_words() -> None:
    """Not as 1 and 0."""
    assert judged(HEALTH, Measured(value=1.0)) == ("ok", "kb: it answered 200")
    assert judged(HEALTH, Measured(value=0.0)) == ("critical", "kb: it did not answer 200")


def _read(monitor: Monitor, before: Reading | None, at_us: int, **seen: Any) -> Reading:
    return next_reading(monitor, Measured(**seen), before, app="bot", subject="live", release="", at_us=at_us)


def test_I_a_change_of_level_is_news_once() -> None:
    """Up, further up, and back; the same level again is none. `since_us` is when it began."""
    told: list[str | None] = []
    before: Reading | None = None
    for at_us, value in enumerate([0.0, 0.02, 0.02, 0.03, 0.03, 0.0, 0.0], start=1):
        reading = _read(ERRORS, before, at_us, value=value, samples=100)
        level = news(ERRORS, reading)
        told.append(level)
        before = msgspec.structs.replace(reading, told=level) if level else reading
    assert told == [None, "alert", None, "critical", None, "ok", None]
    assert before is not None
    assert before.since_us == 6


def test_I_silence_is_news_only_where_a_required_source_fails() -> None:
    """Too few calls are none. After them the level that was told already is not told again."""
    critical = msgspec.structs.replace(_read(ERRORS, None, 1, value=0.5, samples=100), told="critical")
    quiet = _read(ERRORS, critical, 2, value=0.0, samples=1)
    assert news(ERRORS, quiet) is None
    assert news(ERRORS, _read(ERRORS, quiet, 3, value=0.5, samples=100)) is None
    assert news(ERRORS, _read(ERRORS, quiet, 3, value=0.0, samples=100)) == "ok"
    assert news(ERRORS, _read(ERRORS, None, 1, fault="away")) == "no-data"
    assert news(HEALTH, _read(HEALTH, None, 1, fault="away")) is None


def test_another_declaration_or_release_begins_anew() -> None:
    """A level of another threshold did not last until now; another release was told nothing yet."""
    before = msgspec.structs.replace(_read(ERRORS, None, 1, value=0.02, samples=100), told="alert")
    stricter = msgspec.structs.replace(ERRORS, alert=Threshold(side="above", bound=0.001))
    assert _read(stricter, before, 5, value=0.02, samples=100).since_us == 5
    other = next_reading(
        ERRORS, Measured(value=0.02, samples=100), before, app="bot", subject="live", release="rel_2", at_us=6
    )
    assert (other.since_us, other.told) == (6, "ok")


@pytest.mark.parametrize(
    ("unit", "threshold", "text"),
    [
        ("share", Threshold(side="above", bound=0.03), "above 3 %"),
        ("ms", Threshold(side="above", bound=3500.0), "above 3.5 s"),
        ("", Threshold(side="below", bound=12.0), "below 12"),
        ("share", Threshold(side="above", factor=1.2), "above baseline + 20 %"),
        ("calls/s", Threshold(side="below", factor=0.8), "below baseline − 20 %"),
        ("share", Threshold(side="above", factor=2.0), "above baseline × 2"),
        ("share", Threshold(side="below", factor=1.0, bound=-0.02), "below baseline − 2 points"),
    ],
)
def test_thresholds_are_told_as_a_file_has_them(unit: str, threshold: Threshold, text: str) -> None:
    """The words that a person wrote, more or less."""
    assert threshold_text(unit, threshold) == text


CORRECT = Monitor(name="right", source=MetricSource(metric="judge.correctness"))
OUTCOME = Monitor(name="outcome", source=MetricSource(metric="feedback.outcome"))


def right(n: int, mean: float, metric: str = "judge.correctness") -> Measured:
    """So many answers, each right or wrong."""
    good = round(n * mean) * 1_000_000
    return weigh_scores(metric, [ScoreSum(n, good, good)])


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        (right(1000, 0.88), "ok"),
        (right(1000, 0.80), "alert"),
        (right(1000, 0.79), "critical"),
        (right(100, 0.81), "ok"),  # by luck, maybe
        (right(100, 0.76), "alert"),  # of 0.84 not, of 0.82 maybe
        (right(100, 0.70), "critical"),
        (right(99, 0.10), "no-data"),
    ],
)
def test_I_a_mean_of_scores_has_its_level_unless_it_may_be_luck(seen: Measured, level: str) -> None:
    """By the usual thresholds of correctness, over 100 scores at least."""
    assert judged(CORRECT, seen)[0] == level


def test_I_what_may_be_luck_is_said() -> None:
    """Beside the mean and its scores; who asks for no chance gets the bare comparison."""
    assert judged(CORRECT, right(100, 0.81))[1] == "right: 0.81; 100 scores; below 0.82 by luck, maybe"
    assert judged(CORRECT, right(40, 0.1))[1] == "No data: 40 of 100 scores are in the window"
    bare = Monitor(name="right", source=MetricSource(metric="judge.correctness"), by_chance=0.0)
    assert judged(bare, right(100, 0.81)) == ("critical", "right: 0.81, below 0.82; 100 scores")


@pytest.mark.parametrize(("n", "mean", "level"), [(2000, 0.68, "critical"), (2000, 0.75, "alert"), (200, 0.78, "ok")])
def test_I_an_outcome_is_held_against_the_control_with_the_luck_of_both(n: int, mean: float, level: str) -> None:
    """2 and 5 points lower, where neither arm's few scores explain it."""
    seen = against(right(n, mean, "feedback.outcome"), right(n, 0.80, "feedback.outcome"), "control")
    assert judged(OUTCOME, seen)[0] == level
    few = against(right(n, mean, "feedback.outcome"), right(99, 0.80, "feedback.outcome"), "control")
    assert judged(OUTCOME, few) == ("no-data", "No data: control has 99 of 100 scores")


def test_a_monitor_without_chance_is_the_one_that_it_was() -> None:
    """Its digest is that of before there was such a field: readings of an older Serinus count on."""
    assert HEALTH.digest == "2f358d7a85118ec846f384ff7b8d520ac5e77c286315f24e1f6f87e158d1dec4"
