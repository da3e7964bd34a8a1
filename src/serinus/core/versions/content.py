"""The content of a version, schema 1: what is pushed, how it is checked, and the two digests that name it.

A field that is absent stays absent in the canonical bytes, even where its default means the same: a later change of
a default can never change what an old digest names.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from serinus.core.errors import InvalidInput
from serinus.core.routing.snapshot import Message, Variable, Version
from serinus.core.versions import canonical as jcs

SCHEMA = 1
MAX_BYTES = 10 * 1024 * 1024
RESERVED = frozenset({"model", "messages", "tools", "response_format", "stream", "stream_options"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TYPE = re.compile(r"`(\w+)`")
_WORDS = {
    "str": "text",
    "array": "a list",
    "object": "a mapping of `key: value`",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
}
_PLACE = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """A variable as its author declared it; what is left out gets the defaults of `snapshot.Variable`."""

    type: Literal["string", "number", "integer", "boolean", "list", "object"] | UnsetType = UNSET
    required: bool | UnsetType = UNSET
    default: Any = UNSET
    description: str | UnsetType = UNSET


class VersionContent(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle as its author wrote it. `endpoint` names an Endpoint, `model` the provider's model.

    `parameters` go to the provider as they are; `tools` and `response_format` too. `caller_may_set` lists request
    fields that a caller may give. `notes`, `known_issues` and descriptions are seen by people only.
    """

    schema: Literal[1] = 1
    endpoint: str
    model: str
    messages: tuple[Message, ...]
    parameters: dict[str, Any] | UnsetType = UNSET
    variables: dict[str, Declaration] | UnsetType = UNSET
    tools: tuple[dict[str, Any], ...] | UnsetType = UNSET
    response_format: dict[str, Any] | UnsetType | None = UNSET
    caller_may_set: tuple[str, ...] | UnsetType = UNSET
    notes: str | UnsetType = UNSET
    known_issues: tuple[str, ...] | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Refuse content that cannot be served; InvalidInput names the field."""
        for name in ("endpoint", "model"):
            _one_line(name, getattr(self, name))
        if not self.messages:
            raise InvalidInput("no messages", where="messages", mend='add one: {"role": "system", "template": "…"}')
        for i, message in enumerate(self.messages):
            _prompt(f"messages[{i}].template", message.template)
        for name in RESERVED.intersection(self.parameters or ()):
            raise InvalidInput(
                f"{name} is not a parameter", where=f"parameters.{name}", mend=_instead_of_parameter(name)
            )
        for name in self.variables or ():
            _variable_name(name)
        for i, name in enumerate(self.caller_may_set or ()):
            _one_line(f"caller_may_set[{i}]", name)


class Digests(msgspec.Struct, frozen=True, kw_only=True):
    """Hex SHA-256: `version` over all of the canonical bytes, `behaviour` over what the model can see."""

    version: str
    behaviour: str


def parse_content(raw: bytes | dict[str, Any]) -> VersionContent:
    """The content in a JSON text or a parsed one; InvalidInput says which field is wrong and how to mend it."""
    tree = raw if isinstance(raw, dict) else _load(raw)
    tree = jcs.normalise(tree)
    _refuse_unknown(tree)
    try:
        content = msgspec.convert(tree, VersionContent)
    except msgspec.ValidationError as error:
        raise _named(error) from error
    _check_size(len(canonical(content)))
    return content


def canonical(content: VersionContent) -> bytes:
    """RFC 8785 bytes of the content; what its author left out is not in them."""
    return jcs.encode(msgspec.to_builtins(content))


def digests(content: VersionContent) -> Digests:
    """Both digests. Behaviour leaves out `notes`, `known_issues` and the descriptions of variables."""
    tree = msgspec.to_builtins(content)
    version = _sha256(tree)
    seen = {key: value for key, value in tree.items() if key not in ("notes", "known_issues")}
    if "variables" in seen:
        seen["variables"] = {name: _undescribed(declared) for name, declared in seen["variables"].items()}
    return Digests(version=version, behaviour=_sha256(seen))


def servable(content: VersionContent, name: str) -> Version:
    """What a snapshot carries of this content: normal text, and all provider fields pre-encoded as one fragment."""
    tree = jcs.normalise(msgspec.to_builtins(content))
    fields = dict(tree.get("parameters", {}))
    fields.update({key: tree[key] for key in ("tools", "response_format") if key in tree})
    named = digests(content)
    return Version(
        digest=named.version,
        behaviour=named.behaviour,
        name=name,
        endpoint=tree["endpoint"],
        model=tree["model"],
        messages=msgspec.convert(tree["messages"], tuple[Message, ...]),
        variables=msgspec.convert(tree.get("variables", {}), dict[str, Variable]),
        parameters=jcs.encode(fields)[1:-1].decode(),
        caller_may_set=tuple(tree.get("caller_may_set", ())),
    )


def _sha256(tree: dict[str, Any]) -> str:
    return hashlib.sha256(jcs.encode(tree)).hexdigest()


def _undescribed(declared: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in declared.items() if key != "description"}


def _load(raw: bytes) -> dict[str, Any]:
    _check_size(len(raw))
    try:
        tree = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_unique_keys)
    except UnicodeDecodeError as error:
        raise InvalidInput("not UTF-8", where=f"byte {error.start}", mend="save it as UTF-8") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidInput(f"not JSON: {error.msg}", where=where, mend="check brackets, commas and quotes") from error
    except ValueError as error:
        raise InvalidInput("a number with too many digits", mend="write it as a string") from error
    except RecursionError:
        raise InvalidInput(f"nested deeper than {jcs.MAX_DEPTH} levels", mend="flatten it") from None
    if not isinstance(tree, dict):
        raise InvalidInput("a version is a JSON object", mend='begin with {"schema": 1, …}')
    return tree


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidInput(f"key {twice!r} occurs twice in one object", where=twice, mend="keep one of them")
    return result


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise InvalidInput(
            f"{size:,} bytes are more than {MAX_BYTES:,}", where="version", mend="move data out of the prompt"
        )


def _refuse_unknown(tree: dict[str, Any]) -> None:
    if tree.get("schema", SCHEMA) != SCHEMA:
        raise InvalidInput(f"schema {tree['schema']!r} is not known", where="schema", mend=f"use {SCHEMA}, or upgrade")
    _only_fields_of(VersionContent, tree, "")
    messages, variables = tree.get("messages"), tree.get("variables")
    for i, message in enumerate(messages if isinstance(messages, list) else ()):
        _only_fields_of(Message, message, f"messages[{i}].")
    for name, declared in (variables if isinstance(variables, dict) else {}).items():
        _only_fields_of(Declaration, declared, f"variables.{name}.")


def _only_fields_of(struct: type[msgspec.Struct], given: object, prefix: str) -> None:
    known = struct.__struct_encode_fields__
    for key in given if isinstance(given, dict) else ():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            mend = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known)}"
            raise InvalidInput(f"unknown field {key!r}", where=f"{prefix}{key}", mend=mend)


def _named(error: msgspec.ValidationError) -> InvalidInput:
    text = str(error)
    place = _PLACE.search(text)
    what = text[: place.start()] if place else text
    missing = re.search(r"missing required field `(.+)`", what)
    where = ".".join(part for part in (place[1] if place else "", missing[1] if missing else "") if part)
    mend = f'add "{missing[1]}": …' if missing else "see docs/reference/files.md"
    if "enum value" in what and where.startswith("variables"):
        mend = "types are string, number, integer, boolean, list and object"
    what = _TYPE.sub(lambda found: _WORDS.get(found[1], found[0]), what)
    return InvalidInput(what[:1].lower() + what[1:], where=where or "version", mend=mend)


def _one_line(where: str, text: str) -> None:
    if not text.strip() or text != text.strip():
        raise InvalidInput("empty, or with spaces around it", where=where, mend=f"give a name: {where}: …")
    if _CONTROL.search(text) or "\n" in text or "\t" in text:
        raise InvalidInput("line breaks or control characters in a name", where=where, mend="remove them")


def _prompt(where: str, template: str) -> None:
    if not template.strip():
        raise InvalidInput("an empty prompt", where=where, mend="write a text, or leave the message out")
    found = _CONTROL.search(jcs.normal_text(template))
    if found:
        raise InvalidInput(f"control character U+{ord(found[0]):04X}", where=where, mend="remove it")


def _variable_name(name: str) -> None:
    if not name.isidentifier():
        raise InvalidInput(f"{name!r} is not a variable name", where=f"variables.{name}", mend="use letters, digits, _")


def _instead_of_parameter(name: str) -> str:
    if name in ("stream", "stream_options"):
        return "the caller chooses it; leave it out"
    return f"write `{name}` beside `parameters`"
