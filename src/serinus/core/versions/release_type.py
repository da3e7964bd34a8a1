"""Which type of release a difference implies, and its base risk (M1). A proposal: a person may raise it."""

from __future__ import annotations

import enum
import re
from typing import Literal

import msgspec

from serinus.core.versions.diff import Diff, FieldDiff, MessageDiff
from serinus.core.versions.words import Span, changed_share

REWRITTEN_SHARE = 0.5
"""A message of which more than this is new or gone (`changed_share`) was restructured, whatever words it keeps."""
NEW_TOOL_FLOOR = 61
REPLACEMENT_FLOOR = 86

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_HEADING = re.compile(r"^#{1,6} .*$", re.MULTILINE)
_FINE_TUNE = re.compile(r"ft:(?P<base>[^:]+)(?::(?P<owner>[^:]*)(?::(?P<suffix>[^:]*)(?::.*)?)?)?")
_FAMILY = re.compile(r"[a-z]+")
_FOR_PEOPLE = frozenset({"notes", "known_issues"})


class ReleaseType(enum.StrEnum):
    """The rows of M1's table; `NONE`: nothing changed that a model could see."""

    NONE = "none"
    PROMPT_WORDING = "prompt_wording"
    PROMPT_STRUCTURE = "prompt_structure"
    FINE_TUNE_RECENT_DATA = "fine_tune_recent_data"
    FINE_TUNE_NEW_CAPABILITY = "fine_tune_new_capability"
    BASE_MODEL_UPGRADE = "base_model_upgrade"
    FULL_MODEL_REPLACEMENT = "full_model_replacement"


BASE_RISK: dict[ReleaseType, int] = {
    ReleaseType.NONE: 0,
    ReleaseType.PROMPT_WORDING: 15,
    ReleaseType.PROMPT_STRUCTURE: 35,
    ReleaseType.FINE_TUNE_RECENT_DATA: 45,
    ReleaseType.FINE_TUNE_NEW_CAPABILITY: 65,
    ReleaseType.BASE_MODEL_UPGRADE: 75,
    ReleaseType.FULL_MODEL_REPLACEMENT: 90,
}


Level = Literal["low", "medium", "high", "critical"]

_LEVELS: tuple[tuple[int, Level], ...] = ((86, "critical"), (61, "high"), (31, "medium"), (0, "low"))


