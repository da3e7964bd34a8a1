"""Simulated traffic as a process, against the simulated provider."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.sim_programs import (
    RunningProvider,
    post,
    read_all,
    running_provider,
    start_traffic,
    traffic_result,
)

pytestmark = pytest.mark.process
QUERIES = Path(__file__).parents[2] / "examples" / "support-bot" / "queries.csv"


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    """A fast provider for all tests of this file."""
    with running_provider("--speed", "50") as running:
        yield running


def lines_of(file: Path) -> list[dict[str, object]]:
    """The log's lines."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_every_request_is_answered_counted_and_logged_once(provider: RunningProvider, tmp_path: Path) -> None:
    """300 requests of a user's own CSV: the result, the log and the provider's counts agree."""
    with provider.raw(b"DELETE /sim/stats HTTP/1.1\r\nhost: sim\r\nconnection: close\r\n\r\n") as connected:
        read_all(connected)
    log = tmp_path / "calls.jsonl"
    result = traffic_result(
        *("--base-url", provider.url, "--app", "sim-large", "--rate", "300", "--requests", "300"),
        *("--csv", str(QUERIES), "--log", str(log)),
    )
    lines = lines_of(log)
    assert result["sent"] == result["completed"] == result["ok"] == len(lines) == 300
    assert len({line["call"] for line in lines}) == 300
    assert result["arms"]["none"]["completed"] == 300
    assert set(result["latency_ms"]) == {"p50", "p90", "p99", "p999", "max"}
    assert {line["stream"] for line in lines} == {True, False}
    assert {line["thumbs"] for line in lines} == {"", "up", "down"}


def test_the_same_seed_asks_the_same_and_another_does_not(provider: RunningProvider, tmp_path: Path) -> None:
    """Users, streaming and turns of single-turn traffic are reproducible."""
    seen = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        log = tmp_path / name
        traffic_result(
            *("--base-url", provider.url, "--app", "sim-large", "--rate", "500", "--requests", "60"),
            *("--go-on", "0", "--seed", seed, "--log", str(log)),
        )
        seen.append(sorted((str(line["unit"]), bool(line["stream"])) for line in lines_of(log)))
    assert seen[0] == seen[1] != seen[2]


class StuckServer:
    """Notes when requests arrive, and never answers."""

    def __init__(self) -> None:
        self.arrived_s: list[float] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            self.arrived_s.append(time.monotonic())
            self._open.append(connected)

    def close(self) -> None:
        """Close everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connected in self._open:
            connected.close()


def test_arrivals_do_not_wait_for_answers() -> None:
    """A server that never answers gets the whole schedule: 40 requests, even gaps of 25 ms, all timed out."""
    server = StuckServer()
    result = traffic_result(
        *("--base-url", server.url, "--app", "a", "--rate", "40", "--spacing", "even"),
        *("--requests", "40", "--timeout", "1.5"),
    )
    server.close()
    assert result["incomplete_by_reason"] == {"timeout": 40}
    assert (result["sent"], result["completed"], len(server.arrived_s)) == (40, 0, 40)
    # Waiting for each answer would take a minute.
    assert 0.7 < server.arrived_s[-1] - server.arrived_s[0] < 5.0


def test_above_the_concurrency_limit_requests_are_counted_not_sent() -> None:
    """Five open requests, the other fifteen are overload."""
    server = StuckServer()
    result = traffic_result(
        *("--base-url", server.url, "--app", "a", "--rate", "200", "--requests", "20"),
        *("--concurrency", "5", "--timeout", "3"),
    )
    server.close()
    assert (result["sent"], result["overloaded"], len(server.arrived_s)) == (5, 15, 5)


def test_latency_counts_from_the_intended_time(provider: RunningProvider) -> None:
    """A first byte held back for half a second shows in full."""
    result = traffic_result(
        *("--base-url", provider.url, "--app", "sim-large+slow:25", "--rate", "100", "--requests", "20"),
    )
    assert result["latency_ms"]["p50"] >= 500.0
    assert result["first_byte_ms"]["p50"] >= 500.0


@pytest.mark.parametrize("kind", ["cut", "reset", "garbage_head"])
def test_broken_answers_are_incomplete_and_not_in_the_log(provider: RunningProvider, tmp_path: Path, kind: str) -> None:
    """Counted by reason, never sent again, not logged."""
    log = tmp_path / "calls.jsonl"
    result = traffic_result(
        *("--base-url", provider.url, "--app", f"sim-large+{kind}", "--rate", "100", "--requests", "10"),
        *("--log", str(log)),
    )
    assert (result["sent"], result["completed"], result["incomplete"]) == (10, 0, 10)
    assert lines_of(log) == []


@pytest.mark.parametrize("kind", ["429", "500", "garbage"])
def test_told_errors_are_completed_but_not_ok(provider: RunningProvider, tmp_path: Path, kind: str) -> None:
    """An error status and an answer that cannot be read are in the log with `ok` false."""
    log = tmp_path / "calls.jsonl"
    result = traffic_result(
        *("--base-url", provider.url, "--app", f"sim-large+{kind}", "--rate", "100", "--requests", "10"),
        *("--log", str(log)),
    )
    assert (result["completed"], result["ok"]) == (10, 0)
    assert [line["ok"] for line in lines_of(log)] == [False] * 10


def test_nobody_listening_is_incomplete_traffic() -> None:
    """Refused connections are counted, and the exit code says that nothing was completed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    process = start_traffic("--base-url", f"http://127.0.0.1:{port}", "--app", "a", "--requests", "5", "--json")
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert json.loads(out)["incomplete_by_reason"] == {"ClientConnectorError": 5}


