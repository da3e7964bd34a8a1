"""A release on a terminal: what is over is not told as if it went on."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from serinus.cli.release_table import release_line, release_table
from tests.unit.cli.conftest import Cli


def _screen(release: dict[str, Any]) -> str:
    screen = io.StringIO()
    Console(file=screen, width=100).print(release_table(release))
    return screen.getvalue()


def test_a_running_release_fits_a_terminal_of_100_columns(cli: Cli) -> None:
    """Names and state in one line, step, share and id in the next; the sample names what is needed of each arm."""
    _, second = cli.prepared()
    cli.ok("release", "start", "bot", second, "-m", "kinder")
    release = cli.json("release", "status", "bot")
    lines = _screen(release).splitlines()
    assert lines[0].split() == ["bot", f"{second}-canary", "in", "place", "of", f"{second[:-1]}1-prod", "running"]
    assert lines[1].startswith(f"step 1/2, 5% of units  {release['id']}")
    assert any(line.split() == ["sample", "0", "and", "0", "of", "200", "each"] for line in lines)
    assert "share=5%" in release_line(release)


def test_an_ended_release_has_no_share(cli: Cli) -> None:
    """0 % of a promoted or rolled back release would mislead, and nobody may serve its candidate any more."""
    _, second = cli.prepared()
    cli.ok("release", "start", "bot", second)
    running = cli.json("release", "status", "bot")
    ended = {**running, "state": "rolled_back", "final": True, "share": 0.0}
    assert "may serve" in _screen(running)
    assert "of units" not in _screen(ended)
    assert "may serve" not in _screen(ended)
    assert "share=" not in release_line(ended)


def test_b3_a_version_is_shown_with_its_state_and_found_by_it(cli: Cli) -> None:
    """Lists and pages name it with the suffix, which changes with its release; any label names the version."""
    first, second = cli.prepared()
    cli.ok("release", "start", "bot", f"{second}-dev", "-m", "kinder")
    for words in (("versions", "bot"), ("show", "bot", f"{second}-prod"), ("release", "list")):
        assert f"{second}-canary" in cli.run(*words).stdout.replace("\n", "")
    assert [one["label"] for one in cli.json("versions", "bot")["items"]] == [f"{second}-canary", f"{first}-prod"]
    cli.ok("release", "abort", "bot", "-m", "later")
    assert cli.json("show", "bot", second)["label"] == f"{second}-dev"
