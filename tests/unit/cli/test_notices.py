"""`serinus notices …`, against a real API on loopback."""

from __future__ import annotations

from serinus.control.route_notices import route_notices
from serinus.ports.control_store import Delivery

from .conftest import PROJECT, Cli

TOLD = PROJECT.replace("apps:\n  bot:\n", "apps:\n  bot:\n    notifications: {on_call: [{url_env: PAGER}]}\n")


def prepared(cli: Cli) -> None:
    """An app with a target, and a test notice that could not be delivered yet."""
    cli.prepared()
    cli.ok("apply", cli.file("told.yaml", TOLD))
    assert "notice 1 is on its way" in cli.ok("notices", "test", "bot")
    leader = cli.control.claim("me", None)
    assert leader is not None
    route_notices(cli.control, leader.epoch, 5)
    failed = Delivery(
        notice=1, target="env:PAGER", route="on_call", next_at_us=9, attempts=3, fault="the variable PAGER is not set"
    )
    with cli.control.tx() as tx:
        tx.put_deliveries([failed])


def test_A4_the_listing_says_who_was_told_and_who_was_not(cli: Cli) -> None:
    """What, whom, how often it was tried and why it failed; by app, and as JSON for programs."""
    assert "No notice." in cli.ok("notices")
    prepared(cli)
    (notice,) = cli.json("notices")["items"]
    assert (notice["title"], notice["deliveries"][0]["state"]) == ("Test", "pending")
    shown = " ".join(cli.ok("notices", "--app", "bot").split())
    assert "env:PAGER pending after 3 attempts" in shown
    assert "No notice." in cli.ok("notices", "--app", "ship")
    assert "No notice." in cli.ok("notices", "--waiting")


def test_I1_a_notice_is_acknowledged_by_number(cli: Cli) -> None:
    """Who and when; a number that is not there is refused."""
    prepared(cli)
    assert "notice 1 was acknowledged by root" in cli.ok("notices", "ack", "1", "-m", "on it")
    assert cli.json("notices")["items"][0]["acknowledged_by"].startswith("root")
    assert cli.run("notices", "ack", "99").exit_code == 1


def test_A4_nobody_to_test_is_refused(cli: Cli) -> None:
    """With the lines to write."""
    cli.prepared()
    refused = cli.run("notices", "test", "bot")
    assert refused.exit_code == 1
    assert "url_env" in refused.stderr
