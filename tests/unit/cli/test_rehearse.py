"""`serinus rehearse` on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serinus.cli.command_line import build

SCENARIO = """scenario: 1
name: ours
traffic: {requests_per_day: 300000, users: 3000}
rates: {call.error: 2%}
"""
PROJECT = """pipeline: 1
apps:
  bot:
    owner: ada@example.com
    stages: [{kind: rollout, steps: [{share: 10%, dwell: 30m}, {share: 50%, dwell: 1h}, {share: 100%, dwell: 1h}]}]
    triggers: [{metric: call.error, above: 50%, for: 5m, min_requests: 10}]
    guardrails: [{metric: call.error}]
    freshness: 5m
    cohort: {unit: user}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a project and two scenarios."""
    (tmp_path / "serinus.yaml").write_text(PROJECT)
    (tmp_path / "well.yaml").write_text(SCENARIO)
    (tmp_path / "worse.yaml").write_text(SCENARIO + "effect: [{metric: call.error, ratio: 4}]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Any:
    whole = ["rehearse", "--workers", "1", *words]
    return CliRunner().invoke(build(whole), whole, env={"COLUMNS": "200"})


@pytest.mark.usefixtures("folder")
def test_q1_the_report_tells_what_is_caught() -> None:
    """As a table, and as JSON with the seed."""
    words = ["--project", "serinus.yaml", "--scenario", "worse.yaml", "-n", "80"]
    table = run(*words)
    assert table.exit_code == 0, table.output
    assert "It catches this harm in 100.00 %" in table.output
    document = json.loads(run(*words, "--json", "--seed", "4").stdout)
    assert (document["pipeline"], document["seed"]) == ("bot", 4)
    assert document["scenarios"][0]["detection"]["hits"] == 80


def test_q1_a_plan_of_seconds_is_rehearsed_by_seconds(folder: Path) -> None:
    """Its releases end within two minutes. Where there is no terminal for a bar, each scenario that is done is
    told, beside the report."""
    words = ["--project", "serinus.yaml", "--scenario", "well.yaml", "-n", "2", "--json"]
    whole = run(*words)
    (folder / "serinus.yaml").write_text(re.sub("dwell: (30m|1h)", "dwell: 20s", PROJECT))
    quick = run(*words)
    assert whole.stderr == quick.stderr == "ours: 2 of 2 releases\n"
    (found,) = json.loads(quick.stdout)["scenarios"]
    assert found["ends"] == {"promoted": 2}
    assert 60 <= found["full_s"]["p50"] <= 120


def test_h13_a_first_release_is_rehearsed_where_it_could_start(folder: Path) -> None:
    """What a start would refuse is refused: without a message to fall back on, and without a signature."""
    words = ["--project", "serinus.yaml", "--first", "--scenario", "well.yaml", "-n", "2", "--json"]
    unsaid = run(*words)
    assert (unsaid.exit_code, "app.fallback_message" in unsaid.stderr) == (1, True)
    told = PROJECT.replace("    owner", "    fallback_message: Later.\n    owner")
    (folder / "serinus.yaml").write_text(told)
    unsigned = run(*words)
    assert (unsigned.exit_code, "nobody signs before users see it" in unsigned.stderr) == (1, True)
    (folder / "serinus.yaml").write_text(
        told.replace("[{kind: roll", "[{kind: approval, roles: [ml_lead]}, {kind: roll")
    )
    found = json.loads(run(*words).stdout)
    assert found["pipeline"] == "bot, its first release"
    assert found["scenarios"][0]["ends"] == {"promoted": 2}


@pytest.mark.usefixtures("folder")
def test_q1_requirements_gate_by_exit_code() -> None:
    """0 when the intervals show them, 1 when not, and also when there are too few releases to tell."""
    words = ["--project", "serinus.yaml", "--scenario", "worse.yaml", "--scenario", "well.yaml"]
    assert run(*words, "-n", "80", "--require", "detection=0.9,false=0.1").exit_code == 0
    assert run(*words, "-n", "10", "--require", "detection=0.9").exit_code == 1
    assert run(
        "--project", "serinus.yaml", "--scenario", "worse.yaml", "-n", "80", "--require", "detection=1"
    ).exit_code


def test_q1_the_html_report_is_one_file(folder: Path) -> None:
    """Written whole, with a chart."""
    run("--project", "serinus.yaml", "--scenario", "well.yaml", "-n", "5", "--html", "r.html")
    assert "<svg" in (folder / "r.html").read_text()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--scenario", "helthy"], "no scenario 'helthy'"),
        (["--scenario", "none.yaml"], "cannot be read"),
        (["--app", "bot"], "an app, but no project"),
        (["--project", "serinus.yaml", "--app", "bit"], "no app 'bit'"),
        (["--require", "power=1"], "'power=1' is no requirement"),
        (["--require", "false=nan"], "'false=nan' is no requirement"),
        (["--show", "helthy"], "no scenario 'helthy'"),
    ],
)
def test_q1_what_cannot_be_rehearsed_is_refused(words: list[str], what: str) -> None:
    """With what is wrong and how to mend it, before any release."""
    result = run(*words)
    assert result.exit_code == 1
    assert what in result.stderr
    assert "mend:  -" not in result.stderr


@pytest.mark.usefixtures("folder")
def test_q1_a_shipped_scenario_can_be_copied() -> None:
    """What `--show` prints is a scenario file."""
    Path("copy.yaml").write_text(run("--show", "night").output)
    assert run("--project", "serinus.yaml", "--scenario", "copy.yaml", "-n", "2").exit_code == 0


@pytest.mark.usefixtures("folder")
def test_q1_a_sweep_tells_how_large_harm_must_be() -> None:
    """As a table, as JSON, and as a chart; a requirement on it, or a scenario without harm, is refused."""
    words = ["--project", "serinus.yaml", "--scenario", "worse.yaml", "-n", "20", "--sweep", "ratio=1,6"]
    table = run(*words, "--html", "power.html")
    assert table.exit_code == 0, table.output
    assert "circle" in Path("power.html").read_text()
    points = json.loads(run(*words, "--json").stdout)["curves"][0]["summaries"]
    assert [one["steps"][-1]["rolled_back"]["hits"] for one in points][1] == 20
    assert run(*words, "--require", "detection=0.9").exit_code == 1
    assert run("--project", "serinus.yaml", "--scenario", "well.yaml", "--sweep", "ratio=1..2").exit_code == 1
