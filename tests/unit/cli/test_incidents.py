"""`serinus incidents …`, against a real API on loopback."""

from __future__ import annotations

from .conftest import Cli


def rolled_back(cli: Cli) -> str:
    """The id of a release that was rolled back by hand."""
    _, second = cli.prepared()
    id = str(cli.json("release", "start", "bot", second)["id"])
    cli.ok("release", "rollback", id, "-m", "a [red]sensitive[/red] moment")
    return id


def test_K1_an_incident_is_shown_worked_on_signed_and_closed(cli: Cli) -> None:
    """The listing says what is to be signed; showing says all of it, also what people wrote in brackets."""
    assert "There are no incidents." in cli.ok("incidents")
    release = rolled_back(cli)
    (one,) = cli.json("incidents", "list", "--open")["items"]
    assert one["id"] in cli.ok("incidents", "--app", "bot")
    shown = cli.ok("incidents", "show", one["id"])
    for part in ("low, open", "a [red]sensitive[/red] moment", "a hypothesis is noted: open", "root_cause ("):
        assert part in shown
    assert "exposed  not counted yet" in shown
    cli.ok("incidents", "note", release, "--kind", "hypothesis", "-m", "the prompt")
    cli.ok("incidents", "count", release)
    assert "0 users in 0 sessions, 0 calls" in cli.ok("incidents", "show", release)
    refused = cli.run("incidents", "close", release, "-m", "done")
    assert (refused.exit_code, "root_cause: the root cause is known" in refused.stderr) == (1, True)
    told = cli.ok("incidents", "sign", release, "root_cause", "--class", "candidate", "-m", "prose")
    assert "is signed for root_cause" in told
    assert "is closed" in cli.ok("incidents", "close", release, "-m", "fixed")
    assert "closed by root" in cli.ok("incidents", "show", release)
    assert cli.json("incidents", "--open")["items"] == []


def test_what_cannot_be_done_is_said_in_one_line(cli: Cli) -> None:
    """An unknown incident, a duty that is none, an old number; an export of nobody is empty."""
    release = rolled_back(cli)
    assert "no incident" in cli.run("incidents", "show", "inc_0").stderr
    assert cli.run("incidents", "sign", release, "blame", "-m", "x").exit_code == 2
    assert cli.ok("incidents", "units", release, "--jsonl") == ""
    seq = cli.json("incidents", "show", release)["seq"]
    late = cli.run("incidents", "note", release, "-m", "x", "--seq", str(seq - 1))
    assert (late.exit_code, "at seq" in late.stderr) == (1, True)
