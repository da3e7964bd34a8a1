"""Stages in the project file: what they mean, and how their faults are told."""

from __future__ import annotations

import pytest

from serinus.core.pipeline.peak import Peak
from serinus.core.pipeline.plan import Guardrail
from serinus.core.pipeline.shadow import MeasureMargin, PairLimit
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage
from serinus.files.faults import InvalidFile
from serinus.files.project_file import parse_project_file

GOOD = """pipeline: 1
apps:
  bot:
    owner: ada@example.com
    stages:
      - kind: offline
        suites: [golden, safety]
        budget: 90m
      - kind: shadow
        share: 2.5%
        dwell: 5m
        min_units: 50
        max_cost_usd: 12.5
      - kind: approval
        name: sign-off
        roles: [ml_lead, ops_lead]
        sla: 2h
      - kind: rollout
        name: canary
        steps:
          - {share: 2.5%, dwell: 5m, require: non_inferior}
      - kind: rollout
        name: wide
        steps:
          - {share: 50%, dwell: 1h}
          - {share: 100%, dwell: 1d}
    guardrails:
      - {metric: call.error}
    triggers:
      - {metric: call.error, above: 2.5%, for: 5m}
    beta: 10%
    cohort: {unit: user}
"""


def test_all_kinds_of_stages_become_cores() -> None:
    """Names, roles, suites and units of the file are core's values."""
    (app,) = parse_project_file("f", GOOD.encode()).apps
    assert app.plan is not None
    offline, shadow, signing, canary, wide = app.plan.stages
    assert offline == OfflineStage(name="offline", suites=("golden", "safety"), budget_s=5400.0)
    assert shadow == ShadowStage(name="shadow", share=0.025, dwell_s=300.0, min_units=50, max_cost_usd=12.5)
    assert signing == ApprovalStage(name="sign-off", roles=("ml_lead", "ops_lead"), sla_s=7200.0)
    assert isinstance(canary, RolloutStage)
    assert isinstance(wide, RolloutStage)
    assert (canary.steps[0].require, wide.steps[0].require) == ("non_inferior", "no_harm")
    assert (app.plan.steps, app.plan.beta) == (canary.steps + wide.steps, 0.1)


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "mend"),
    [
        ("kind: shadow", "kind: shadows", 9, "there is no stage of kind 'shadows'", "did you mean `shadow`?"),
        ("      - kind: shadow\n        share", "      - share", 9, "no `kind` in", "add `kind: rollout`"),
        ("        suites: [golden, safety]\n", "", 6, "no `suites` in `apps.bot.stages[0]`", "suites: [golden]"),
        ("suites: [golden, safety]", "suites: []", 7, "this list is empty", "suites: [golden]"),
        ("suites: [golden, safety]", "suites: [a, a]", 7, "'a' stands twice", "keep one"),
        ("budget: 90m", "budgt: 90m", 8, "unknown key `budgt` in `apps.bot.stages[0]`", "did you mean `budget`?"),
        ("budget: 90m", "budget: 90", 8, "90 is not a duration", "`5m`"),
        ("budget: 90m", "budget: 0s", 8, "budget_s of 0 s", "more than 0"),
        ("share: 2.5%\n", "share: 0%\n", 10, "share 0.0 is not in (0, 1]", "share: 100%"),
        ("dwell: 5m\n", "dwell: 5d\n", 9, "shorter than the dwell", "at least the dwell"),
        ("roles: [ml_lead, ops_lead]", "roles: [ml_leed]", 16, "unknown role 'ml_leed'", "did you mean `ml_lead`?"),
        ("roles: [ml_lead, ops_lead]", "roles: [viewer]", 16, "a viewer only looks", "ml_lead"),
        ("name: canary", "name: wide", 23, "another stage is named 'wide' too", "name: wide 2"),
        ("share: 2.5%, dwell: 5m, req", "share: 60%, dwell: 5m, req", 21, "cannot be compared", "50 %"),
        ("share: 50%, dwell: 1h", "share: 2%, dwell: 1h", 25, "share 2.00% does not grow", "only grow"),
        ("require: non_inferior", "require: non_inferor", 21, "only 'no_harm' or 'non_inferior'", "non_inferior"),
        ("      - {metric: call.error}\n", "      []\n", 27, "needs a guardrail", "max_ratio: 1.25"),
        ("{share: 100%, dwell: 1d}", "{share: 100%, dwell: 1d, require: non_inferior}", 26, "in the watch", "100 %"),
        (
            "      - kind: offline\n        suites",
            "      - offline\n      - suites",
            6,
            "not a list of",
            "for example `stages: [",
        ),
        ("beta: 10%", "beta: 100%", 31, "beta 1.0 is not in (0, 1)", "0.01"),
    ],
)
def test_a_fault_of_a_stage_is_told_with_line_what_and_mend(
    old: str, new: str, line: int, what: str, mend: str
) -> None:
    """Each fault points to the line it stands in and says what to write instead."""
    assert old in GOOD
    with pytest.raises(InvalidFile) as refused:
        parse_project_file("serinus.yaml", GOOD.replace(old, new, 1).encode())
    found = [f for f in refused.value.faults if what in f.what]
    assert [f.where for f in found] == [f"serinus.yaml:{line}"], refused.value.faults
    assert mend in found[0].mend


