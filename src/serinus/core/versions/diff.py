"""What differs between two versions (B4): prompts by words, everything else by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from serinus.core.routing.snapshot import Message
from serinus.core.versions import canonical as jcs
from serinus.core.versions.content import VersionContent
from serinus.core.versions.words import Span, compare, opcodes

_BY_NAME = ("parameters", "variables")
_WHOLE = ("response_format", "caller_may_set", "notes", "known_issues")


Change = Literal["equal", "changed", "added", "removed"]
_Key = tuple[str, str]


class MessageDiff(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the prompt. `before` and `after` are its places, from 0 (None: it is not in that version)."""

    role: str
    change: Change
    before: int | None
    after: int | None
    spans: tuple[Span, ...]


class FieldDiff(msgspec.Struct, frozen=True, kw_only=True):
    """One field, such as `parameters.temperature` or `tools.refund`. JSON text, None where the field is absent:
    absent is not null."""

    field: str
    before: str | None
    after: str | None


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """All that differs; `messages` holds the equal ones too, so that the whole prompt can be shown."""

    messages: tuple[MessageDiff, ...]
    fields: tuple[FieldDiff, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the two versions are the same."""
        return not self.fields and all(message.change == "equal" for message in self.messages)


def diff(before: VersionContent, after: VersionContent) -> Diff:
    """What leads from one version to the other."""
    old, new = _tree(before), _tree(after)
    return Diff(messages=tuple(_messages(before.messages, after.messages)), fields=tuple(_fields(old, new)))


def changes(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> Iterator[FieldDiff]:
    """Fields of two JSON objects that differ, down to the first level that is not an object in both."""
    for name in sorted(before.keys() | after.keys()):
        field = f"{prefix}{name}"
        if isinstance(before.get(name), dict) and isinstance(after.get(name), dict):
            yield from changes(before[name], after[name], f"{field}.")
            continue
        old, new = (_json(tree[name]) if name in tree else None for tree in (before, after))
        if old != new:
            yield FieldDiff(field=field, before=old, after=new)


def _tree(content: VersionContent) -> dict[str, Any]:
    tree: dict[str, Any] = jcs.normalise(msgspec.to_builtins(content))
    return tree


def _json(value: object) -> str:
    return jcs.encode(value).decode()


def _fields(old: dict[str, Any], new: dict[str, Any]) -> Iterator[FieldDiff]:
    for name in ("model", "endpoint"):
        yield from changes(_only(old, name), _only(new, name))
    for name in _BY_NAME:
        yield from _emptied(old, new, name)
        yield from changes(old.get(name, {}), new.get(name, {}), f"{name}.")
    yield from _tool_fields(old, new)
    for name in _WHOLE:
        yield from changes(_only(old, name), _only(new, name))


def _only(tree: dict[str, Any], name: str) -> dict[str, Any]:
    return {name: tree[name]} if name in tree else {}


def _emptied(old: dict[str, Any], new: dict[str, Any], name: str) -> Iterator[FieldDiff]:
    """An empty collection against none: nothing is in either, and yet the versions differ."""
    if (name in old) != (name in new) and not old.get(name) and not new.get(name):
        yield from changes(_only(old, name), _only(new, name))


def _tool_fields(old: dict[str, Any], new: dict[str, Any]) -> Iterator[FieldDiff]:
    yield from _emptied(old, new, "tools")
    before, after = _tools(old), _tools(new)
    orders = [[name for name in one if name in other] for one, other in ((before, after), (after, before))]
    if orders[0] != orders[1]:
        yield FieldDiff(field="tools", before=_json(list(before)), after=_json(list(after)))
    yield from changes(before, after, "tools.")


def _tools(tree: dict[str, Any]) -> dict[str, Any]:
    """Tools by the name of their function, else by their place."""
    named: dict[str, Any] = {}
    for place, tool in enumerate(tree.get("tools", ())):
        function = tool.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        key = str(name) if name else f"[{place}]"
        named[key if key not in named else f"{key}[{place}]"] = tool
    return named


def _messages(old: tuple[Message, ...], new: tuple[Message, ...]) -> Iterator[MessageDiff]:
    before, after = _keys(old), _keys(new)
    for tag, i1, i2, j1, j2 in opcodes(before, after) or [("replace", 0, len(old), 0, len(new))]:
        if tag == "equal":
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                yield _message(before[i], after[j], i, j)
        else:
            yield from _paired(before[i1:i2], after[j1:j2], i1, j1)


def _keys(messages: tuple[Message, ...]) -> list[_Key]:
    return [(message.role, jcs.normal_text(message.template)) for message in messages]


def _paired(old: list[_Key], new: list[_Key], at_old: int, at_new: int) -> Iterator[MessageDiff]:
    """Messages of one role in the same order are one message that changed; the others came or went."""
    steps = opcodes([role for role, _ in old], [role for role, _ in new])
    for tag, i1, i2, j1, j2 in steps or [("replace", 0, len(old), 0, len(new))]:
        if tag == "equal":
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                yield _message(old[i], new[j], at_old + i, at_new + j)
            continue
        for i in range(i1, i2):
            yield _message(old[i], None, at_old + i, None)
        for j in range(j1, j2):
            yield _message(None, new[j], None, at_new + j)


def _message(old: _Key | None, new: _Key | None, before: int | None, after: int | None) -> MessageDiff:
    change: Change = "added" if old is None else "removed" if new is None else "equal" if old == new else "changed"
    role = (old or new or ("", ""))[0]
    spans = compare(old[1] if old else "", new[1] if new else "")
    return MessageDiff(role=role, change=change, before=before, after=after, spans=spans)
