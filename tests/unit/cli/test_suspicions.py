"""`serinus suspicions …`, against a real API on loopback."""

from __future__ import annotations

from serinus.core.ids import id_bytes
from serinus.core.records import call_id
from serinus.core.routing.assignment import Arm

from .conftest import Cli


def running(cli: Cli) -> tuple[str, list[str]]:
    """A release that users see, and the ids of three calls of its candidate."""
    _, second = cli.prepared()
    release = cli.json("release", "start", "bot", second)["id"]
    with cli.control.tx() as tx:
        key = bytes.fromhex(tx.secrets().mac_key)
    place = id_bytes(release), Arm.CANDIDATE, 0, bytes(8)
    raws = [call_id.make(key, b"bot", 9, number.to_bytes(5, "big"), *place) for number in range(3)]
    return release, [call_id.text(raw) for raw in raws]


def another(cli: Cli, role: str) -> str:
    """The key of somebody else."""
    return str(cli.json("key", "create", f"a-{role}", "--role", role)["secret"])


def test_H4_a_call_is_suspected_listed_dismissed_and_the_release_resumed(cli: Cli) -> None:
    """The listing and the release's status say what is suspected, of which call, and until when it waits."""
    assert "Nothing is suspected." in cli.ok("suspicions")
    _, calls = running(cli)
    told = cli.ok("suspicions", "raise", calls[0], "--category", "dosage", "-m", "it [red]gives[/red] a dose")
    assert "is pending, until" in told
    cli.ok("suspicions", "raise", calls[1])
    first = cli.json("suspicions", "--pending")["items"][-1]
    shown = " ".join(cli.ok("suspicions", "--release", "bot").split())
    assert "policy violation: dosage" in shown
    assert first["id"] in shown
    status = " ".join(cli.ok("release", "status", "bot").split())
    assert f"suspected policy violation: dosage in {calls[0]}, by root" in status
    ids = [one["id"] for one in cli.json("suspicions")["items"]]
    dismissed = cli.run("suspicions", "dismiss", *ids, "-m", "cookery", key=another(cli, "on_call"))
    assert dismissed.exit_code == 0, dismissed.output
    assert dismissed.stdout.count("dismissed by a-on_call") == 2
    assert "is running" in cli.ok("release", "resume", "bot", "-m", "go on")


def test_J1_confirming_rolls_the_release_back(cli: Cli) -> None:
    """And a second answer is refused with the first."""
    release, calls = running(cli)
    id = cli.json("suspicions", "raise", calls[0])["id"]
    assert "is confirmed by root" in cli.ok("suspicions", "confirm", id, "-m", "it gives a dose")
    assert cli.json("release", "status", release)["state"] == "rolling_back"
    refused = cli.run("suspicions", "dismiss", id, "-m", "no", key=another(cli, "on_call"))
    assert refused.exit_code == 1
    assert "confirmed it already" in refused.stderr


def test_J2_a_pattern_is_reviewed_by_the_red_team(cli: Cli) -> None:
    """Nobody else, and nothing resumes before."""
    _, calls = running(cli)
    id = cli.json("suspicions", "raise", calls[0], "--pattern")["id"]
    refused = cli.run("release", "resume", "bot", "-m", "go on")
    assert refused.exit_code == 1
    assert f"serinus suspicions review {id}" in refused.stderr
    assert cli.run("suspicions", "review", id, "-m", "seen", key=another(cli, "ops_lead")).exit_code == 1
    reviewed = cli.run("suspicions", "review", id, "-m", "seen", key=another(cli, "red_team"))
    assert "is reviewed by a-red_team" in reviewed.stdout


def test_what_is_no_call_or_has_no_reason_is_refused(cli: Cli) -> None:
    """With the field, and how to mend it."""
    _, calls = running(cli)
    refused = cli.run("suspicions", "raise", "call_x")
    assert refused.exit_code == 1
    assert "copy it whole from x-request-id" in refused.stderr
    id = cli.json("suspicions", "raise", calls[0])["id"]
    assert cli.run("suspicions", "confirm", id).exit_code == 2
    assert cli.run("suspicions", "confirm", id, "-m", " ").exit_code == 1
