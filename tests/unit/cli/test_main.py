"""The command line as a whole: its table, its listings, and what it loads."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest
from typer.testing import CliRunner

from serinus.cli.command_line import build
from serinus.cli.commands import COMMANDS, Command, Group, load

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"


def _all() -> dict[str, Command]:
    found: dict[str, Command] = {}
    for name, entry in COMMANDS.items():
        if isinstance(entry, Group):
            found |= {f"{name} {sub}": command for sub, command in entry.commands.items()}
            if entry.alone:
                found[name] = entry.alone
        else:
            found[name] = entry
    return found


@pytest.mark.parametrize("name", sorted(_all()))
def test_every_command_is_there_with_help_and_an_example(name: str) -> None:
    """The table leads to a function whose help tells how to call it; raw ones list their options themselves."""
    command = _all()[name]
    doc = inspect.getdoc(load(command)) or ""
    assert doc
    assert command.raw or f"Example: serinus {name}" in doc


@pytest.mark.parametrize("name", sorted(name for name, command in _all().items() if not command.raw))
def test_every_command_prints_its_help(name: str) -> None:
    """With the options that it takes."""
    words = [*name.split(), "--help"]
    result = CliRunner().invoke(build(words), words, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert f"serinus {name}" in result.output
    assert "--json" in result.output


@pytest.mark.parametrize("name", sorted(_all()))
def test_every_command_is_documented(name: str) -> None:
    """What is not in the reference does not exist."""
    assert f"### `serinus {name}`" in REFERENCE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(name for name, command in _all().items() if not command.raw))
def test_every_option_is_documented(name: str) -> None:
    """The section of a command names each of its options."""
    section = REFERENCE.read_text(encoding="utf-8").split(f"### `serinus {name}`\n")[1].split("\n##")[0]
    hints = get_type_hints(load(_all()[name]), include_extras=True).values()
    infos = [part for hint in hints for part in getattr(hint, "__metadata__", ()) if hasattr(part, "param_decls")]
    options = {word for info in infos for word in info.param_decls or () if word.startswith("--")}
    missing = {option for option in options - {"--url", "--key", "--json"} if f"`{option}`" not in section}
    assert not missing


def test_listings_name_every_command() -> None:
    """`serinus --help` and each group's show all, without loading any."""
    output = CliRunner().invoke(build(["--help"]), ["--help"]).output
    assert all(name in output for name in COMMANDS)
    output = CliRunner().invoke(build(["release", "--help"]), ["release", "--help"]).output
    release = COMMANDS["release"]
    assert isinstance(release, Group)
    assert all(name in output for name in release.commands)


def test_only_the_command_that_is_called_is_loaded() -> None:
    """A small command does not pay for a large one: no HTTP client, no statistics, no web framework."""
    program = (
        "import sys; from serinus.cli.command_line import build; build(['version'])\n"
        "heavy = {'httpx', 'fastapi', 'pydantic', 'scipy', 'sqlalchemy', 'yaml'} & set(sys.modules)\n"
        "print(sorted(heavy), 'serinus.cli.version' in sys.modules, 'serinus.cli.releases' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True False"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["relese"], "No such command 'relese'"),
        (["release", "strt"], "No such command 'strt'"),
        (["push"], "Missing argument 'APP'"),
        (["app", "list", "--jsn"], "No such option"),
        (["versions", "bot", "-n", "0"], "Invalid value"),
    ],
)
def test_wrong_usage_is_exit_code_2(words: list[str], what: str) -> None:
    """A mistyped command line is told apart from a refusal."""
    result = CliRunner().invoke(build(words), words, env={"COLUMNS": "160"})
    assert result.exit_code == 2
    assert what in result.output
