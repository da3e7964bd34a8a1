"""What each level of risk asks for, as a project file declares it."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.pipeline.risk import CRITICAL, HIGH, MEDIUM, RiskRules
from serinus.files.faults import InvalidFile
from serinus.files.project_file import parse_project_file

FILE = """pipeline: 1
apps:
  bot:
    owner: ada
    stages: [{kind: rollout, steps: [{share: 10%, dwell: 4h}, {share: 100%, dwell: 24h}]}]
    triggers: [{metric: call.error, above: 1%, for: 5m}]
    cohort: {unit: user}
    RISK
"""


def rules(text: str) -> RiskRules | None:
    (app,) = parse_project_file("f", FILE.replace("RISK", text).encode()).apps
    assert app.plan is not None
    return app.plan.risk


def test_M2_an_app_without_the_section_asks_for_nothing_and_an_empty_one_for_the_houses() -> None:
    """`risk: {}` is all that it takes."""
    assert rules("") is None
    assert rules("risk: {}") == RiskRules(medium=MEDIUM, high=HIGH, critical=CRITICAL)


def test_M2_a_level_keeps_the_houses_word_on_what_it_leaves_out() -> None:
    """Key by key, in the units of the file; an empty list asks for nobody."""
    found = rules("risk: {canary_up_to: 5%, medium: {shadow_dwell: 1h}, critical: {canary: 14d, sign: []}}")
    assert found == RiskRules(
        canary_up_to=0.05,
        medium=msgspec.structs.replace(MEDIUM, shadow_dwell_s=3600.0),
        critical=msgspec.structs.replace(CRITICAL, canary_s=14 * 86_400.0, sign=()),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("risk: {hihg: {}}", "high"),
        ("risk: {high: {sign: [boss]}}", "boss"),
        ("risk: {high: {canary_factor: 0.5}}", "canary_factor"),
        ("risk: {high: {suites: [adversarial]}}", "no offline stage"),
        ("risk: {high: {confirm_by: []}}", "nobody confirms"),
    ],
)
def test_M2_what_cannot_be_is_refused_at_its_line(text: str, told: str) -> None:
    """With the way out."""
    with pytest.raises(InvalidFile) as refused:
        rules(text)
    assert told in str(refused.value)
    assert "f:8" in str(refused.value)
