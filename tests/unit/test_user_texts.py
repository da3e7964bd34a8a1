"""No text that users see names a requirement: `H13` is a word of those who build Serinus, and tells nobody else."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from serinus.cli.commands import COMMANDS, Command, Group

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "serinus"
REQUIREMENT = re.compile(r"(?<![\w.#-])[A-Q]\d{1,2}[a-z]?(?![\w-])")
TOLD = (SOURCE / "cli", SOURCE / "api", SOURCE / "files")
"""Docstrings here are helps of commands, descriptions of the API's paths and of the project file's fields."""
SHOWN = (".html", ".js", ".css", ".md", ".txt", ".yaml", ".yml", ".json", ".jsonl", ".j2", ".csv", ".sql")


def test_what_is_looked_for_is_found() -> None:
    """Ids of requirements, alone or with others; no percentile, week, digest or release type."""
    assert REQUIREMENT.findall("there is none (H13); see E4, A7 and H5a.") == ["H13", "E4", "A7", "H5a"]
    assert REQUIREMENT.findall("p95, 2026-W47-1, RFC 9457, 4.5, #A1B2, ISO 8601, UTF-8, GPT-4, B-2, sha-A7") == []


def test_no_string_names_a_requirement() -> None:
    """Errors, pages, notices, helps: whatever a program says. Docstrings and comments may."""
    found = [told for path in sorted(SOURCE.rglob("*.py")) for told in _told(path)]
    assert found == []


def test_no_template_names_a_requirement() -> None:
    """Pages, and the files that `serinus init` and `--show` write, comments in them included."""
    shown = sorted(path for path in SOURCE.rglob("*") if path.suffix in SHOWN and "vendor" not in path.parts)
    assert len(shown) > 50
    lines = [(path.name, line) for path in shown for line in path.read_text(encoding="utf-8").splitlines()]
    assert [one for one in lines if len(one[1]) < 2000 and REQUIREMENT.search(one[1])] == []


def test_no_document_for_users_names_a_requirement() -> None:
    """Decisions on record may."""
    documents = [path for path in sorted((ROOT / "docs").rglob("*.md")) if "adr" not in path.parts]
    named = r"\([A-Q]\d{1,2}[a-z]?(?:, [A-Q]\d{1,2}[a-z]?)*\)"
    found = [(path.name, re.findall(named, path.read_text(encoding="utf-8"))) for path in documents]
    assert [one for one in found if one[1]] == []


def test_no_generated_description_names_a_requirement() -> None:
    """The project file's schema, and the summaries of all commands."""
    schema = json.loads((ROOT / "docs" / "reference" / "serinus.schema.json").read_text())
    said = [*_descriptions(schema), *(one.summary for one in _commands(COMMANDS))]
    assert len(said) > 100
    assert [text for text in said if REQUIREMENT.search(text)] == []


def _told(path: Path) -> Iterator[str]:
    """The strings of a module that name one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = any(path.is_relative_to(place) for place in TOLD)
    silent = {id(one) for one in _docstrings(tree) if not documented or one.lineno == 1}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in silent:
            continue
        if REQUIREMENT.search(node.value):
            yield f"{path.name}:{node.lineno}: {node.value.strip()[:80]}"


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else []:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                yield statement.value


def _descriptions(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "description" and isinstance(value, str))
        for value in node.values():
            yield from _descriptions(value)
    elif isinstance(node, list):
        for value in node:
            yield from _descriptions(value)


def _commands(table: dict[str, Command] | dict[str, Command | Group]) -> Iterator[Command | Group]:
    for one in table.values():
        yield one
        if isinstance(one, Group):
            yield from _commands(one.commands)
