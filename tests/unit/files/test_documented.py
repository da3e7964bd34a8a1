"""The reference of the files names every key."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from serinus.core.pipeline.incidents import IncidentRules
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage
from serinus.core.pipeline.suspicions import SuspicionRules
from serinus.files import live_judges, monitor_model, project_model, shadow_model, stage_model
from serinus.files.project_file import parse_project_file
from serinus.files.version_file import FIELDS

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "files.md").read_text(encoding="utf-8")
SECTIONS: dict[str, type[BaseModel]] = {
    "Endpoints": project_model.EndpointModel,
    "Apps": project_model.AppModel,
    "Offline stages": stage_model.OfflineModel,
    "Shadow stages": stage_model.ShadowModel,
    "Guardrails over pairs": shadow_model.PairGuardrailModel,
    "Limits over pairs": shadow_model.PairLimitModel,
    "Measures over pairs": shadow_model.MeasureModel,
    "Peak windows": shadow_model.PeakModel,
    "Approval stages": stage_model.ApprovalModel,
    "Rollout stages": stage_model.RolloutModel,
    "Steps": stage_model.StepModel,
    "Guardrails": project_model.GuardrailModel,
    "Monitors": monitor_model.MonitorModel,
    "Triggers": project_model.TriggerModel,
    "Acceleration": project_model.AccelerateModel,
    "Risk": project_model.RiskModel,
    "Levels of risk": project_model.DemandsModel,
    "Freeze windows": project_model.FreezeModel,
    "Suspicions": project_model.SuspicionsModel,
    "Incidents": project_model.IncidentsModel,
    "Live judges": live_judges.LiveJudgeModel,
}


@pytest.mark.parametrize("title", sorted(SECTIONS))
def test_every_key_of_the_project_file_is_documented(title: str) -> None:
    """With a row in the table of what it belongs to, marked when it is required."""
    section = REFERENCE.split(f"### {title}\n")[1].split("\n###")[0]
    for name, field in SECTIONS[title].model_fields.items():
        required = " (required)" if field.is_required() else ""
        assert f"| `{field.alias or name}`{required} |" in section, name


def test_every_key_of_the_version_file_is_documented() -> None:
    """The table of front matter is complete."""
    section = REFERENCE.split("## Version file\n")[1].split("\n## ")[0]
    assert not [name for name in FIELDS if f"`{name}`" not in section]


def test_the_defaults_that_are_told_are_cores() -> None:
    """A file that says nothing gets what the reference says."""
    text = (
        "pipeline: 1\napps:\n  bot:\n    owner: ada\n"
        "    stages: [{kind: rollout, steps: [{share: 5%, dwell: 1h}, {share: 100%, dwell: 1h}]}]\n"
        "    triggers: [{metric: call.error, above: 1%, for: 5m}]\n    guardrails: [{metric: call.error}]\n"
        "    unit: user\n"
    )
    (app,) = parse_project_file("f", text.encode()).apps
    plan = app.plan
    assert plan is not None
    assert plan == Plan(
        owner="ada",
        steps=plan.steps,
        guardrails=(Guardrail(metric="call.error", max_ratio=1.25, design_ratio=2.0, weight=1.0),),
        limits=(Limit(metric="call.error", above=0.01, buckets=5, bucket_s=60, min_requests=50, action="rollback"),),
        alpha=0.01,
        beta=0.05,
        holdback=0.01,
        control_ratio=1.5,
        lease_s=30.0,
        freshness_s=60.0,
        veto_deadline_s=1800.0,
        suspicions=SuspicionRules(confirm_within_s=900.0),
        incidents=IncidentRules(block=False, sign_off="short"),
    )
    limits = app.limits
    assert (limits.connect_s, limits.first_token_s, limits.between_tokens_s, limits.total_s) == (5, 60, 30, 600)
    assert (limits.body_bytes, limits.answer_bytes) == (8 * 2**20, 64 * 2**20)


def test_the_defaults_of_stages_that_are_told_are_cores() -> None:
    """A stage that says only what it must gets what the reference says."""
    text = (
        "pipeline: 1\napps:\n  bot:\n    owner: ada\n    stages:\n"
        "      - {kind: offline, suites: [golden]}\n      - {kind: shadow}\n"
        "      - {kind: approval, roles: [ml_lead]}\n"
        "      - {kind: rollout, steps: [{share: 5%, dwell: 1h}, {share: 100%, dwell: 1h}]}\n"
        "    triggers: [{metric: call.error, above: 1%, for: 5m}]\n    unit: user\n"
    )
    (app,) = parse_project_file("f", text.encode()).apps
    assert app.plan is not None
    assert app.plan.stages == (
        OfflineStage(name="offline", suites=("golden",), budget_s=4 * 3600.0, dry_run=False),
        ShadowStage(
            name="shadow", share=1.0, dwell_s=12 * 3600.0, min_units=500, max_concurrency=32, max_cost_usd=0.0,
            budget_s=18 * 3600.0,
        ),
        ApprovalStage(name="approval", roles=("ml_lead",), sla_s=4 * 3600.0),
        RolloutStage(name="rollout", steps=(Step(share=0.05, dwell_s=3600.0), Step(share=1.0, dwell_s=3600.0))),
    )  # fmt: skip