def risk_level(risk: int) -> Level:
    """The level of a risk of 0 to 100 in one word (M2)."""
    return next(word for least, word in _LEVELS if risk >= least)


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a type is implied. `floor` (0: none) is the least risk that this alone asks for (M1's modifiers)."""

    type: ReleaseType
    text: str
    floor: int = 0


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """The type with the highest base risk among the reasons. `risk` is the base risk, raised to the highest floor."""

    type: ReleaseType
    base_risk: int
    risk: int
    reasons: tuple[Reason, ...]


def propose(found: Diff) -> Proposal:
    """The type that a difference implies, with every reason, the gravest first."""
    reasons = [*_of_model(found), *_of_prompt(found), *_of_fields(found)]
    reasons.sort(key=lambda reason: (-BASE_RISK[reason.type], -reason.floor))
    if not reasons:
        text = "the two are the same" if found.is_empty else "only texts for people changed"
        reasons = [Reason(type=ReleaseType.NONE, text=text)]
    base_risk = BASE_RISK[reasons[0].type]
    floor = max(reason.floor for reason in reasons)
    return Proposal(type=reasons[0].type, base_risk=base_risk, risk=max(base_risk, floor), reasons=tuple(reasons))


def _of_model(found: Diff) -> list[Reason]:
    reasons = []
    for change in found.fields:
        if change.field == "model":
            reasons.append(_model_reason(_text(change.before), _text(change.after)))
        if change.field == "endpoint":
            step = f"{_text(change.before)} → {_text(change.after)}"
            text = f"another endpoint ({step}): nobody knows that its model is the same"
            reasons.append(Reason(type=ReleaseType.BASE_MODEL_UPGRADE, text=text))
    return reasons


def _model_reason(before: str, after: str) -> Reason:
    step = f"{before} → {after}"
    old, new = _FINE_TUNE.fullmatch(before), _FINE_TUNE.fullmatch(after)
    if new and _base(before) == new["base"]:
        if old and (old["owner"], old["suffix"]) == (new["owner"], new["suffix"]):
            text = f"the same fine-tune on newer data ({step})"
            return Reason(type=ReleaseType.FINE_TUNE_RECENT_DATA, text=text)
        text = f"a fine-tune that was not there before ({step})"
        return Reason(type=ReleaseType.FINE_TUNE_NEW_CAPABILITY, text=text)
    if _family(before) and _family(before) == _family(after):
        text = f"another model of the family {_family(after)} ({step})"
        return Reason(type=ReleaseType.BASE_MODEL_UPGRADE, text=text)
    text = f"a model of another family ({step})"
    return Reason(type=ReleaseType.FULL_MODEL_REPLACEMENT, text=text, floor=REPLACEMENT_FLOOR)


def _base(model: str) -> str:
    tuned = _FINE_TUNE.fullmatch(model)
    return tuned["base"] if tuned else model


def _family(model: str) -> str:
    """`gpt` of `gpt-4o-mini`, `llama` of `meta-llama/Llama-3.1-8B`; empty when the name does not begin with letters."""
    found = _FAMILY.match(_base(model).rpartition("/")[2].lower())
    return found[0] if found else ""


def _of_prompt(found: Diff) -> list[Reason]:
    reasons = []
    for message in found.messages:
        if message.change in ("added", "removed"):
            text = f"a {message.role} message was {message.change}"
            reasons.append(Reason(type=ReleaseType.PROMPT_STRUCTURE, text=text))
        elif message.change == "changed":
            reasons.append(_message_reason(message))
    return reasons


def _message_reason(message: MessageDiff) -> Reason:
    before, after = _side(message.spans, "removed"), _side(message.spans, "added")
    if _TEMPLATE.findall(before) != _TEMPLATE.findall(after):
        return Reason(type=ReleaseType.PROMPT_STRUCTURE, text=f"the {message.role} template fills in other things")
    if _HEADING.findall(before) != _HEADING.findall(after):
        return Reason(type=ReleaseType.PROMPT_STRUCTURE, text=f"the {message.role} message has other headings")
    share = changed_share(message.spans)
    if share > REWRITTEN_SHARE:
        text = f"{share:.0%} of the {message.role} message is new or gone"
        return Reason(type=ReleaseType.PROMPT_STRUCTURE, text=text)
    return Reason(type=ReleaseType.PROMPT_WORDING, text=f"words of the {message.role} message")


def _side(spans: tuple[Span, ...], own: str) -> str:
    return "".join(span.text for span in spans if span.kind in ("equal", own))


def _of_fields(found: Diff) -> list[Reason]:
    return [_field_reason(change) for change in found.fields if not _is_seen_elsewhere(change)]


def _is_seen_elsewhere(change: FieldDiff) -> bool:
    described = change.field.startswith("variables.") and change.field.endswith(".description")
    return change.field in ("model", "endpoint") or change.field in _FOR_PEOPLE or described


def _field_reason(change: FieldDiff) -> Reason:
    if change.field.startswith("tools.") and change.before is None and change.field.count(".") == 1:
        text = f"a new tool: {change.field.removeprefix('tools.')}"
        return Reason(type=ReleaseType.PROMPT_STRUCTURE, text=text, floor=NEW_TOOL_FLOOR)
    return Reason(type=ReleaseType.PROMPT_STRUCTURE, text=f"{change.field} changed")


def _text(json: str | None) -> str:
    return str(msgspec.json.decode(json)) if json is not None else ""
