"""Cached answers on the command line, against a real API on loopback."""

from __future__ import annotations

import msgspec
import pytest

from serinus.adapters.clock import SystemClock
from serinus.adapters.event_log import ParquetLog
from serinus.core.records.call import row
from serinus.ports.event_log import LogBatch
from tests.fake_workers import ManualClock, end, raw_call

from .conftest import PROJECT, Cli

CACHED = PROJECT.replace("    stages:", "    fallback_message: Later.\n    fallback_cached: {}\n    stages:")
LINES = '{"question": "When?", "answer": "At 8.", "language": "en"}\n\n{"question": "Where?", "answer": "Here."}\n'


@pytest.fixture
def shop(cli: Cli) -> Cli:
    """The app with a live version, that has cached answers."""
    cli.prepared()
    cli.ok("apply", cli.file("serinus.yaml", CACHED))
    return cli


def ids(shop: Cli, *words: str) -> list[str]:
    return [one["id"] for one in shop.json("cache", "list", "bot", *words)["items"]]


def test_J5_from_a_proposal_to_an_approval_and_out(shop: Cli) -> None:
    """Each told with its id and state; the list shows both sides of it."""
    assert "No cached answers" in shop.ok("cache", "list", "bot")
    told = shop.ok("cache", "propose", "bot", "--question", "How do I pay?", "--answer", "By [card].")
    (id,) = ids(shop, "--proposed")
    assert f"{id} is proposed: How do I pay?" in told
    assert "By [card]." in shop.ok("cache", "list", "bot")
    assert ids(shop, "--approved") == []
    assert f"{id} is approved" in shop.ok("cache", "approve", id, "-m", "checked")
    assert ids(shop, "--approved") == [id]
    assert ids(shop, "--approved", "--proposed") == [id]
    assert shop.json("cache", "remove", id, "-m", "moved")["items"][0]["id"] == id
    assert ids(shop) == []
    assert shop.run("cache", "remove", id).exit_code == 1


def test_J5_a_file_is_imported_whole_and_its_export_again(shop: Cli) -> None:
    """JSON lines, or what the list prints; the same again changes nothing."""
    assert len(shop.json("cache", "import", "bot", shop.file("a.jsonl", LINES))["items"]) == 2
    listed = shop.file("list.json", shop.ok("cache", "list", "bot", "--json"))
    before = ids(shop)
    assert sorted(one["id"] for one in shop.json("cache", "import", "bot", listed)["items"]) == sorted(before)
    assert ids(shop) == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"question": "When?", "answer": "At 8."}\n{"question": "Where?"}\n', "a.jsonl:2"),
        ('{"question": "When?", "answer": "At 8."}\n{"question": "?", "answer": "x"}\n', "there is no question"),
        ("When?,At 8.\n", "a.jsonl:1"),
    ],
)
def test_J5_a_file_with_a_fault_proposes_nothing(shop: Cli, text: str, told: str) -> None:
    """Its line is named."""
    refused = shop.run("cache", "import", "bot", shop.file("a.jsonl", text))
    assert refused.exit_code != 0
    assert told in "".join(refused.stderr.split("\n"))
    assert ids(shop) == []


def test_J5_one_way_to_say_what_is_proposed(shop: Cli) -> None:
    """Two, or none, are refused before anything is asked of the API."""
    for words in ((), ("--call", "call_x", "--scored", "user.rating")):
        refused = shop.run("cache", "propose", "bot", *words)
        assert (refused.exit_code != 0, "says what" in refused.stderr) == (True, True)


def test_J5_a_project_without_a_cache_is_told_what_to_declare(cli: Cli) -> None:
    """In the words of the project file."""
    cli.prepared()
    refused = cli.run("cache", "propose", "bot", "--question", "a", "--answer", "b")
    assert "fallback_cached: {}" in refused.stderr


def test_J5_fallbacks_are_counted_for_an_app(shop: Cli) -> None:
    """By who answered, with shares; an app without calls says so, an unknown one is refused."""
    assert "No call of bot ended within 24 hours" in shop.ok("calls", "fallbacks", "bot")
    now_us = SystemClock().now_us()
    raws = [raw_call(number) for number in range(4)]
    rows = [msgspec.structs.replace(row(end(raw, ManualClock(), 0), "h"), app="bot", at_us=now_us) for raw in raws]
    rows[0] = msgspec.structs.replace(rows[0], rung="cache")
    ParquetLog(shop.folder / "segments").write(LogBatch(spool=f"{'0' * 32}-00000000", start=64, end=100, rows=rows))
    told = shop.ok("calls", "fallbacks", "bot", "--hours", "2")
    assert "a cached answer" in told
    assert "25.00 %" in told
    assert shop.json("calls", "fallbacks", "bot")["calls"] == {
        "none": 3, "retry": 0, "baseline": 0, "cache": 1, "message": 0, "hand_off": 0,
    }  # fmt: skip
    assert shop.run("calls", "fallbacks", "nobody").exit_code == 1
