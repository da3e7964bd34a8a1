"""Monitors of a project file: what they become, and what is refused with line and mend."""

from __future__ import annotations

import pytest

from serinus.core.pipeline.monitor import HttpSource, MetricSource, Monitor, PromqlSource, SqlSource
from serinus.core.pipeline.threshold import Threshold
from serinus.files.faults import InvalidFile
from serinus.files.project_file import parse_project_file
from serinus.files.scaffold import TEMPLATES, Answers, scaffold

HEAD = """pipeline: 1
apps:
  bot:
    owner: ada
    stages: [{kind: rollout, steps: [{share: 5%, dwell: 1h}, {share: 100%, dwell: 1h}]}]
    triggers: [{metric: call.error, above: 1%, for: 5m}]
    cohort: {unit: user}
    monitors:
"""


def monitors(text: str) -> tuple[Monitor, ...]:
    (app,) = parse_project_file("f", (HEAD + text).encode()).apps
    assert app.plan is not None
    return app.plan.monitors


def test_A2_every_source_becomes_cores() -> None:
    """With names, units and times as they were written."""
    found = monitors("""      - {metric: call.error, required: true, from_step: 2}
      - {name: slow, metric: latency.p99, alert: above 3s, critical: "> 4s", every: 30s, window: 2m, action: rollback}
      - {name: q, sql: SELECT 1, critical: above 3%, min_samples: 9}
      - {name: p, promql: sum(x), url: "http://p:9090", token_env: TOKEN, alert: above 12, timeout: 2s}
      - {name: kb, http: "http://kb/health", status: 204}
""")
    assert found == (
        Monitor(name="call.error", source=MetricSource(metric="call.error"), required=True, from_step=2),
        Monitor(
            name="slow", source=MetricSource(metric="latency.p99"), alert=Threshold(side="above", bound=3000.0),
            critical=Threshold(side="above", bound=4000.0), every_s=30, window_s=120, action="rollback",
        ),
        Monitor(
            name="q", source=SqlSource(query="SELECT 1"), critical=Threshold(side="above", bound=0.03), unit="share",
            min_samples=9,
        ),
        Monitor(
            name="p", source=PromqlSource(url="http://p:9090", query="sum(x)", token_env="TOKEN"),
            alert=Threshold(side="above", bound=12.0), timeout_s=2,
        ),
        Monitor(name="kb", source=HttpSource(url="http://kb/health", status=204)),
    )  # fmt: skip


def test_I_what_is_left_out_is_as_usual() -> None:
    """Thresholds and times of the table; a required one pauses; a check is critical when it fails."""
    errors, health = monitors("      - {metric: call.error, required: true}\n      - {name: kb, http: 'http://kb'}\n")
    assert (errors.alert, errors.critical) == (
        Threshold(side="above", bound=0.01),
        Threshold(side="above", bound=0.025),
    )
    assert (errors.every_s, errors.window_s, errors.min_samples, errors.action) == (15, 300, 50, "pause")
    assert (health.critical, health.action) == (Threshold(side="below", bound=1.0), "none")


@pytest.mark.parametrize(
    ("line", "what", "mend"),
    [
        ("{metric: call.eror}", "unknown metric", "call.error"),
        ("{metric: call.refusal}", "no thresholds", "above 3%"),
        ("{name: x, alert: above 3}", "no source", "exactly one"),
        ("{name: x, metric: call.error, sql: SELECT 1}", "`metric` and `sql`", "exactly one"),
        ("{sql: SELECT 1, alert: above 3}", "no `name`", "name:"),
        ("{name: x, sql: DELETE FROM calls, alert: above 3}", "only a SELECT", "one SELECT"),
        ("{name: x, sql: SELECT $secret, alert: above 3}", "$secret", "$since"),
        ("{name: x, sql: SELECT 1}", "no thresholds", "above 3%"),
        ("{name: x, sql: SELECT 1, alert: baseline + 20%}", "only built-in metrics", "absolute"),
        ("{name: x, sql: SELECT 1, alert: above 3, critical: above 5%}", "in percent", "same unit"),
        ("{name: x, promql: up, alert: above 3}", "no `url`", "url:"),
        ("{name: x, promql: up, url: 'http://me:pw@p', alert: above 3}", "without user", "token_env"),
        ("{name: x, http: 'ftp://kb'}", "not an http(s) URL", "http://"),
        ("{name: x, http: 'http://kb', pointer: a}", "not a JSON pointer", "slash"),
        ("{name: x, http: 'http://kb', min_samples: 5}", "does not say how many", "leave"),
        ("{name: x, http: 'http://kb', url: 'http://kb'}", "says nothing beside `http`", "leave it out"),
        ("{metric: call.error, alert: below 1%}", "better when lower", "above"),
        ("{metric: call.error, alert: above 1s}", "not a share", "5%"),
        ("{metric: call.error, alert: above 5%, critical: above 3%}", "before alert", "further out"),
        ("{metric: call.error, alert: above 5%, action: pause}", "no threshold", "critical:"),
        ("{metric: call.error, from_step: 3}", "no traffic step 3", "from 1 to 2"),
        ("{metric: call.error, every: 2d}", "every", "1d"),
        ("{metric: call.error, timeout: 2m}", "time-out", "60s"),
        ("{metric: call.error, evry: 2m}", "unknown key `evry`", "every"),
        ("{metric: call.error, alert: > 3%}", "begins with `>`", "above 3%"),
    ],
)
def test_A2_what_cannot_work_is_refused_with_line_and_mend(line: str, what: str, mend: str) -> None:
    """By `check`, before anything is sent; no password is repeated."""
    with pytest.raises(InvalidFile) as caught:
        monitors(f"      - {line}\n")
    (fault,) = caught.value.faults
    assert what in fault.what
    assert mend in fault.mend
    assert fault.where == "f:9"
    assert "pw@" not in str(fault)


