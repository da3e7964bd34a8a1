"""`serinus init` and `serinus schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from serinus.cli.command_line import build
from serinus.files.project_schema import project_schema

from .conftest import Cli


def run(*words: str) -> Result:
    return CliRunner().invoke(build(words), list(words))


def test_a_new_project_is_written_and_applied(cli: Cli, tmp_path: Path) -> None:
    """What was written can be sent as it is: pipeline, suite, prompt; then its first version is live."""
    folder = tmp_path / "new"
    made = json.loads(run("init", str(folder), "--app", "desk", "--owner", "ada@example.com", "--json").stdout)
    assert sorted(Path(path).name for path in made["files"]) == [
        "golden.jsonl",
        "prompt.md",
        "serinus.yaml",
        "suite.yaml",
    ]
    cli.ok("check", str(folder / "serinus.yaml"), str(folder / "apps/desk/prompt.md"))
    cli.ok("apply", str(folder / "serinus.yaml"))
    cli.ok("suite", "push", "desk", str(folder / "apps/desk/suite.yaml"))
    name = cli.json("push", "desk", str(folder / "apps/desk/prompt.md"))["name"]
    assert cli.json("live", "desk", name)["live"]["name"] == name
    shown = " ".join(cli.ok("app", "show", "desk").split())
    assert "2 % of the traffic, among internal (staff is true), and who opted in (beta) for 2h" in shown


@pytest.mark.parametrize("there", ["serinus.yaml", "apps/desk/prompt.md", "apps/desk/golden.jsonl"])
def test_nothing_is_ever_overwritten(tmp_path: Path, there: str) -> None:
    """One file that is there already stops it, and nothing at all is written."""
    path = tmp_path / there
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    result = run("init", str(tmp_path), "--app", "desk")
    assert (result.exit_code, "nothing was written" in result.stderr) == (1, True)
    assert (sorted(tmp_path.rglob("*")), path.read_text()) == (before, "mine")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A file stands where a folder belongs: the refusal names it, and what was begun is taken back."""
    (tmp_path / "apps").write_text("a file")
    result = run("init", str(tmp_path))
    assert (result.exit_code, "cannot be written" in result.stderr) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["apps"]


def test_it_tells_what_to_type_next(tmp_path: Path) -> None:
    """The simulated provider is named only where it is used; every command exists."""
    told = run("init", str(tmp_path / "a")).stdout
    assert "serinus sim provider --port 9000" in told
    assert "serinus key create web --app support-bot" in told
    other = run("init", str(tmp_path / "b"), "--base-url", "https://api.openai.com/v1", "--api-key-env", "KEY").stdout
    assert "sim provider" not in other
    assert "KEY" in other


def test_the_schema_is_printed() -> None:
    """As JSON, with no server."""
    assert json.loads(run("schema").stdout) == project_schema()
