"""Freezing releases and what waits, on the command line, against a real API on loopback."""

from __future__ import annotations

import msgspec

from .conftest import Cli


def test_H12_the_switch_is_turned_and_shown(cli: Cli) -> None:
    """On with a reason, shown with who and why, off again."""
    assert cli.ok("freeze", "status").strip() == "Releases are not frozen."
    assert "the provider moves" in cli.ok("freeze", "on", "-m", "the provider moves")
    assert "All releases are frozen by" in cli.ok("freeze", "status")
    assert cli.json("freeze", "status")["on"] is True
    assert cli.ok("freeze", "off").strip() == "Releases are not frozen."


def test_H12_a_start_in_a_freeze_waits_and_can_be_taken_out(cli: Cli) -> None:
    """What it waits for is told at the start and in the list; nothing is left of it afterwards."""
    _, second = cli.prepared()
    cli.ok("freeze", "on", "-m", "friday")
    started = cli.ok("release", "start", "bot", second)
    assert "waits:" in started
    assert "friday" in started
    assert "bot" in cli.ok("release", "waiting")
    assert "No release of bot waits any more." in cli.ok("release", "unqueue", "bot")
    assert "No release waits." in cli.ok("release", "waiting")
    refused = cli.run("release", "unqueue", "bot")
    assert (refused.exit_code, "no release of bot waits" in refused.stderr) == (1, True)


def test_H12_a_newer_candidate_is_queued_when_the_plan_says_so(cli: Cli) -> None:
    """The start of a second release is answered with what it waits for."""
    first, second = cli.prepared()
    with cli.control.tx() as tx:
        app = tx.app("bot")
        assert app is not None
        assert app.config.plan is not None
        plan = msgspec.structs.replace(app.config.plan, when_active="queue")
        tx.put_app(msgspec.structs.replace(app, config=msgspec.structs.replace(app.config, plan=plan)))
    active = cli.json("release", "start", "bot", second)
    document = cli.json("release", "start", "bot", second)
    assert (document["state"], document["why"]) == ("waiting", f"release {active['id']} has ended")
    assert first != second
