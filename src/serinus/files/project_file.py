"""The project file `serinus.yaml`: endpoints, apps and the plans of their releases."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.notifications import Notifications
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.routing.snapshot import Endpoint, FormatRule, Limits
from serinus.files.faults import InvalidFile, did_you_mean, fault, refuse
from serinus.files.project_model import (
    AppModel,
    EndpointModel,
    FormatModel,
    GuardrailModel,
    LimitsModel,
    NotificationsModel,
    ProjectModel,
    RolloutModel,
    StepModel,
    TargetModel,
    TriggerModel,
)
from serinus.files.text import read_text
from serinus.files.yaml_nodes import Node, parse_yaml

MAX_BYTES = 1024 * 1024
# Which model describes what stands at a path; `*` is any name or index.
_MODELS: dict[tuple[str, ...], type[BaseModel]] = {
    (): ProjectModel,
    ("endpoints", "*"): EndpointModel,
    ("apps", "*"): AppModel,
    ("apps", "*", "limits"): LimitsModel,
    ("apps", "*", "format"): FormatModel,
    ("apps", "*", "stages", "*"): RolloutModel,
    ("apps", "*", "stages", "*", "steps", "*"): StepModel,
    ("apps", "*", "guardrails", "*"): GuardrailModel,
    ("apps", "*", "triggers", "*"): TriggerModel,
    ("apps", "*", "notifications"): NotificationsModel,
    ("apps", "*", "notifications", "release_channel", "*"): TargetModel,
    ("apps", "*", "notifications", "on_call", "*"): TargetModel,
    ("apps", "*", "notifications", "leads", "*"): TargetModel,
    ("apps", "*", "notifications", "owner", "*"): TargetModel,
}
# Where core's own checks of a plan point to, in the words of the file.
_IN_FILE = {
    "steps": ("stages", 0, "steps"),
    "limits": ("triggers",),
    "guardrails": ("guardrails",),
    "lease_s": ("lease",),
    "freshness_s": ("freshness",),
    "veto_deadline_s": ("veto_deadline",),
}
_CORE_PLACE = re.compile(r"plan\.(\w+)(?:\[(\d+)\])?")

Path = tuple[str | int, ...]


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
        refuse(_fault(file, root, details) for details in error.errors(include_url=False))
        raise
    faults: list[InvalidInput] = []
    apps: list[AppConfig] = []
    for name, app in model.apps.items():
        try:
            apps.append(_app(name, app))
        except InvalidInput as error:
            faults.append(_core_fault(file, root, ("apps", name), error))
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
        steps=tuple(
            Step(share=step.share, dwell_s=step.dwell, min_units=step.min_units) for step in app.stages[0].steps
        ),
        guardrails=tuple(Guardrail(**guardrail.model_dump(exclude_none=True)) for guardrail in app.guardrails),
        limits=tuple(_limit(i, trigger) for i, trigger in enumerate(app.triggers)),
        **app.model_dump(include={"alpha", "holdback"}, exclude_none=True),
        **{f"{key}_s": value for key, value in times.items()},
    )


def _limit(index: int, trigger: TriggerModel) -> Limit:
    in_minutes = trigger.bucket == "1m" or (trigger.bucket is None and trigger.for_ >= 60 and trigger.for_ % 60 == 0)
    bucket_s = 60 if in_minutes else 1
    if trigger.for_ < bucket_s or trigger.for_ % bucket_s:
        raise InvalidInput(
            f"`for` of {trigger.for_:g} s is not a whole number of {bucket_s} s buckets",
            where=f"plan.limits[{index}]",
            mend="use whole minutes, or whole seconds without `bucket: 1m`",
        )
    given = trigger.model_dump(include={"metric", "above", "min_requests", "action"}, exclude_none=True)
    return Limit(bucket_s=60 if in_minutes else 1, buckets=round(trigger.for_ / bucket_s), **given)


def _core_fault(file: str, root: Node, at: Path, error: InvalidInput) -> InvalidInput:
    place = _CORE_PLACE.match(error.where)
    path = at
    if error.where.startswith("notifications"):
        path += tuple(part.removesuffix("_s") for part in error.where.split("."))
    if place:
        path += _IN_FILE.get(place[1], (place[1],)) + ((int(place[2]),) if place[2] else ())
    return fault(file, root.line_of(path), f"{_shown(path)}: {error.what}", error.mend)


def _fault(file: str, root: Node, details: ErrorDetails) -> InvalidInput:
    """One error of pydantic, in the words of this file."""
    path: Path = tuple(part for part in details["loc"] if part != "[key]")
    line = root.line_of(path)
    key = str(path[-1]) if path else "file"
    parent = _shown(path[:-1])
    inside = f" in `{parent}`" if parent else ""
    if details["type"] == "extra_forbidden":
        return fault(file, line, f"unknown key `{key}`{inside}", did_you_mean(key, _fields(path[:-1])))
    if details["type"] == "missing":
        return fault(file, line, f"no `{key}`{inside}", f"add `{key}: {_example(path)}`")
    return fault(file, line, f"`{_shown(path)}`: {_what(details)}", _mend(details, path))


def _model_at(path: Sequence[str | int]) -> type[BaseModel] | None:
    for pattern, model in _MODELS.items():
        if len(pattern) == len(path) and all(p in ("*", str(part)) for p, part in zip(pattern, path, strict=True)):
            return model
    return None


def _fields(path: Path) -> list[str]:
    model = _model_at(path)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _example(path: Path) -> str:
    model = _model_at(path[:-1])
    for name, field in model.model_fields.items() if model else ():
        if path[-1] in (name, field.alias) and field.examples:
            return str(field.examples[0])
    return "…"


_WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "string_type": lambda _: "this is not text",
    "int_type": lambda _: "this is not a whole number",
    "float_type": lambda _: "this is not a number",
    "bool_type": lambda _: "this is neither `true` nor `false`",
    "list_type": lambda _: "this is not a list",
    "dict_type": lambda _: "this is not a list of `key: value`",
    "model_type": lambda _: "this is not a list of `key: value`",
    "literal_error": lambda context: f"only {context['expected']} can stand here",
    "string_pattern_mismatch": lambda _: "this does not have the form that is needed",
    "string_too_short": lambda _: "this is empty",
    "too_short": lambda _: "this list is empty",
    "too_long": lambda context: f"this list has more than {context['max_length']} items",
    "greater_than_equal": lambda context: f"this is below {context['ge']}",
}


def _what(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    if details["type"] == "unit":
        return str(context["what"])
    words = _WORDS.get(details["type"])
    return words(context) if words else details["msg"]


def _mend(details: ErrorDetails, path: Path) -> str:
    if details["type"] == "unit":
        return str(details["ctx"]["mend"])
    if "[key]" in details["loc"]:
        return "names have small letters, digits, `.`, `_` and `-`"
    example = _example(path) if path else "…"
    return f"for example `{path[-1]}: {example}`" if example != "…" else "see docs/reference/files.md"


def _shown(path: Sequence[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
