"""`serinus calls` against a real API over a real log."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest

from serinus.adapters.event_log import ParquetLog
from serinus.cli.call_options import asked
from serinus.cli.local_files import written
from serinus.core.errors import InvalidInput
from serinus.core.records import call_id
from serinus.core.records.call import row
from serinus.core.records.record import Event, Score
from serinus.core.records.score import row as score_row
from serinus.core.routing.conversation import pseudonym
from serinus.ports.event_log import LogBatch, ScoreBatch
from tests.fake_workers import APP, KEY, RELEASE, START_US, ManualClock, end

from .conftest import Cli

SPOOL = f"{'0' * 32}-00000000"


def _filled(cli: Cli) -> list[str]:
    """A log of four calls, a second apart, the first one Ada's with what she said; their ids."""
    with cli.control.tx() as tx:
        ada = pseudonym(bytes.fromhex(tx.secrets().pseudonym_key), "ada")
    clock, rows, ids = ManualClock(), [], []
    for number in range(4):
        raw = call_id.make(
            KEY, APP, START_US // 1000, number.to_bytes(5, "big"), RELEASE, 1, 0, bytes(8) if number else ada
        )
        rows.append(row(end(raw, clock, Event.INVALID_FORMAT if number == 2 else 0, latency_us=number * 10**6), "h"))
        ids.append(call_id.text(raw))
        clock.advance(1)
    said = Score(
        call_id.raw_of(ids[0]), START_US, "feedback.text", 0, "feedback", "k", "support-bot", 0, "[red]no\x1b[0m"
    )
    down = Score(call_id.raw_of(ids[0]), START_US, "feedback.thumbs_down", 10**6, "feedback", "k", "support-bot")
    log = ParquetLog(cli.folder / "segments")
    log.write(LogBatch(spool=SPOOL, start=64, end=100, rows=rows))
    log.write_scores(ScoreBatch(spool=SPOOL, start=64, end=100, rows=[score_row(s, "h") for s in (said, down)]))
    return ids


def test_O3_calls_are_listed_newest_first_and_by_condition(cli: Cli) -> None:
    """A table for people, the API's document for programs."""
    ids = _filled(cli)
    shown = cli.ok("calls").splitlines()
    assert [line.split()[-1] for line in shown[1:]] == ids[::-1]
    assert "call.invalid_format" in shown[2]
    assert "thumbs_down 1" in shown[4]
    assert "[red]no [0m" in shown[4], "markup and terminal escapes of users stay text"
    found = cli.json("calls", "--user", "ada", "--scored", "--arm", "candidate")
    assert [item["id"] for item in found["items"]] == [ids[0]]
    assert [item["id"] for item in cli.json("calls", "--min-latency", "1.5s")["items"]] == ids[:1:-1]
    assert cli.json("calls", "--since", "2h")["items"] == []
    assert [item["id"] for item in cli.json("calls", "--fallback", "none", "--not-worse")["items"]] == ids[::-1]
    assert cli.json("calls", "--fallback", "message")["items"] == cli.json("calls", "--worse")["items"] == []
    page = cli.json("calls", "-n", "3")
    assert [item["id"] for item in cli.json("calls", "-n", "3", "--cursor", page["next_cursor"])["items"]] == ids[:1]
    assert "No call fits" in cli.ok("calls", "--app", "nobody")


def test_O1_a_call_is_shown_with_all_that_is_known(cli: Cli) -> None:
    """Every field, and below it what users said."""
    ids = _filled(cli)
    shown = cli.ok("calls", "show", ids[0])
    assert "support-bot" in shown
    assert "candidate" in shown
    assert "feedback.thumbs_down = 1" in shown
    assert cli.json("calls", "show", ids[0])["scores"][0]["metric"].startswith("feedback.")
    raw = call_id.raw_of(ids[0])
    missing = cli.run("calls", "show", call_id.text(raw[:-1] + bytes([raw[-1] ^ 1])))
    assert (missing.exit_code, missing.stdout) == (1, "")


def test_O3_an_export_writes_a_whole_file_or_none(cli: Cli) -> None:
    """It overwrites nothing unasked, and what fails leaves nothing behind."""
    ids = _filled(cli)
    out = cli.folder / "calls.jsonl"
    assert "bytes" in cli.ok("calls", "export", "--event", "call.invalid_format", "--out", str(out))
    assert [json.loads(line)["call"] for line in out.read_text().splitlines()] == [ids[2]]
    again = cli.run("calls", "export", "--out", str(out))
    assert (again.exit_code, "--force" in again.stderr) == (1, True)
    assert len(out.read_text().splitlines()) == 1
    assert cli.json("calls", "export", "--out", str(out), "--force")["bytes"] == out.stat().st_size
    assert len(out.read_text().splitlines()) == 4
    refused = cli.run("calls", "export", "--format", "csv", "--out", str(cli.folder / "x"))
    nowhere = cli.run("calls", "export", "--out", str(cli.folder / "none" / "x"))
    assert refused.exit_code == nowhere.exit_code == 1
    assert "cannot be written" in nowhere.stderr
    names = sorted(path.name for path in cli.folder.iterdir())
    assert names == ["calls.jsonl", "segments"]


def test_O3_parquet_and_scores_are_exported_too(cli: Cli) -> None:
    """Scores as lines on standard output, for a pipe."""
    _filled(cli)
    cli.ok("calls", "export", "--format", "parquet", "--out", str(cli.folder / "calls.parquet"))
    assert (cli.folder / "calls.parquet").read_bytes()[:4] == b"PAR1"
    lines = cli.ok("calls", "export", "--scores", "--user", "ada", "--out", "-").splitlines()
    assert {json.loads(line)["metric"] for line in lines} == {"feedback.thumbs_down", "feedback.text"}
    assert len(lines) == 2


def test_an_export_that_is_cut_leaves_no_file(cli: Cli) -> None:
    """The server dies halfway: exit code 3, and neither the file nor a part of it is there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def cut() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + b"x" * 500)

        server = threading.Thread(target=cut)
        server.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        result = cli.run("calls", "export", "--out", str(cli.folder / "calls.jsonl"), url=url)
        server.join()
    assert result.exit_code == 3
    assert list(cli.folder.iterdir()) == []


def test_a_file_that_is_being_written_has_no_name_yet(tmp_path: Path) -> None:
    """What stood there stays until the new one is whole."""
    path = tmp_path / "out"
    path.write_text("old")

    def fail() -> None:
        with written(path, force=True) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("", ""),
        ("90s", "2025-11-24T15:58:30+00:00"),
        ("2025-11-20T09:00:00+01:00", "2025-11-20T09:00:00+01:00"),
        ("2025-11-20T09:00:00Z", "2025-11-20T09:00:00+00:00"),
    ],
)
def test_times_are_moments_or_how_long_ago(since: str, expected: str) -> None:
    """Durations count back from now."""
    assert asked(START_US, since, "", "")["from"] == expected


@pytest.mark.parametrize("text", ["yesterday", "2025-11-20T09:00:00", "9999999999d", "5"])
def test_other_times_are_refused_with_their_option(text: str) -> None:
    """Also a time without its offset: whose nine o'clock would it be?"""
    with pytest.raises(InvalidInput) as refused:
        asked(START_US, "", text, "")
    assert refused.value.where == "--until"
