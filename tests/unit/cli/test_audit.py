"""`serinus audit export`, `serinus audit verify` and `serinus replay`, against a real API on loopback and on files."""

from __future__ import annotations

import json
from pathlib import Path

from serinus.control.export_audit import export_audit
from serinus.core.records.record import Event
from serinus.core.release.table import State
from tests.unit.control.production import Production, rate

from .conftest import Cli


def _trail(path: Path, subject: str = "") -> Path:
    """The exported trail of a release that was rolled back."""
    world = Production()
    world.rates = {Event.INVALID_FORMAT: rate(0.3, 0.1)}
    world.start()
    world.until(State.ROLLED_BACK)
    path.write_bytes(b"".join(export_audit(world.control, subject=subject)))
    return path


def test_L1_a_trail_is_exported_whole_and_checked_without_a_server(cli: Cli, tmp_path: Path) -> None:
    """What the API gave is whole; with a line left out or edited it is not, and that is exit code 1."""
    cli.prepared()
    out = tmp_path / "audit.jsonl"
    assert "bytes" in cli.ok("audit", "export", "--out", str(out))
    lines = out.read_bytes().splitlines(keepends=True)
    assert len(lines) == cli.json("audit", "verify")["checked"]
    assert cli.json("audit", "verify", "--file", str(out)) == {"checked": len(lines), "whole": True, "faults": []}
    out.write_bytes(b"".join([*lines[:1], *lines[2:]]))
    assert cli.run("audit", "verify", "--file", str(out)).exit_code == 1
    out.write_bytes(b"".join(lines).replace(b'"actor":"', b'"actor":"not ', 1))
    broken = cli.run("audit", "verify", "--file", str(out))
    assert (broken.exit_code, "was edited" in broken.stdout) == (1, True)


def test_an_export_of_one_subject_holds_nothing_else(cli: Cli, tmp_path: Path) -> None:
    """And an existing file is not overwritten unasked."""
    cli.prepared()
    out = tmp_path / "bot.jsonl"
    cli.ok("audit", "export", "--subject", "bot", "--out", str(out))
    assert {json.loads(line)["subject"] for line in out.read_text().splitlines()} == {"bot"}
    assert cli.run("audit", "export", "--out", str(out)).exit_code == 1
    cli.ok("audit", "export", "--out", str(out), "--force")


def test_decisions_are_decided_anew_from_a_file(cli: Cli, tmp_path: Path) -> None:
    """All identical: exit code 0. With other counts: 1, and it is said which."""
    trail = _trail(tmp_path / "trail.jsonl")
    shown = cli.ok("replay", "--file", str(trail), "--explain")
    assert "decisions come out identical, byte for byte" in shown
    assert "harm: fail" in shown
    assert cli.json("replay", "--file", str(trail))["identical"] is True
    trail.write_text(trail.read_text().replace('\\"alpha\\":0.001', '\\"alpha\\":0.0000001'))
    changed = cli.run("replay", "--file", str(trail), "--json")
    assert changed.exit_code == 1
    assert json.loads(changed.stdout)["identical"] is False


def test_a_release_of_the_api_is_replayed_by_the_name_of_its_app(cli: Cli) -> None:
    """A release that the tick has not judged yet has no decision, which is said."""
    _, second = cli.prepared()
    cli.ok("release", "start", "bot", second)
    assert "has decided nothing yet" in cli.ok("replay", "bot")


def test_what_is_no_trail_is_refused_with_its_line(cli: Cli, tmp_path: Path) -> None:
    """A file of something else, and no name at all."""
    other = tmp_path / "other.jsonl"
    other.write_text("{}\n")
    for command in (("replay",), ("audit", "verify")):
        refused = cli.run(*command, "--file", str(other))
        assert (refused.exit_code, "line 1" in refused.stderr) == (1, True)
    assert "RELEASE" in cli.run("replay").stderr
