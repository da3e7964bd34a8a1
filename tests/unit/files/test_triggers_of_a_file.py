"""Triggers of a project file: what they become, and what is refused with line and mend."""

from __future__ import annotations

import pytest

from serinus.core.pipeline.limit import Limit
from serinus.files.faults import InvalidFile
from serinus.files.project_file import parse_project_file

FILE = """pipeline: 1
apps:
  bot:
    owner: ada
    stages: [{kind: rollout, steps: [{share: 5%, dwell: 1h}, {share: 100%, dwell: 1h}]}]
    cohort: {unit: user}
    triggers:
"""


def triggers(text: str) -> tuple[Limit, ...]:
    """Those of a file with these lines."""
    (app,) = parse_project_file("f", (FILE + text).encode()).apps
    assert app.plan is not None
    return app.plan.limits


def test_J1_a_trigger_on_scores_has_a_window_and_enough_of_them() -> None:
    """An hour, a hundred scores and no luck, unless it says otherwise."""
    assert triggers("""      - {metric: judge.correctness, below: 0.80}
      - {metric: judge.hallucination, above: 5%, window: 2h, min_samples: 200, by_chance: 0.1%}
      - {metric: judge.correctness, below: 0.82, by_chance: 0%, action: pause}
      - {metric: feedback.rating, below: 3.5}
      - {metric: call.error, above: 2.5%, for: 5m}
""") == (
        Limit(metric="judge.correctness", below=0.8, buckets=60, min_requests=100, by_chance=0.01),
        Limit(metric="judge.hallucination", above=0.05, buckets=120, min_requests=200, by_chance=0.001),
        Limit(metric="judge.correctness", below=0.82, buckets=60, min_requests=100, action="pause"),
        Limit(metric="feedback.rating", below=3.5, buckets=60, min_requests=100, by_chance=0.01),
        Limit(metric="call.error", above=0.025),
    )


@pytest.mark.parametrize(
    ("line", "what", "mend"),
    [
        ("{metric: judge.correctness, below: 0.8, for: 5m}", "a score, so it has no `for`", "window: 1h"),
        ("{metric: judge.correctness, below: 0.8, min_requests: 9}", "has no `min_requests`", "min_samples: 100"),
        ("{metric: judge.correctness, below: 0.8, bucket: 1m}", "has no `bucket`", "window: 1h"),
        ("{metric: judge.correctness, below: 0.8, window: 90s}", "not one of whole minutes", "window: 1h"),
        ("{metric: judge.correctness, below: 0.8, window: 2d}", "a window of 2880 times 60 s", "up to a day"),
        ("{metric: judge.correctness, above: 0.8}", "better when higher", "below: 0.80"),
        ("{metric: judge.correctness, below: 80}", "80 is not within 0 to 1", "below: 0.8"),
        ("{metric: judge.correctness, below: well}", "is not a score", "write `0.8`"),
        ("{metric: call.error, above: 1%, window: 5m}", "no score, so it has no `window`", "for: 5m"),
        ("{metric: call.error, above: 1%, for: 5m, min_samples: 9}", "it has no `min_samples`", "min_requests"),
        ("{metric: call.error, above: 1%}", "no `for`", "for: 5m"),
        ("{metric: call.error, above: 1%, for: 90500ms}", "not a whole number of 1 s buckets", "whole minutes"),
    ],
)  # fmt: skip
def test_A6_a_trigger_that_cannot_work_is_refused(line: str, what: str, mend: str) -> None:
    """With its line, and what to write."""
    with pytest.raises(InvalidFile) as refused:
        triggers(f"      - {line}\n")
    [fault] = refused.value.faults
    assert (what in fault.what, mend in fault.mend, fault.where) == (True, True, "f:8"), fault
