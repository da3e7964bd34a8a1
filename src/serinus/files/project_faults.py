"""What is wrong with a project file, in the words and at the lines of the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from serinus.core.errors import InvalidInput
from serinus.files import shadow_model, stage_model
from serinus.files.cohort_model import CohortModel
from serinus.files.faults import did_you_mean, fault
from serinus.files.live_judges import LiveJudgeModel
from serinus.files.monitor_model import MonitorModel
from serinus.files.project_model import (
    AccelerateModel,
    AppModel,
    BreakerModel,
    CachedModel,
    DemandsModel,
    EndpointModel,
    FormatModel,
    FreezeModel,
    GuardrailModel,
    IncidentsModel,
    LimitsModel,
    NotificationsModel,
    PriceModel,
    ProjectModel,
    RiskModel,
    RuleModel,
    SuspicionsModel,
    TargetModel,
    TriggerModel,
)
from serinus.files.yaml_nodes import Node

# Which model describes what stands at a path; `*` is any name or index.
_MODELS: dict[tuple[str, ...], type[BaseModel]] = {
    (): ProjectModel,
    ("endpoints", "*"): EndpointModel,
    ("endpoints", "*", "breaker"): BreakerModel,
    ("endpoints", "*", "prices", "*"): PriceModel,
    ("apps", "*"): AppModel,
    ("apps", "*", "cohort"): CohortModel,
    ("apps", "*", "rules", "*"): RuleModel,
    ("apps", "*", "limits"): LimitsModel,
    ("apps", "*", "format"): FormatModel,
    ("apps", "*", "fallback_cached"): CachedModel,
    **{("apps", "*", "stages", "*", kind): model for kind, model in stage_model.KINDS.items()},
    ("apps", "*", "stages", "*", "rollout", "steps", "*"): stage_model.StepModel,
    ("apps", "*", "stages", "*", "shadow", "guardrails", "*"): shadow_model.PairGuardrailModel,
    ("apps", "*", "stages", "*", "shadow", "limits", "*"): shadow_model.PairLimitModel,
    ("apps", "*", "stages", "*", "shadow", "measures", "*"): shadow_model.MeasureModel,
    ("apps", "*", "stages", "*", "shadow", "peak"): shadow_model.PeakModel,
    ("apps", "*", "guardrails", "*"): GuardrailModel,
    ("apps", "*", "triggers", "*"): TriggerModel,
    ("apps", "*", "freeze", "*"): FreezeModel,
    ("apps", "*", "accelerate"): AccelerateModel,
    ("apps", "*", "risk"): RiskModel,
    ("apps", "*", "risk", "*"): DemandsModel,
    ("apps", "*", "monitors", "*"): MonitorModel,
    ("apps", "*", "live_judges", "*"): LiveJudgeModel,
    ("apps", "*", "suspicions"): SuspicionsModel,
    ("apps", "*", "incidents"): IncidentsModel,
    ("apps", "*", "notifications"): NotificationsModel,
    ("apps", "*", "notifications", "release_channel", "*"): TargetModel,
    ("apps", "*", "notifications", "on_call", "*"): TargetModel,
    ("apps", "*", "notifications", "leads", "*"): TargetModel,
    ("apps", "*", "notifications", "owner", "*"): TargetModel,
}
# Fields of core's plan that the file calls otherwise.
_IN_FILE = {"limits": "triggers"}
_PART = re.compile(r"\.?([a-z_]+)|\[(\d+)\]")

Path = tuple[str | int, ...]


def core_fault(file: str, root: Node, app: str, error: InvalidInput) -> InvalidInput:
    """What core refuses of an app's plan or notifications, at the line of the file that says it."""
    parts = [int(index) if index else name.removesuffix("_s") for name, index in _PART.findall(error.where)]
    known = parts[1:] if parts[:1] == ["plan"] else parts
    path: Path = ("apps", app, *(_IN_FILE.get(str(part), part) if i == 0 else part for i, part in enumerate(known)))
    return fault(file, root.line_of(path), f"{_shown(path)}: {error.what}", error.mend)


def model_fault(file: str, root: Node, details: ErrorDetails) -> InvalidInput:
    """One error of pydantic, in the words of this file."""
    place: Path = tuple(part for part in details["loc"] if part != "[key]")
    path = _without_kind(place)
    if details["type"].startswith("union_tag"):
        return _kind_fault(file, root, details, path)
    line = root.line_of(path)
    key = str(path[-1]) if path else "file"
    parent = _shown(path[:-1])
    inside = f" in `{parent}`" if parent else ""
    if details["type"] == "extra_forbidden":
        return fault(file, line, f"unknown key `{key}`{inside}", did_you_mean(key, _fields(place[:-1])))
    if details["type"] == "missing":
        return fault(file, line, f"no `{key}`{inside}", f"add `{key}: {_example(place)}`")
    return fault(file, line, f"`{_shown(path)}`: {_what(details)}", _mend(details, place))


def _without_kind(place: Path) -> Path:
    """The place in the file: pydantic names a stage by its kind besides its index."""
    return place[:4] + place[5:] if place[2:3] == ("stages",) else place


def _kind_fault(file: str, root: Node, details: ErrorDetails, path: Path) -> InvalidInput:
    """A stage without a kind, or with one that does not exist."""
    kinds = ", ".join(f"`{kind}`" for kind in stage_model.KINDS)
    if details["type"] == "union_tag_not_found":
        return fault(file, root.line_of(path), f"no `kind` in `{_shown(path)}`", f"add `kind: rollout` (or {kinds})")
    given = str(details.get("ctx", {}).get("tag", ""))
    what = f"`{_shown(path)}.kind`: there is no stage of kind {given!r}"
    return fault(file, root.line_of((*path, "kind")), what, did_you_mean(given, stage_model.KINDS))


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
    "model_attributes_type": lambda _: "this is not a list of `key: value`",
    "literal_error": lambda context: f"only {context['expected']} can stand here",
    "string_pattern_mismatch": lambda _: "this does not have the form that is needed",
    "string_too_short": lambda _: "this is empty",
    "too_short": lambda _: "this list is empty",
    "too_long": lambda context: f"this list has more than {context['max_length']} items",
    "greater_than": lambda context: f"this is not above {context['gt']:g}",
    "greater_than_equal": lambda context: f"this is below {context['ge']}",
    "less_than_equal": lambda context: f"this is above {context['le']}",
}


_MENDS = {
    "greater_than": "write more than {gt:g}",
    "greater_than_equal": "write {ge} or more",
    "less_than_equal": "write {le} or less",
    "int_type": "write a whole number, as 20",
    "int_from_float": "write a whole number, as 20",
    "float_type": "write a number, as 1.5",
    "bool_type": "write `true` or `false`",
}


def _what(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    if details["type"] == "unit":
        return str(context["what"])
    words = _WORDS.get(details["type"])
    return words(context) if words else details["msg"].removeprefix("Value error, ")


def _mend(details: ErrorDetails, path: Path) -> str:
    if details["type"] == "unit":
        return str(details["ctx"]["mend"])
    if "[key]" in details["loc"]:
        return "names have small letters, digits, `.`, `_` and `-`"
    if path and details["type"] in _MENDS and _example(path) == "…":
        return _MENDS[details["type"]].format(**details.get("ctx", {}))
    for place in (path, path[:-1]):  # an entry of a list or mapping is shown as the whole of it
        example = _example(place) if place else "…"
        if example != "…":
            return f"for example `{place[-1]}: {example}`"
    return "see docs/reference/files.md"


def _shown(path: Sequence[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
