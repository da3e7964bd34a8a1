"""The documentation is complete, true where a machine can tell, and leads nowhere wrong."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from serinus.api.problems import STATUS, status_of
from serinus.cli.commands import COMMANDS, Group
from serinus.core import errors
from serinus.core.metrics import REGISTRY
from serinus.core.release.diagram import mermaid
from serinus.core.release.table import State
from serinus.files.project_file import parse_project_file
from serinus.files.version_file import parse_version_file

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _errors() -> list[type[errors.SerinusError]]:
    own = (value for _, value in inspect.getmembers(errors, inspect.isclass))
    return [value for value in own if issubclass(value, errors.SerinusError) and value is not errors.SerinusError]


@pytest.mark.parametrize("error", _errors(), ids=lambda error: error.code)
def test_every_error_has_a_status_and_is_documented(error: type[errors.SerinusError]) -> None:
    """No refusal reaches a caller unmapped, and each code can be looked up."""
    assert 400 <= status_of(error) < 600
    assert f"`{error.code}`" in (DOCS / "reference" / "errors.md").read_text()


def test_codes_of_errors_are_unique() -> None:
    """Clients act on codes."""
    codes = [error.code for error in {*_errors(), *STATUS}]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_metric_is_documented(name: str) -> None:
    """The reference names each metric of the registry with its definition."""
    text = (DOCS / "reference" / "metrics.md").read_text()
    assert f"| `{name}` |" in text
    assert REGISTRY[name].description in text


def test_every_state_is_documented() -> None:
    """The page explains each state, and its diagram is the one drawn from the table."""
    text = (DOCS / "reference" / "release-states.md").read_text()
    assert f"```mermaid\n{mermaid()}```\n" in text
    missing = [state.value for state in State if f"| `{state.value}` |" not in text]
    assert not missing


def _blocks(kind: str) -> list[tuple[str, str]]:
    """All fenced blocks of a language, with the document each stands in."""
    fence = re.compile(rf"^```{kind}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [
        (relative(document), block)
        for document in _documents()
        for block in fence.findall(document.read_text(encoding="utf-8"))
    ]


def test_version_files_in_documents_are_accepted() -> None:
    """What a reader copies works: every Markdown block with front matter is a version."""
    versions = [block for _, block in _blocks("markdown") if block.startswith("---")]
    assert versions
    for block in versions:
        parse_version_file("example.md", block.encode())


def test_project_files_in_documents_are_accepted() -> None:
    """Every whole project file in the documentation passes `serinus check`."""
    projects = [block for _, block in _blocks("yaml") if block.startswith("pipeline:")]
    assert projects
    for block in projects:
        parse_project_file("serinus.yaml", block.encode())


def test_commands_in_documents_exist() -> None:
    """Every `serinus …` line of a shell block names a command of the command line."""
    lines = [
        (where, match)
        for where, block in _blocks("sh")
        for match in re.findall(r"^(?:\S*/)?serinus (.+)$", block, re.MULTILINE)
    ]
    assert lines
    unknown = [f"{where}: serinus {line}" for where, line in lines if not _is_command(line.split())]
    assert not unknown


def _is_command(words: list[str]) -> bool:
    entry = COMMANDS.get(words[0])
    if isinstance(entry, Group):
        alone = entry.alone is not None and (len(words) == 1 or words[1].startswith("-"))
        return alone or (len(words) > 1 and words[1] in entry.commands)
    return entry is not None


def _documents() -> list[Path]:
    return [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "tests/golden/README.md"]


@pytest.mark.parametrize("document", _documents(), ids=relative)
def test_links_of_documents_resolve(document: Path) -> None:
    """Every relative link leads to a file, and every anchor to a heading of it."""
    broken = [
        link
        for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
        if not link.startswith(("http://", "https://", "mailto:")) and not _resolves(document, link)
    ]
    assert not broken


def _resolves(document: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (document.parent / path).resolve() if path else document
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(document: Path) -> set[str]:
    """Anchors as GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_document_is_reachable_from_the_index() -> None:
    """Nothing is written for nobody."""
    reached: set[Path] = set()
    pending = [DOCS / "index.md"]
    while pending:
        document = pending.pop()
        if document in reached or not document.exists():
            continue
        reached.add(document)
        links = re.findall(r"\]\(([^)\s#]+\.md)", document.read_text(encoding="utf-8"))
        pending += [(document.parent / link).resolve() for link in links]
    assert {path.resolve() for path in DOCS.rglob("*.md")} <= reached
