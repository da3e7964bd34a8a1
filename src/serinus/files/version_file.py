"""A version as a file: Markdown with YAML front matter, and a section for each role in the body."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

import jinja2
import msgspec
from jinja2 import meta, nodes
from jinja2.defaults import DEFAULT_NAMESPACE

from serinus.core.errors import InvalidInput, TemplateError
from serinus.core.routing.snapshot import Message, Variable
from serinus.core.versions.content import Declaration, VersionContent, parse_content
from serinus.core.versions.template import Prompt
from serinus.files.faults import InvalidFile, did_you_mean, fault, refuse
from serinus.files.sections import Section, split_sections
from serinus.files.text import read_text
from serinus.files.yaml_nodes import Node, parse_yaml

FIELDS = tuple(name for name in VersionContent.__struct_encode_fields__ if name != "messages")
_REQUIRED = {"endpoint": "endpoint: openai", "model": "model: gpt-4o-mini"}
_ANY_NAME = "any"
_PATH_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_ANY_VARIABLE = "variables[...]"
_LINE = re.compile(r"line (\d+)$")
_FENCE = re.compile(r"---[ \t]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """Front matter as a tree, and the body with the line where it begins."""

    front: Node
    body: str
    body_line: int


def parse_version_file(file: str, raw: bytes) -> VersionContent:
    """The content that a version file describes; InvalidFile with every fault found, each naming `file` and line."""
    split = _split(file, read_text(file, raw))
    sections, faults = split_sections(file, split.body, split.body_line)
    faults += _front_faults(file, split.front)
    if not sections and not faults:
        mend = "write the prompt below the front matter; text before the first `# role` heading is the system's"
        faults.append(fault(file, split.body_line, "no prompt", mend))
    refuse(faults)
    content = _content(file, split.front, sections)
    refuse(_template_faults(file, content, sections))
    return content


def _split(file: str, text: str) -> _Split:
    lines = text.split("\n")
    if not _FENCE.fullmatch(lines[0]):
        mend = "begin with a line `---`, then `endpoint:` and `model:`, then `---` and the prompt"
        raise InvalidFile([fault(file, 1, "no front matter", mend)])
    end = next((i for i, line in enumerate(lines[1:], 1) if _FENCE.fullmatch(line)), 0)
    if not end:
        raise InvalidFile([fault(file, 1, "the front matter never ends", "put a line `---` between it and the prompt")])
    front = parse_yaml(file, "\n".join(lines[1:end]), first_line=2)
    return _Split(front=front, body="\n".join(lines[end + 1 :]), body_line=end + 2)


def _front_faults(file: str, front: Node) -> list[InvalidInput]:
    if front.value is None:
        front = Node(line=front.line, value={}, keys={})
    if not isinstance(front.value, dict):
        mend = "write `endpoint: …` and `model: …`, one on each line"
        return [fault(file, front.line, "the front matter is not a list of `key: value`", mend)]
    faults = [
        fault(file, front.keys[key], f"unknown key `{key}`", did_you_mean(key, FIELDS))
        for key in front.value
        if key not in FIELDS
    ]
    faults += [
        fault(file, front.line, f"no `{key}`", f"add the line `{line}`")
        for key, line in _REQUIRED.items()
        if key not in front.value
    ]
    return faults


def _content(file: str, front: Node, sections: list[Section]) -> VersionContent:
    """The content; InvalidFile with the faults of every field, each found with those before it out of the way."""
    plain = front.plain()
    tree: dict[str, Any] = dict(plain) if isinstance(plain, dict) else {}
    tree["messages"] = [{"role": section.role, "template": section.text} for section in sections]
    faults: list[InvalidInput] = []
    while True:
        try:
            content = parse_content(tree)
        except InvalidInput as error:
            where = _named_variable(error.where, tree)
            what = f"`{where}`: {error.what}" if where else error.what
            faults.append(fault(file, _line_of(where, front, sections), what, error.mend))
            if not _put_aside(tree, where):
                break
        else:
            break
    refuse(faults)
    return content


def _put_aside(tree: dict[str, Any], where: str) -> bool:
    """Take the field that was refused out of the way; False when it cannot be done without."""
    field = re.split(r"[.\[]", where)[0]
    if field not in tree or field == "messages" or tree[field] == _ANY_NAME:
        return False
    if field in _REQUIRED:
        tree[field] = _ANY_NAME
    else:
        del tree[field]
    return True


def _named_variable(where: str, tree: dict[str, Any]) -> str:
    """`where` with the name of the variable in place of the `[...]` that stands for any key."""
    variables = tree.get("variables")
    if not where.startswith(_ANY_VARIABLE) or not isinstance(variables, dict):
        return where
    for name, declared in variables.items():
        try:
            msgspec.convert(declared, Declaration)
        except msgspec.ValidationError:
            return f"variables.{name}{where.removeprefix(_ANY_VARIABLE)}"
    return where


def _line_of(where: str, front: Node, sections: list[Section]) -> int:
    """The line of a field such as `variables.product.type` or `messages[1].template`."""
    path = [int(index) if index else word for word, index in _PATH_PART.findall(where)]
    if len(path) > 1 and path[0] == "messages" and isinstance(path[1], int):
        return sections[path[1]].line
    return front.line_of(path)


def _template_faults(file: str, content: VersionContent, sections: list[Section]) -> list[InvalidInput]:
    """What keeps a section from being a template over the declared variables."""
    variables = {
        name: msgspec.convert(msgspec.to_builtins(declared), Variable)
        for name, declared in (content.variables or {}).items()
    }
    faults: list[InvalidInput] = []
    for section, message in zip(sections, content.messages, strict=True):
        undeclared = _undeclared(section.text, set(variables))
        faults += [_undeclared_fault(file, section.line + line, name, variables) for name, line in undeclared]
        if not undeclared:
            faults += _compile_fault(file, section, message, variables)
    return faults


def _undeclared(source: str, declared: set[str]) -> list[tuple[str, int]]:
    """Variables that a template uses without their declaration, and the line (from 0) of each one's first use."""
    try:
        tree = jinja2.Environment(autoescape=True).parse(source)
    except (jinja2.TemplateError, RecursionError):
        return []  # the compiler says it better
    missing = meta.find_undeclared_variables(tree) - declared - set(DEFAULT_NAMESPACE)
    lines: dict[str, int] = {}
    for name in tree.find_all(nodes.Name):
        if name.name in missing:
            lines[name.name] = min(name.lineno - 1, lines.get(name.name, name.lineno))
    return sorted(lines.items(), key=lambda item: item[1])


def _undeclared_fault(file: str, line: int, name: str, variables: dict[str, Variable]) -> InvalidInput:
    near = difflib.get_close_matches(name, variables, n=1)
    declare = f"declare it in the front matter: `variables: {{{name}: {{type: string}}}}`"
    mend = f"did you mean `{near[0]}`? If not, {declare}" if near else declare
    return fault(file, line, f"variable `{name}` is used but not declared", mend)


def _compile_fault(file: str, section: Section, message: Message, variables: dict[str, Variable]) -> list[InvalidInput]:
    try:
        Prompt([message], variables)
    except TemplateError as error:
        inner = _LINE.search(error.where)
        line = section.line + (int(inner[1]) - 1 if inner else 0)
        return [fault(file, line, error.what, error.mend)]
    except (RecursionError, SyntaxError):
        return [fault(file, section.line, "the template is nested too deeply", "flatten it")]
    return []
