"""The text of a notice: reason, links, commands, and nothing that does harm."""

from __future__ import annotations

import msgspec
import pytest

from serinus.cli.commands import COMMANDS as COMMAND_LINE
from serinus.cli.commands import Group
from serinus.core.notices.kinds import ESCALATE, KINDS
from serinus.core.notices.message import COMMANDS, MAX_REASON, Subject, compose

ROLLED_BACK = Subject(
    id="rel_1/7/roll_back/12",
    number=12,
    kind="roll_back",
    app="shop",
    release="rel_1",
    candidate="shop-2026-W47-2",
    reason="call.error is harmed",
    acknowledge_by="2026-11-21 01:15:00 UTC",
)


def test_a_message_says_what_where_and_what_to_type() -> None:
    """Title, one sentence, links, commands, how to acknowledge, and the id by which a repetition is known."""
    message = compose(ROLLED_BACK, "https://serinus.example.com/")
    assert message.title == "Release rolling back: shop shop-2026-W47-2"
    assert message.tone == "failure"
    assert message.body.splitlines() == [
        "call.error is harmed.",
        "",
        "https://serinus.example.com/releases/rel_1",
        "https://serinus.example.com/api/v1/releases/rel_1",
        "$ serinus release status rel_1",
        "$ serinus audit list --subject rel_1",
        "Acknowledge by 2026-11-21 01:15:00 UTC, or the leads are told:",
        "$ serinus notices ack 12",
        "",
        "notice 12 · rel_1/7/roll_back/12",
    ]


def test_a_repetition_has_the_same_text() -> None:
    """Receivers can tell it by the id."""
    assert compose(ROLLED_BACK, "http://x") == compose(ROLLED_BACK, "http://x")
    assert compose(ROLLED_BACK, "http://x").id == ROLLED_BACK.id


def test_I1_an_escalation_names_the_notice_that_was_missed() -> None:
    """The leads acknowledge the original, not the reminder."""
    about = msgspec.structs.replace(ROLLED_BACK, kind=ESCALATE, number=13, original=12, acknowledge_by="")
    assert "$ serinus notices ack 12" in compose(about, "").body


@pytest.mark.parametrize("reason", ["a\r\nBcc: everybody@example.com", "\x1b[2Jx", "<!channel>\x00\u2028y"])
def test_what_people_wrote_stays_one_line(reason: str) -> None:
    """Line ends and control characters of a reason begin no header, no line and no escape."""
    message = compose(msgspec.structs.replace(ROLLED_BACK, reason=reason, app="a\nb"), "")
    assert len(message.title.splitlines()) == 1
    assert all(char.isprintable() for line in message.body.split("\n") for char in line)
    assert message.body.split("\n")[1] == ""


def test_long_reasons_are_cut() -> None:
    """A page of reason does not push the commands out of a pager's message."""
    assert len(compose(msgspec.structs.replace(ROLLED_BACK, reason="x" * 9999), "").body) < MAX_REASON + 400


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_makes_a_message(kind: str) -> None:
    """With a release and without one, and with nothing known at all."""
    for release in ("rel_1", ""):
        about = msgspec.structs.replace(ROLLED_BACK, kind=kind, release=release, candidate="", reason="")
        message = compose(about, "http://x")
        assert message.title.startswith(KINDS[kind].title)
        assert "No reason was given." in message.body
        assert "{" not in message.body


def test_commands_in_messages_exist() -> None:
    """Every command that a message tells somebody to type is one of the command line."""
    for command in (command for commands in COMMANDS.values() for command in commands):
        _, word, *rest = command.split()
        entry = COMMAND_LINE[word]
        if isinstance(entry, Group):
            assert rest[0] in entry.commands or (entry.alone is not None and rest[0].startswith("--")), command
