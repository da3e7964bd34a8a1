"""PromQL: what a Prometheus answers, by a real one where there is one, and by a server that answers as it does."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from serinus.adapters.fetch import Fetcher
from serinus.adapters.promql_source import measure_promql
from serinus.core.monitoring.reading import Measured
from serinus.core.pipeline.monitor import PromqlSource
from serinus.ports.monitors import Question
from tests.answering import Answering, answering
from tests.receivers import await_that, free_port

METRICS = b'# TYPE calls_total counter\ncalls_total{app="bot",version="aa"} 5\ncalls_total{app="bot",version="cc"} 7\n'


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    """Knows one secret."""
    made = Fetcher({"PROM_TOKEN": "s3cret"}.get)  # type: ignore[arg-type]
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[Answering]:
    """Answers as it is told."""
    with answering() as told:
        yield told


def ask(fetcher: Fetcher, url: str, query: str = "up", token_env: str = "", timeout_s: float = 5.0) -> Measured:
    source = PromqlSource(url=url, query=query, token_env=token_env)
    asked = Question(
        app="bot", source=source, since_us=0, until_us=300_000_000, timeout_s=timeout_s, arm="candidate", version="cc",
        release="rel_1",
    )  # fmt: skip
    return measure_promql(fetcher, asked, source)


def told(kind: str, result: object, status: str = "success") -> bytes:
    return json.dumps({"status": status, "data": {"resultType": kind, "result": result}}).encode()


def series(value: str) -> dict[str, object]:
    return {"metric": {"app": "bot"}, "value": [1700000000.1, value]}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prometheus that scrapes one target; skipped where the program is not installed."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("no `prometheus` on the PATH (Debian: apt install prometheus)")
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    with answering() as target:
        target.answer = lambda _: (200, METRICS)
        scrape = {"job_name": "bot", "scrape_interval": "1s", "static_configs": [{"targets": [target.url[7:]]}]}
        (folder / "prometheus.yml").write_text(json.dumps({"scrape_configs": [scrape]}))
        process = subprocess.Popen(
            [program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address=127.0.0.1:{port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        fetcher = Fetcher(lambda _: "")
        try:
            await_that(lambda: ask(fetcher, f"http://127.0.0.1:{port}", "sum(calls_total)").value is not None)
            yield f"http://127.0.0.1:{port}"
        finally:
            fetcher.close()
            process.terminate()
            process.wait(20)


@pytest.mark.process
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sum(calls_total)", Measured(value=12.0)),
        ('calls_total{app="$app", version="$version"}', Measured(value=7.0)),
        ("scalar(sum(calls_total)) / 4", Measured(value=3.0)),
        ("sum(nothing_total)", Measured()),
        ("sum(calls_total) * 0 / 0", Measured()),
        ("sum(count_over_time(calls_total[$window])) > bool 0", Measured(value=1.0)),
    ],
)
def test_A2_a_real_Prometheus_gives_one_number(
    fetcher: Fetcher, prometheus: str, query: str, expected: Measured
) -> None:
    """A vector of one series or a scalar; no series and NaN are no number, and placeholders are filled in."""
    assert ask(fetcher, prometheus, query) == expected


@pytest.mark.process
@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("calls_total", "gives 2 series"),
        ("calls_total[5m]", "gives a matrix"),
        ("sum(calls_total", "parse error"),
        ("sum(calls_total) / 0", "+Inf"),
        ('"text"', "gives a string"),
    ],
)
def test_a_real_Prometheus_gives_faults(fetcher: Fetcher, prometheus: str, query: str, fault: str) -> None:
    """What is not one number is said, with what Prometheus says of it."""
    seen = ask(fetcher, prometheus, query)
    assert seen.value is None
    assert fault in seen.fault


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (told("scalar", [1700000000, "0.25"]), Measured(value=0.25)),
        (told("vector", [series("3")]), Measured(value=3.0)),
        (told("vector", []), Measured()),
        (told("vector", [series("NaN")]), Measured()),
    ],
)
def test_A2_a_scalar_or_one_series_is_a_number(
    fetcher: Fetcher, server: Answering, body: bytes, expected: Measured
) -> None:
    """The same without a Prometheus at hand."""
    server.answer = lambda _: (200, body)
    assert ask(fetcher, server.url) == expected


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (200, told("vector", [series("1"), series("2")]), "2 series"),
        (200, told("matrix", []), "matrix"),
        (200, told("vector", [{"metric": {}, "histogram": [1, {}]}]), "no plain number"),
        (200, told("vector", [series("many")]), "no plain number"),
        (200, told("vector", ["odd"]), "no plain number"),
        (200, told("scalar", 5), "no plain number"),
        (200, b"[]", "answered 200"),
        (200, b"<html>", "no JSON"),
        (
            400,
            json.dumps({"status": "error", "error": "parse error:\n\x1b[31mred"}).encode(),
            "400: parse error: [31mred",
        ),
        (503, b"", "no JSON"),
        (302, b"{}", "answered 302"),
    ],
)
def test_what_is_not_one_number_is_a_fault(
    fetcher: Fetcher, server: Answering, status: int, body: bytes, fault: str
) -> None:
    """Whatever is answered: no crash, and never a number."""
    server.answer = lambda _: (status, body)
    seen = ask(fetcher, server.url)
    assert seen.value is None
    assert fault in seen.fault


def test_an_unreachable_Prometheus_is_a_fault(fetcher: Fetcher) -> None:
    """Refused, and a host that does not exist."""
    for url in (f"http://127.0.0.1:{free_port()}", "http://prometheus.invalid:9090"):
        seen = ask(fetcher, url)
        assert seen.value is None
        assert "cannot be reached" in seen.fault


def test_a_Prometheus_that_hangs_is_a_fault_in_time(fetcher: Fetcher, server: Answering) -> None:
    """The time-out holds for the whole answer."""
    server.gate.clear()
    assert "no whole answer within 0.3 s" in ask(fetcher, server.url, timeout_s=0.3).fault


def test_a_token_is_sent_and_never_told(fetcher: Fetcher, server: Answering) -> None:
    """It comes from the variable that is named; without one nothing is asked."""
    server.answer = lambda _: (401, b'{"status": "error", "error": "who are you?"}')
    refused = ask(fetcher, server.url, token_env="PROM_TOKEN")
    assert server.seen[0][1]["authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(refused)
    assert "NO_TOKEN is not set" in ask(fetcher, server.url, token_env="NO_TOKEN").fault
    assert len(server.seen) == 1


def test_a_query_is_sent_as_it_is(fetcher: Fetcher, server: Answering, tmp_path: Path) -> None:
    """Encoded, with its placeholders filled in and its regular expressions left alone."""
    ask(fetcher, server.url + "/prom/", 'rate(x{v="$version",a=~"b$|$apple"}[$window])')
    path = server.seen[0][0]
    assert path.startswith("/prom/api/v1/query?query=")
    assert "v%3D%22cc%22" in path.replace("=", "%3D") or 'v="cc"' in path
    assert "300s" in path
    assert "$apple" in path.replace("%24", "$")
