"""`serinus eval` and its family against a real API and a real provider on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.process.sim_programs import RunningProvider, running_provider

from .conftest import Cli

EXAMPLE = Path(__file__).parents[3] / "examples" / "support-bot"
SUITE = str(EXAMPLE / "suite.yaml")
ALONE = ["--suite", SUITE, "--baseline", "none"]
BETTER, BASELINE = str(EXAMPLE / "better.md"), str(EXAMPLE / "baseline.md")


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    """A provider that answers at once."""
    with running_provider("--speed", "inf") as running:
        yield running


def words(cli: Cli, provider: RunningProvider, *more: str) -> list[str]:
    """An evaluation that keeps its answers in the test's folder."""
    return ["eval", "bot", BETTER, "--endpoint", f"sim={provider.url}", "--kept", str(cli.folder / "kept"), *more]


def test_D2_two_files_are_compared_without_the_api(cli: Cli, provider: RunningProvider) -> None:
    """Both on the same cases, with differences; the outcome in one sentence at the end."""
    given = words(cli, provider, "--suite", SUITE, "--baseline", BASELINE, "--gate")
    result = cli.run(*given, url="http://127.0.0.1:9")
    assert result.exit_code == 0, result.output
    assert "golden passes: 10 thresholds hold on 124 cases and 124 pairs with baseline.md" in result.output
    assert "of the candidate's own family" in result.output


def test_D10_the_gate_exits_with_1_on_fail_and_on_inconclusive(cli: Cli, provider: RunningProvider) -> None:
    """Without --gate it only shows."""
    strict = (EXAMPLE / "suite.yaml").read_text().replace("golden.jsonl", str(EXAMPLE / "golden.jsonl"))
    strict = strict.replace("    calibration: grounded.calibration.json\n", "")
    failing = cli.file("failing.yaml", strict.replace("min: 75%", "min: 100%"))
    unsure = cli.file("unsure.yaml", strict.replace("max_drop: 15%", "max_drop: 0%"))
    for suite, outcome in ((failing, "fail"), (unsure, "inconclusive")):
        shown = words(cli, provider, "--suite", suite, "--baseline", BASELINE, "--json")
        assert json.loads(cli.ok(*shown))["outcome"] == outcome
        assert cli.run(*shown, "--gate").exit_code == 1


def test_D10_reports_are_written_for_others(cli: Cli, provider: RunningProvider) -> None:
    """JUnit XML with a case for each finding, Markdown with a table."""
    xml, markdown = cli.folder / "eval.xml", cli.folder / "eval.md"
    files = ["--junit", str(xml), "--markdown", str(markdown)]
    found = json.loads(cli.ok(*words(cli, provider, "--suite", SUITE, "--baseline", BASELINE, "--json", *files)))
    (suite,) = ElementTree.parse(xml).getroot()
    assert suite.get("tests") == str(len(found["findings"])) == str(len(list(suite)))
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
    text = markdown.read_text()
    assert text.startswith("### ✅ golden passes")
    assert "| category | " in text
    assert "got worse in category" in text


def test_a_second_run_asks_nothing(cli: Cli, provider: RunningProvider) -> None:
    """D9 on the command line: answers and grades are kept."""
    given = words(cli, provider, "--suite", SUITE, "--baseline", BASELINE, "--json")
    first = json.loads(cli.ok(*given))
    stopped = [f"sim={provider.url}" if word.startswith("sim=") else word for word in given]
    assert json.loads(cli.ok(*stopped)) == first


def test_versions_and_endpoints_come_from_the_api(cli: Cli, provider: RunningProvider) -> None:
    """`live` is the default baseline; a version goes by its name."""
    live, _ = cli.prepared()
    candidate = cli.json("push", "bot", BETTER)["name"]
    given = ["--suite", SUITE, "--kept", str(cli.folder / "kept"), "--endpoint", f"sim={provider.url}", "--json"]
    found = json.loads(cli.ok("eval", "bot", candidate, *given))
    assert (found["candidate"]["name"], found["baseline"]["name"]) == (candidate, live)
    alone = json.loads(cli.ok("eval", "bot", candidate, "--baseline", "none", *given))
    assert alone["baseline"] is None


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (["--suite", "missing.yaml"], "cannot be read"),
        (["--suite", SUITE, "--baseline", "nothing"], "bot has no version 'nothing'"),
        ([*ALONE, "--endpoint", "sim"], "'sim' is no endpoint"),
        (
            ["--suite", SUITE, "--baseline", "none", "--endpoint", "sim=http://127.0.0.1:9/v1,NO_KEY"],
            "NO_KEY is not set",
        ),
    ],
)
def test_what_is_missing_is_told_before_anything_is_asked(cli: Cli, given: list[str], what: str) -> None:
    """With the thing to do."""
    cli.prepared()
    result = cli.run("eval", "bot", BETTER, "--kept", str(cli.folder / "kept"), *given)
    assert result.exit_code == 1
    assert what in result.stderr


def test_D8_a_judge_is_calibrated_and_its_file_makes_it_gate(cli: Cli, provider: RunningProvider) -> None:
    """Rates with intervals and kappa; a judge that writes prose may not gate, and the command says so."""
    out = cli.folder / "out.json"
    given = ["grounded", str(EXAMPLE / "labelled.jsonl"), "--endpoint", f"sim={provider.url}"]
    shown = cli.ok("judge", "calibrate", SUITE, *given, "--out", str(out))
    assert "may gate" in shown
    assert "yes" in shown
    assert json.loads(out.read_text()) == json.loads((EXAMPLE / "grounded.calibration.json").read_text())
    prose = (EXAMPLE / "suite.yaml").read_text().replace("golden.jsonl", str(EXAMPLE / "golden.jsonl"))
    prose = prose.replace("model: sim-judge\n", "model: sim-judge-prose\n").replace(
        "    calibration: grounded.calibration.json\n", ""
    )
    result = cli.run("judge", "calibrate", cli.file("prose.yaml", prose), *given)
    assert result.exit_code == 1
    assert "no: it finds 0.0% of good answers" in result.stdout


def test_a_suite_is_checked_pushed_and_listed(cli: Cli) -> None:
    """Pushing twice changes nothing."""
    cli.prepared()
    assert "good: 124 cases, 8 scorers" in cli.ok("suite", "check", SUITE)
    assert "stored" in cli.ok("suite", "push", "bot", SUITE)
    assert "was there already" in cli.ok("suite", "push", "bot", SUITE)
    assert cli.json("suite", "list", "bot")["items"][0]["name"] == "golden"


def test_csv_becomes_a_data_set(cli: Cli) -> None:
    """One case on each line, ready for a suite."""
    lines = cli.ok(
        "data", "import", str(EXAMPLE / "queries.csv"), "--text-column", "text", "--expected-column", "category"
    )
    assert json.loads(lines.splitlines()[0]) == {
        "id": "row-1",
        "input": "Where is the parcel you sent on Monday?",
        "expected": "delivery",
    }
