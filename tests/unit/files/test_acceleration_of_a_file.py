"""Faster steps as a project file declares them."""

from __future__ import annotations

import pytest

from serinus.core.pipeline.acceleration import Acceleration, Pace
from serinus.core.pipeline.threshold import Threshold
from serinus.files.faults import InvalidFile
from serinus.files.project_file import parse_project_file

FILE = """pipeline: 1
apps:
  bot:
    owner: ada
    stages: [{kind: rollout, steps: [{share: 10%, dwell: 4h}, {share: 25%, dwell: 6h}, {share: 100%, dwell: 24h}]}]
    triggers: [{metric: call.error, above: 1%, for: 5m}]
    cohort: {unit: user}
    monitors:
      - {metric: latency.p99, alert: above 3.5s}
      - {name: right, sql: SELECT 1, alert: below 84%}
    accelerate: ACCELERATE
"""


def accelerate(text: str) -> Acceleration | None:
    (app,) = parse_project_file("f", FILE.replace("ACCELERATE", text).encode()).apps
    assert app.plan is not None
    return app.plan.accelerate


def test_H3_scores_are_named_like_other_monitors() -> None:
    """On their own scale or in percent of it, and against the control."""
    own = "      - {name: right, metric: judge.correctness}\n      - {metric: judge.coherence}\n"
    text = FILE.replace("      - {name: right, sql: SELECT 1, alert: below 84%}\n", own)
    when = "{when: {right: above baseline − 2%, judge.coherence: above 88%}}"
    (app,) = parse_project_file("f", text.replace("ACCELERATE", when).encode()).apps
    assert app.plan is not None
    assert app.plan.accelerate is not None
    assert app.plan.accelerate.when == (
        Pace(monitor="right", threshold=Threshold(side="above", factor=0.98)),
        Pace(monitor="judge.coherence", threshold=Threshold(side="above", bound=0.88)),
    )


def test_H3_all_of_it_as_it_is_written() -> None:
    """Thresholds in the unit of their monitor: seconds are ms of a latency, percent are shares."""
    found = accelerate("{first_dwell: 1h, later_cut: 25%, when: {latency.p99: below 2.8s, right: above baseline - 2%}}")
    assert found == Acceleration(
        first_dwell_s=3600.0,
        later_cut=0.25,
        when=(
            Pace(monitor="latency.p99", threshold=Threshold(side="below", bound=2800.0)),
            Pace(monitor="right", threshold=Threshold(side="above", factor=0.98)),
        ),
    )
    assert accelerate("{clean_releases: 2}") == Acceleration(clean_releases=2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{when: {speed: above 3}}", "no monitor is named 'speed'"),
        ("{when: {right: 88%}}", "right: '88%' does not say on which side"),
        (
            "{when: {right: 0.88}}",
            "`apps.bot.accelerate.when.right`: this is not text (for example `when: {correctness: ",
        ),
        ("{clean_releases: 0}", "this is below 1 (write 1 or more)"),
        ("{clean_releases: some}", "this is not a whole number (write a whole number, as 20)"),
        ("{later_cut: 60%}", "later_cut 0.6 is not in"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(text: str, told: str) -> None:
    """At the lines of the file."""
    with pytest.raises(InvalidFile) as refused:
        accelerate(text)
    assert told in str(refused.value)
    assert "accelerate" in str(refused.value)