def test_sigint_ends_early_with_the_result(provider: RunningProvider, tmp_path: Path) -> None:
    """Lines are in the log while it runs; Ctrl-C gives the result so far."""
    log = tmp_path / "calls.jsonl"
    log.touch()
    process = start_traffic(
        *("--base-url", provider.url, "--app", "sim-large", "--rate", "100", "--log", str(log), "--json")
    )
    deadline = time.monotonic() + 20
    while log.stat().st_size == 0 and time.monotonic() < deadline:
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert json.loads(out)["completed"] == len(lines_of(log)) > 0


def test_feedback_goes_out_only_when_asked_for(provider: RunningProvider) -> None:
    """Off by default; on, a server without the endpoint refuses, and that is counted."""
    options = ("--base-url", provider.url, "--app", "sim-large", "--rate", "200", "--requests", "60")
    assert traffic_result(*options)["feedback_sent"] == 0
    result = traffic_result(*options, "--feedback")
    assert result["feedback_sent"] == result["feedback_refused"] > 0
    assert result["completed"] == 60


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file"),
        (b"subject,body\nx,y\n", "columns found: subject, body"),
        (b"text\ncaf\xe9\n", "line 2"),
        (b"", "empty"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused_before_anything_is_sent(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    """Exit code 2, one line that names the file and what is wrong."""
    file = tmp_path / "queries.csv"
    if content is not None:
        file.write_bytes(content)
    process = start_traffic("--base-url", "http://127.0.0.1:1/v1", "--app", "a", "--csv", str(file))
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert words in err
    assert "queries.csv" in err


@pytest.mark.parametrize(
    "options",
    [
        ("--base-url", "127.0.0.1:80"),
        ("--rate", "0"),
        ("--users", "0"),
        ("--stream-share", "2"),
        ("--spacing", "odd"),
        ("--shape", "round"),
        ("--log", "/nowhere/at/all.jsonl"),
    ],
)
def test_values_that_mean_nothing_are_refused(options: tuple[str, str]) -> None:
    """Exit code 2, and the option is named."""
    process = start_traffic("--base-url", "http://127.0.0.1:1/v1", "--app", "a", "--requests", "1", *options)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert options[0] in err or options[1] in err


def test_a_provider_killed_in_the_middle_leaves_a_log_of_what_was_completed(tmp_path: Path) -> None:
    """After the kill the rest is incomplete; log and result agree."""
    log = tmp_path / "calls.jsonl"
    log.touch()
    with running_provider("--speed", "50") as doomed:
        options = ("--base-url", doomed.url, "--app", "sim-large", "--rate", "100", "--requests", "200")
        process = start_traffic(*options, "--log", str(log), "--json")
        deadline = time.monotonic() + 20
        while log.stat().st_size == 0 and time.monotonic() < deadline:
            pass
        doomed.kill()
    out, err = process.communicate(timeout=30)
    result = json.loads(out)
    assert result["completed"] == len(lines_of(log)) > 0, err
    assert result["sent"] == 200 == result["completed"] + result["incomplete"]


def test_a_table_is_printed_for_people(provider: RunningProvider) -> None:
    """Without `--json`: counts, arms and quantiles."""
    process = start_traffic(
        *("--base-url", provider.url, "--app", "sim-large", "--rate", "100", "--requests", "10", "--shape", "day")
    )
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "10 completed" in out
    assert "p99" in out


def test_the_raw_request_helper_is_http(provider: RunningProvider) -> None:
    """What the other tests send is a request that the provider reads."""
    with provider.raw(post("/nowhere", b"", "connection: close")) as connected:
        assert read_all(connected).startswith(b"HTTP/1.1 404")
