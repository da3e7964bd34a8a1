"""Policy rules: what no answer may do, judged on the whole answer, by nothing but the answer.

The time is bounded: patterns take time in proportion to the text (`pattern`), and no more than `JUDGED_CHARS` of an
answer are searched; only its length is always that of all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson

from serinus.core.errors import InvalidInput
from serinus.core.records.record import Event
from serinus.core.routing.snapshot import PolicyRule
from serinus.core.wire.pattern import compiled, sound

JUDGED_CHARS = 256 * 1024
MOST_RULES = 50
_MISSING = object()
_TOOLS = ("forbidden_tools", "allowed_tools")


def broken(rules: Sequence[PolicyRule], texts: Sequence[str], tools: Collection[str]) -> tuple[PolicyRule, ...]:
    """The rules that an answer breaks, in their order. `texts` are those of its choices, `tools` the names of the
    tools that it proposes."""
    return tuple(rule for rule in rules if breaks(rule, texts, tools))


def breaks(rule: PolicyRule, texts: Sequence[str], tools: Collection[str]) -> bool:
    """Whether an answer breaks one rule: any of its choices does."""
    if rule.kind == "forbidden_tools":
        return not set(rule.tools).isdisjoint(tools)
    if rule.kind == "allowed_tools":
        return not set(rule.tools).issuperset(tools)
    return any(_text_breaks(rule, text) for text in texts)


def events_of(found: Sequence[PolicyRule]) -> int:
    """The bits of Event that these broken rules set."""
    if not found:
        return 0
    strict = any(rule.zero_tolerance for rule in found)
    return int(Event.POLICY_VIOLATION) | (int(Event.ZERO_TOLERANCE) if strict else 0)


def check_rules(where: str, rules: Sequence[PolicyRule]) -> None:
    """InvalidInput at `where[i]` for a rule that cannot be judged, or a name that stands twice."""
    if len(rules) > MOST_RULES:
        raise InvalidInput(f"more than {MOST_RULES} rules", where=where, mend="join patterns by `|`")
    names: set[str] = set()
    for index, rule in enumerate(rules):
        place = f"{where}[{index}]"
        if (
            not rule.name
            or len(rule.name) > 64
            or not all(c.isascii() and (c.isalnum() or c in "._-") for c in rule.name)
        ):
            raise InvalidInput(f"{rule.name!r} is not a name", where=f"{place}.name", mend="letters, digits, . _ -")
        if rule.name in names:
            raise InvalidInput(f"`{rule.name}` stands twice", where=f"{place}.name", mend="give each its own name")
        names.add(rule.name)
        _check(place, rule)


def _check(where: str, rule: PolicyRule) -> None:
    if rule.kind == "regex":
        _check_pattern(where, rule.pattern)
    elif rule.kind == "forbidden_tools" and not rule.tools:
        raise InvalidInput("no tools are named", where=f"{where}.tools", mend="e.g. tools: [issue_refund]")
    elif rule.kind == "json_value" and not rule.key:
        raise InvalidInput("no key", where=f"{where}.key", mend="e.g. key: action")
    elif rule.kind == "max_length" and rule.max_chars < 1:
        raise InvalidInput("max_chars is below 1", where=f"{where}.max_chars", mend="e.g. max_chars: 4000")
    foreign = _foreign(rule)
    if foreign:
        raise InvalidInput(
            f"a rule of kind {rule.kind} has no `{foreign}`", where=f"{where}.{foreign}", mend="leave it out"
        )


def _check_pattern(where: str, pattern: str) -> None:
    if not pattern:
        raise InvalidInput("no pattern", where=f"{where}.pattern", mend="e.g. pattern: '(?i)already refunded'")
    try:
        empty = compiled(pattern).search("") is not None
    except InvalidInput as error:
        raise InvalidInput(error.what, where=f"{where}.pattern", mend=error.mend) from None
    if empty:
        raise InvalidInput("the pattern matches every answer", where=f"{where}.pattern", mend="say what is forbidden")


def _foreign(rule: PolicyRule) -> str:
    """A field that is given, and that this kind of rule does not look at; empty when there is none."""
    given = {
        "pattern": bool(rule.pattern), "tools": bool(rule.tools), "key": bool(rule.key), "values": bool(rule.values),
        "max_chars": bool(rule.max_chars),
    }  # fmt: skip
    own = {"regex": ("pattern",), "json_value": ("key", "values"), "max_length": ("max_chars",)}
    looked_at = _TOOLS_FIELD if rule.kind in _TOOLS else own[rule.kind]
    return next((name for name, there in given.items() if there and name not in looked_at), "")


_TOOLS_FIELD = ("tools",)


def _text_breaks(rule: PolicyRule, text: str) -> bool:
    if rule.kind == "max_length":
        return len(text) > rule.max_chars
    if rule.kind == "regex":
        return compiled(rule.pattern).search(sound(text[:JUDGED_CHARS])) is not None
    found = _at(text, rule.key) if len(text) <= JUDGED_CHARS else _MISSING
    if found is _MISSING:
        return False
    return not rule.values or any(type(found) is type(value) and found == value for value in rule.values)


def _at(text: str, key: str) -> Any:
    """What stands at a dotted key of a JSON text; `_MISSING` when it is not JSON or has none."""
    try:
        found = orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        return _MISSING
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            return _MISSING
        found = found[part]
    return found