SHADOWED = """pipeline: 1
apps:
  bot:
    owner: ada
    stages:
      - kind: shadow
        peak: {hours: "09:00-17:00", days: mon-fri, zone: Europe/Berlin, min_units: 50}
        guardrails: [{metric: call.invalid_format, role: signal}]
        limits: [{metric: call.policy_violation, above: 0}, {metric: call.error, above: 2%, min_pairs: 200}]
        measures: [{measure: cost, max_ratio: 1.2, role: guardrail}, {measure: latency}]
      - {kind: shadow, name: busy, peak: auto}
      - {kind: rollout, steps: [{share: 5%, dwell: 1h}, {share: 100%, dwell: 1h}]}
    triggers: [{metric: call.error, above: 1%, for: 5m}]
    cohort: {unit: user}
"""


def test_E4_a_shadow_stage_says_what_it_judges_and_when() -> None:
    """Guardrails, absolute rates and ratios over pairs, and a window of a zone, or the app's own."""
    (app,) = parse_project_file("f", SHADOWED.encode()).apps
    assert app.plan is not None
    first, second = app.plan.stages[:2]
    assert first == ShadowStage(
        name="shadow",
        guardrails=(Guardrail(metric="call.invalid_format", role="signal"),),
        limits=(
            PairLimit(metric="call.policy_violation", above=0.0),
            PairLimit(metric="call.error", above=0.02, min_pairs=200),
        ),
        measures=(MeasureMargin(measure="cost", max_ratio=1.2, role="guardrail"), MeasureMargin(measure="latency")),
        peak=Peak(hours="09:00-17:00", days="mon-fri", zone="Europe/Berlin", min_units=50),
    )
    assert second == ShadowStage(name="busy", peak=Peak(hours="auto"))


@pytest.mark.parametrize(
    ("given", "written", "line", "says", "mend"),
    [
        ("Europe/Berlin", "Mars", 7, "no time zone 'Mars'", "Europe/Berlin"),
        ("09:00-17:00", "9-5", 7, "'9-5' are not hours of a day", "`peak: auto`"),
        ("mon-fri", "monday", 7, "'monday' are not days", "mon-fri"),
        ("zone:", "tz:", 7, "unknown key `tz`", "zone"),
        ("min_units: 50", "min_units: 0", 7, "below 1", "min_units: 100"),
        ("call.invalid_format", "call.left", 8, "can stand here", "call.invalid_format"),
        ("role: signal", "role: alarm", 8, "can stand here", "guardrail"),
        ("above: 2%", "above: 200%", 9, "not between 0% and 100%", "`5%`"),
        ("metric: call.error, above: 2%", "metric: call.policy_violation, above: 2%", 9, "stands twice", "keep one"),
        ("measure: latency", "measure: speed", 10, "can stand here", "measure: cost"),
        ("measure: latency", "measure: cost", 10, "stands twice", "keep one"),
        ("max_ratio: 1.2", "max_ratio: 0.9", 10, "0.9 is not from 1", "1.25"),
        ("peak: auto", "peak: soon", 11, "not a list", "hours:"),
    ],
)
def test_A6_criteria_of_a_shadow_stage_that_cannot_work_are_refused_at_their_line(
    given: str, written: str, line: int, says: str, mend: str
) -> None:
    """Each fault names its line, what is wrong, and what to write."""
    assert given in SHADOWED
    with pytest.raises(InvalidFile) as refused:
        parse_project_file("f", SHADOWED.replace(given, written, 1).encode())
    text = str(refused.value)
    assert text.startswith(f"f:{line}:")
    assert says in text
    assert mend in text
