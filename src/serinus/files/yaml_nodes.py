"""YAML as a tree that knows its lines.

A strict subset of YAML 1.2: the core schema's scalars (so `no`, `on` and dates stay text), string keys, no anchors,
aliases or tags, nothing twice, at most 32 levels. What is left means the same to every reader.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from serinus.files.faults import InvalidFile, fault

MAX_DEPTH = 32
_LONGEST_NUMBER = 40
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value and the line (from 1) where it begins. `keys` are the lines of a mapping's keys."""

    line: int
    value: Scalar | list[Node] | dict[str, Node]
    keys: dict[str, int]

    def plain(self) -> object:
        """The value without its lines."""
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        return self.value

    def line_of(self, path: Sequence[str | int]) -> int:
        """The line of the deepest existing part of a path of keys and indexes."""
        node, line = self, self.line
        for part in path:
            if isinstance(node.value, dict) and isinstance(part, str) and part in node.value:
                node, line = node.value[part], node.keys[part]
            elif isinstance(node.value, list) and isinstance(part, int) and 0 <= part < len(node.value):
                node = node.value[part]
                line = node.line
            else:
                break
        return line


def parse_yaml(file: str, text: str, first_line: int = 1) -> Node:
    """The tree of one YAML document; `first_line` is where `text` begins in `file`. InvalidFile names the line."""
    try:
        events = iter(yaml.parse(text, Loader=yaml.SafeLoader))
        return _Builder(file, first_line, events).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        what, mend = _syntax(error)
        raise InvalidFile([fault(file, line, what, mend)]) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        what = f"not YAML: {str(error).splitlines()[0] if str(error) else 'cannot be read'}"
        raise InvalidFile([fault(file, first_line, what, "quote the text")]) from None


def _syntax(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    """What is wrong and how to mend it, in words for people who never saw a YAML parser."""
    problem = error.problem or error.context or "cannot be read"
    if "'\\t'" in problem:
        return "not YAML: a tab where the indentation or a value begins", "use spaces"
    if problem.startswith("expected <block end>") or problem.startswith("mapping values are not allowed"):
        mend = "lines of one level begin in the same column, and text that holds `: ` is quoted"
        return "not YAML: this line does not fit what stands above it", mend
    if "could not find expected ':'" in problem:
        return "not YAML: no `key: value`", "write a colon and a space after the key"
    if problem.startswith("expected chomping or indentation") or "character '>'" in problem:
        return "not YAML: a value that begins with `>`", 'quote it: `"> 3%"`, or write `above 3%`'
    if problem.startswith("found character"):
        return f"not YAML: {problem}", "quote the text"
    return f"not YAML: {problem}", "check indentation, quotes and colons"


class _Builder:
    """Builds the tree from parser events; one instance per document."""

    def __init__(self, file: str, first_line: int, events: Iterator[yaml.Event]) -> None:
        self._file = file
        self._first_line = first_line
        self._events = events

    def document(self) -> Node:
        event = self._next()
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return Node(line=self._first_line, value=None, keys={})
        root = self._node(event, 0)
        self._next()
        if not isinstance(self._next(), yaml.StreamEndEvent):
            raise self._refusal(event, "more than one YAML document", "keep one; remove the `---` between them")
        return root

    def _next(self) -> yaml.Event:
        return next(self._events)

    def _line(self, event: yaml.Event) -> int:
        mark = event.start_mark
        return self._first_line + (mark.line if mark else 0)

    def _refusal(self, event: yaml.Event, what: str, mend: str) -> InvalidFile:
        return InvalidFile([fault(self._file, self._line(event), what, mend)])

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._refusal(event, f"nested deeper than {MAX_DEPTH} levels", "flatten it")
        if isinstance(event, yaml.AliasEvent):
            raise self._refusal(event, f"alias *{event.anchor}", "aliases are not allowed; repeat the value")
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            raise self._refusal(event, "nothing where a value belongs", "write the value")
        if event.anchor:
            raise self._refusal(event, f"anchor &{event.anchor}", "anchors are not allowed; write the value plainly")
        if event.tag not in (None, "!"):
            raise self._refusal(event, f"tag {event.tag}", "tags are not allowed; write the value plainly")
        if isinstance(event, yaml.ScalarEvent):
            return Node(line=self._line(event), value=self._scalar(event), keys={})
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        return self._mapping(event, depth)

    def _sequence(self, start: yaml.Event, depth: int) -> Node:
        items: list[Node] = []
        event = self._next()
        while not isinstance(event, yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
            event = self._next()
        return Node(line=self._line(start), value=items, keys={})

    def _mapping(self, start: yaml.Event, depth: int) -> Node:
        items: dict[str, Node] = {}
        lines: dict[str, int] = {}
        event = self._next()
        while not isinstance(event, yaml.MappingEndEvent):
            key = self._key(event)
            if key in items:
                raise self._refusal(event, f"`{key}` stands twice (first in line {lines[key]})", "keep one of them")
            lines[key] = self._line(event)
            items[key] = self._node(self._next(), depth + 1)
            event = self._next()
        return Node(line=self._line(start), value=items, keys=lines)

    def _key(self, event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refusal(event, "a key that is not text", "write `key: value`; quote braces in text")
        if event.anchor or event.tag not in (None, "!"):
            raise self._refusal(event, "a key with an anchor or tag", "write the key plainly")
        if event.value == "<<" and event.style is None:
            raise self._refusal(event, "merge key <<", "write the keys out")
        return str(event.value)

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        text = str(event.value)
        if event.style is not None or event.tag == "!":
            return text
        if text in _WORDS:
            return _WORDS[text]
        if not _FLOAT.fullmatch(text):
            return text
        if len(text) > _LONGEST_NUMBER:
            raise self._refusal(event, f"a number of {len(text)} characters", "round it, or quote it if it is text")
        if _INTEGER.fullmatch(text):
            return int(text)
        number = float(text)
        if not math.isfinite(number):
            raise self._refusal(event, f"{text} is too large", "use a smaller number")
        return number
