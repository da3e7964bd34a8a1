"""A release on a terminal: what is over is not told as if it went on."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from serinus.cli.release_table import release_line, release_table
from serinus.core.decision.labels import read_on
from serinus.core.pipeline.plan import Guardrail
from serinus.core.records.label_sums import LabelSums
from serinus.core.records.labels import AwaitedUnit, Label, LabelKey
from serinus.core.release.release import Progress
from tests.unit.cli.conftest import PROJECT, PROMPT, Cli


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


FIRST = """pipeline: 1
endpoints:
  sim: {base_url: "http://127.0.0.1:9/v1"}
apps:
  bot:
    owner: ada@example.com
    cohort: {unit: user}
    fallback_message: Soon.
    stages:
      - {kind: shadow, name: staging, requests: [recorded]}
      - {kind: approval, name: sign-off, roles: [ml_lead]}
      - {kind: rollout, steps: [{share: 5%, dwell: 2h}, {share: 100%, dwell: 1d}]}
    triggers: [{metric: call.error, above: 2.5%, for: 5m}]
    guardrails: [{metric: call.error}]
"""


def test_H13_a_first_release_is_told_as_one(cli: Cli) -> None:
    """The plan that applies, what is not compared, and one arm instead of two."""
    (cli.folder / "first.yaml").write_text(FIRST, encoding="utf-8")
    (cli.folder / "bot.md").write_text(PROMPT, encoding="utf-8")
    cli.ok("apply", str(cli.folder / "first.yaml"))
    cli.ok("push", "bot", str(cli.folder / "bot.md"))
    version = cli.json("versions", "bot")["items"][0]["name"]
    plan = cli.ok("release", "plan", "bot", version)
    assert "the fallback message (first release)" in plan
    assert "offline: recorded within 18h" in plan
    assert "not compared" in plan
    assert "first release with staging" in cli.ok("release", "start", "bot", version)
    waiting = cli.json("release", "status", "bot")
    assert "evidence=not compared" in release_line(waiting)
    screen = " ".join(_screen({**waiting, "exposed": True}).split())
    assert "in place of the fallback message (first release)" in screen
    assert "not compared: first release (call.error); absolute limits judge it alone" in screen
    assert "control" not in screen


def test_H5_a_score_has_a_row_with_both_means_on_its_scale(cli: Cli) -> None:
    """Ratings of 1 to 5 read as .4 and .8 of the scale are 2.6 and 4.2; before the first one a dash."""
    project = PROJECT.replace("      - {metric: call.invalid_format, max_ratio: 1.5, design_ratio: 3}",
                              "      - {metric: feedback.rating, max_drop: 0.02}")  # fmt: skip
    cli.prepared()
    cli.ok("apply", cli.file("serinus.yaml", project))
    version = cli.json("push", "bot", cli.file("third.md", PROMPT.replace("kind", "kindest")))["name"]
    cli.ok("release", "start", "bot", version, "-m", "kinder")
    release = cli.json("release", "status", "bot")
    assert any(line.split() == ["feedback.rating", "–", "–"] for line in _screen(release).splitlines())
    rail = Guardrail(metric="feedback.rating", max_drop=0.02)
    units = [
        AwaitedUnit(
            LabelKey(release["id"], rail.metric, bytes([i])), i, 0, 1 + i % 2, Label(i, 400_000 + 400_000 * (i % 2))
        )
        for i in range(200)
    ]
    sums = read_on(LabelSums(metric=rail.metric), rail, 1, units)
    with cli.control.tx() as tx:
        tx.put_progress(Progress(release=release["id"], step=0, labels=(sums,)))
    found = cli.json("release", "status", "bot")
    assert any(line.split() == ["feedback.rating", "2.6", "4.2"] for line in _screen(found).splitlines())
    [evidence] = found["standing"]["evidence"]
    assert (evidence["candidate"], evidence["control"], evidence["kind"]) == (100, 100, "score")
    assert evidence["log_e"] > 4.6


def test_2_7_the_live_version_has_a_row_beside_its_own_past(cli: Cli) -> None:
    """What came, what is usual, the odds; too short a past has none."""
    _, second = cli.prepared()
    cli.ok("release", "start", "bot", second)
    release = cli.json("release", "status", "bot")
    assert [one["no_data"][:11] for one in release["standing"]["control_health"]] == ["0 of 72 hou"]
    ill: dict[str, Any] = {
        "metric": "call.error", "calls": 2000, "events": 200, "expected": 41.25, "log_e": 12.0, "needed_log_e": 7.6,
        "ill": True, "no_data": "", "text": "",
    }  # fmt: skip
    standing = {**release["standing"], "control_health": [ill, {**ill, "no_data": "too short", "log_e": 0.0}]}
    rows = [row.split() for row in _screen({**release, "standing": standing}).splitlines() if "live version" in row]
    assert rows[0][:8] == ["live", "version", "itself:", "call.error", "200", "(41.2", "usual)", "10^5:1"]
    assert rows[1][4:9] == ["200", "(usual", "unknown)", "no", "data"]


def test_H4_what_is_suspected_is_told_as_it_stands_now_and_once(cli: Cli) -> None:
    """The reason of the pause still asks for an answer; what the release waits for says who gave it."""
    _, second = cli.prepared()
    cli.ok("release", "start", "bot", second)
    release = cli.json("release", "status", "bot")
    hold = {"trigger": "suspicion", "auto_resume": False, "at": "", "reason": "", "deadline": None}
    paused = {**release, "state": "paused", "hold": hold, "reason": "Suspected: or it rolls back"}
    screen = _screen({**paused, "waiting": "Paused: Suspected: olga dismissed it"})
    assert "olga dismissed it" in screen
    assert "or it rolls back" not in screen
    assert "or it rolls back" in _screen({**paused, "waiting": ""})
    assert "or it rolls back" in _screen({**paused, "waiting": "x", "hold": {**hold, "trigger": "harm"}})
