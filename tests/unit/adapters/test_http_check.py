"""HTTP checks: a status, or a number in a JSON answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from serinus.adapters import fetch
from serinus.adapters.fetch import Fetcher
from serinus.adapters.http_check import measure_http
from serinus.core.monitoring.reading import Measured
from serinus.core.pipeline.monitor import HttpSource
from serinus.ports.monitors import Question
from tests.answering import Answering, answering
from tests.receivers import free_port

BODY = b'{"queue": {"length": 7, "a/b": [1, {"~": 2.5}]}, "up": true, "none": null, "text": "7", "big": 1e999}'


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    """Knows no secret."""
    made = Fetcher(lambda _: "")
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[Answering]:
    """Answers `BODY`."""
    with answering() as told:
        told.answer = lambda _: (200, BODY)
        yield told


def ask(fetcher: Fetcher, url: str, status: int = 200, pointer: str = "", timeout_s: float = 5.0) -> Measured:
    source = HttpSource(url=url, status=status, pointer=pointer)
    asked = Question(app="bot", source=source, since_us=0, until_us=1, timeout_s=timeout_s)
    return measure_http(fetcher, asked, source)


@pytest.mark.parametrize(("answered", "value"), [(200, 1.0), (204, 0.0), (302, 0.0), (500, 0.0)])
def test_A2_a_check_is_1_for_the_status_that_is_declared(
    fetcher: Fetcher, server: Answering, answered: int, value: float
) -> None:
    """Any other answer is 0; redirects are not followed."""
    server.answer = lambda _: (answered, b"")
    assert ask(fetcher, server.url) == Measured(value=value)


@pytest.mark.parametrize(
    ("pointer", "value"), [("/queue/length", 7.0), ("/queue/a~1b/1/~0", 2.5), ("/queue/a~1b/0", 1.0), ("/up", 1.0)]
)
def test_A2_a_pointer_gives_the_number_there(fetcher: Fetcher, server: Answering, pointer: str, value: float) -> None:
    """RFC 6901, with its escapes."""
    assert ask(fetcher, server.url, pointer=pointer) == Measured(value=value)


def test_I3_null_is_no_number(fetcher: Fetcher, server: Answering) -> None:
    """And no fault."""
    assert ask(fetcher, server.url, pointer="/none") == Measured()


@pytest.mark.parametrize("pointer", ["/text", "/queue", "/nothing", "/queue/a~1b/7", "/queue/a~1b/x", "/big"])
def test_what_is_no_number_is_a_fault(fetcher: Fetcher, server: Answering, pointer: str) -> None:
    """Texts, objects, places that are not there, infinity."""
    seen = ask(fetcher, server.url, pointer=pointer)
    assert seen.value is None
    assert pointer in seen.fault


def test_a_number_in_a_failing_answer_does_not_count(fetcher: Fetcher, server: Answering) -> None:
    """What an error page says is no measurement."""
    server.answer = lambda _: (503, b'{"queue": {"length": 0}}')
    assert "answered 503, not 200" in ask(fetcher, server.url, pointer="/queue/length").fault


def test_a_check_that_could_not_be_made_is_a_fault(fetcher: Fetcher, server: Answering) -> None:
    """Refused, too slow, no JSON, too long: never 0, and never 1."""
    assert "could not be made" in ask(fetcher, f"http://127.0.0.1:{free_port()}").fault
    server.answer = lambda _: (200, b"<html>")
    assert "no JSON" in ask(fetcher, server.url, pointer="/x").fault
    server.answer = lambda _: (200, b"[" * 100_000)
    assert "no JSON" in ask(fetcher, server.url, pointer="/x").fault
    server.answer = lambda _: (200, b" " * (fetch.MAX_ANSWER_BYTES + 1))
    assert "more than" in ask(fetcher, server.url).fault
    server.gate.clear()
    assert "no whole answer" in ask(fetcher, server.url, timeout_s=0.3).fault
