"""The project file `serinus.yaml`: endpoints, apps and the plans of their releases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import ValidationError

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.notifications import Notifications
from serinus.core.pipeline.plan import Guardrail, Limit, Plan
from serinus.core.pipeline.stages import Stage
from serinus.core.routing.snapshot import Endpoint, FormatRule, Limits
from serinus.files.faults import InvalidFile, fault, refuse
from serinus.files.project_faults import core_fault, model_fault
from serinus.files.project_model import AppModel, LimitsModel, NotificationsModel, ProjectModel, TriggerModel
from serinus.files.stage_model import ApprovalModel, OfflineModel, RolloutModel, ShadowModel
from serinus.files.text import read_text
from serinus.files.yaml_nodes import parse_yaml

MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a project file declares, in the order of the file."""

    endpoints: tuple[Endpoint, ...]
    apps: tuple[AppConfig, ...]


def parse_project_file(file: str, raw: bytes) -> Project:
    """The project in these bytes; InvalidFile with every fault found, each naming `file`, line and how to mend it."""
    root = parse_yaml(file, read_text(file, raw, MAX_BYTES))
    if not isinstance(root.value, dict):
        raise InvalidFile([fault(file, root.line, "not a project file", "begin with the line `pipeline: 1`")])
    try:
        model = ProjectModel.model_validate(root.plain())
    except ValidationError as error:
        refuse(model_fault(file, root, details) for details in error.errors(include_url=False))
        raise
    faults: list[InvalidInput] = []
    apps: list[AppConfig] = []
    for name, app in model.apps.items():
        try:
            apps.append(_app(name, app))
        except InvalidInput as error:
            faults.append(core_fault(file, root, name, error))
    refuse(faults)
    endpoints = (Endpoint(name=name, **endpoint.model_dump()) for name, endpoint in model.endpoints.items())
    return Project(endpoints=tuple(endpoints), apps=tuple(apps))


def _app(name: str, app: AppModel) -> AppConfig:
    given = app.model_dump(include={"unit", "fallback_message", "payload_share"}, exclude_none=True)
    if app.overdue is not None:
        given["overdue_s"] = app.overdue
    if app.format is not None:
        given["format_rule"] = msgspec.convert(app.format.model_dump(exclude_none=True), FormatRule)
    given["notifications"] = _notifications(app.notifications)
    return AppConfig(name=name, plan=_plan(app), limits=_limits(app.limits), **given)


def _notifications(declared: NotificationsModel) -> Notifications:
    given = declared.model_dump(exclude={"acknowledge_within"})
    if declared.acknowledge_within is not None:
        given["acknowledge_within_s"] = declared.acknowledge_within
    return msgspec.convert(given, Notifications)


def _limits(limits: LimitsModel) -> Limits:
    times = limits.model_dump(include={"connect", "first_token", "between_tokens", "total"}, exclude_none=True)
    sizes = limits.model_dump(include={"body", "answer"}, exclude_none=True)
    return Limits(**{f"{k}_s": v for k, v in times.items()}, **{f"{k}_bytes": v for k, v in sizes.items()})


def _plan(app: AppModel) -> Plan:
    times = app.model_dump(include={"lease", "freshness", "veto_deadline"}, exclude_none=True)
    return Plan(
        owner=app.owner,
        stages=tuple(_stage(stage) for stage in app.stages),
        guardrails=tuple(Guardrail(**guardrail.model_dump(exclude_none=True)) for guardrail in app.guardrails),
        limits=tuple(_limit(i, trigger) for i, trigger in enumerate(app.triggers)),
        **app.model_dump(include={"alpha", "beta", "holdback"}, exclude_none=True),
        **{f"{key}_s": value for key, value in times.items()},
    )


def _stage(stage: OfflineModel | ShadowModel | ApprovalModel | RolloutModel) -> Stage:
    """Core's value: what is left out has core's default."""
    given = stage.model_dump(exclude_none=True)
    if isinstance(stage, RolloutModel):
        given["steps"] = [_in_seconds(step) for step in given["steps"]]
    core: Stage = msgspec.convert(_in_seconds(given), Stage)
    return core


def _in_seconds(given: dict[str, Any]) -> dict[str, Any]:
    return {f"{name}_s" if name in ("budget", "dwell", "sla") else name: value for name, value in given.items()}


def _limit(index: int, trigger: TriggerModel) -> Limit:
    in_minutes = trigger.bucket == "1m" or (trigger.bucket is None and trigger.for_ >= 60 and trigger.for_ % 60 == 0)
    bucket_s = 60 if in_minutes else 1
    if trigger.for_ < bucket_s or trigger.for_ % bucket_s:
        raise InvalidInput(
            f"`for` of {trigger.for_:g} s is not a whole number of {bucket_s} s buckets",
            where=f"plan.limits[{index}]",
            mend="use whole minutes, or whole seconds without `bucket: 1m`",
        )
    given = trigger.model_dump(include={"metric", "above", "below", "min_requests", "action"}, exclude_none=True)
    return Limit(bucket_s=60 if in_minutes else 1, buckets=round(trigger.for_ / bucket_s), **given)