def test_two_monitors_of_one_name_are_refused() -> None:
    """Their readings could not be told apart."""
    with pytest.raises(InvalidFile, match="another monitor is named"):
        monitors("      - {metric: call.error}\n      - {metric: call.error, alert: above 3%}\n")


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_A2_every_new_project_has_monitors(template: str) -> None:
    """One of them required."""
    answers = Answers(app="bot", owner="ada", base_url="http://127.0.0.1:9/v1", model="m")
    files = {str(path): text for path, text in scaffold(template, answers).items()}
    (app,) = parse_project_file("serinus.yaml", files["serinus.yaml"].encode()).apps
    assert app.plan is not None
    assert any(monitor.required for monitor in app.plan.monitors)


def test_I_scores_are_watched_by_name() -> None:
    """With the usual thresholds of the table, or with one's own on the metric's scale; a point is a hundredth of it."""
    correct, invented, outcome, rating, faithful = monitors("""      - {metric: judge.correctness, required: true}
      - {metric: judge.hallucination}
      - {metric: feedback.outcome}
      - {metric: feedback.rating, alert: baseline − 2 points, critical: below 3.5, by_chance: 0%}
      - {metric: judge.faithfulness, critical: below 75%, window: 24h, min_samples: 400, action: rollback}
""")
    assert (correct.alert, correct.critical) == (
        Threshold(side="below", bound=0.84),
        Threshold(side="below", bound=0.82),
    )
    assert (correct.action, correct.every_s, correct.window_s, correct.least) == ("pause", 300.0, 3600.0, 100)
    assert (invented.alert, invented.critical) == (
        Threshold(side="above", bound=0.02),
        Threshold(side="above", bound=0.04),
    )
    assert outcome.critical == Threshold(side="below", factor=1.0, bound=-0.05)
    assert rating.alert == Threshold(side="below", factor=1.0, bound=-0.08)
    assert (rating.critical, rating.by_chance, rating.least) == (Threshold(side="below", bound=3.5), 0.0, 100)
    assert (faithful.critical, faithful.by_chance) == (Threshold(side="below", bound=0.75), 0.05)


@pytest.mark.parametrize(
    ("line", "what", "mend"),
    [
        ("{metric: judge.correctness, critical: above 0.8}", "better when higher", "`below`"),
        ("{metric: judge.correctness, critical: below 82}", "82 is not within 0 to 1", "below 0.8"),
        ("{metric: feedback.rating, critical: below 0.5}", "0.5 is not within 1 to 5", "below 4.2"),
        ("{metric: judge.correctness, critical: below good}", "is not a score", "write `0.8`"),
        ("{metric: judge.faithfulness}", "no thresholds", "alert: above 3%"),
        ("{metric: judge.correctness, by_chance: 10%}", "by_chance 0.1 is not in", "by_chance: 1%"),
        ("{metric: call.error, by_chance: 1%}", "how far it moves by chance is not known", "leave `by_chance` out"),
    ],
)
def test_A6_a_monitor_of_scores_that_cannot_work_is_refused(line: str, what: str, mend: str) -> None:
    """With its line, and what to write."""
    with pytest.raises(InvalidFile) as refused:
        monitors(f"      - {line}\n")
    [fault] = refused.value.faults
    assert (what in fault.what, mend in fault.mend) == (True, True), fault
