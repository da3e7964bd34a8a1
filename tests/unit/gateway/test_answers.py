"""What answers and faults mean."""

from __future__ import annotations

import pytest

from serinus.core.records.record import ErrorClass
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.response import ResponseReader
from serinus.gateway import answers
from serinus.gateway.recorder import _COUNTED, Outcome


def read(status: int, body: bytes, *lines: str) -> tuple[ResponseReader, bytes]:
    """A reader behind a whole answer."""
    reader = ResponseReader()
    head = "\r\n".join([f"HTTP/1.1 {status} X", f"content-length: {len(body)}", *lines])
    return reader, reader.receive(head.encode() + b"\r\n\r\n" + body)


def test_every_fault_of_an_upstream_has_an_answer() -> None:
    """Each class that an attempt can end with maps to a status and a code: 429, 502, 503 or 504."""
    for error in (*_COUNTED, ErrorClass.INFRASTRUCTURE):
        refusal = answers.refusal_for(UpstreamFault(error, "what"))
        assert refusal.status in (429, 502, 503, 504)
        assert refusal.code.startswith("upstream_")


def test_only_the_upstreams_own_faults_are_error_events() -> None:
    """Infrastructure, callers and templates fault no arm."""
    for error in ErrorClass:
        outcome = Outcome()
        outcome.error = error
        assert bool(outcome.events()) == (
            error.name.startswith("UPSTREAM_") or error in (ErrorClass.RATE_LIMITED, ErrorClass.BREAKER_OPEN)
        )


@pytest.mark.parametrize(
    ("lines", "wait_s"),
    [
        ((), -1.0),
        (("retry-after: 7",), 7.0),
        (("retry-after: 1.5",), 1.5),
        (("retry-after-ms: 250", "retry-after: 1"), 0.25),
        (("retry-after: Fri, 31 Dec 1999 23:59:59 GMT",), -1.0),
        (("retry-after: -1",), -1.0),
        (("retry-after: nan",), -1.0),
    ],
)
def test_the_wait_that_an_upstream_asks_for_is_read(lines: tuple[str, ...], wait_s: float) -> None:
    """Seconds, or milliseconds where they are given; a date, or what is no number, asks for no known wait."""
    fault = answers.status_fault(*read(429, b"", *lines))
    assert (fault.error, fault.status, fault.retry_after_s) == (ErrorClass.RATE_LIMITED, 429, wait_s)


@pytest.mark.parametrize(
    ("status", "body", "filtered"),
    [
        (400, b'{"error": {"code": "content_filter"}}', True),
        (400, b'{"error": {"code": "content_policy_violation"}}', True),
        (403, b'{"error": {"metadata": {"flagged_input": "x"}}}', True),
        (400, b'{"error": {"code": "bad"}}', False),
        (500, b'{"error": {"code": "content_filter"}}', False),
    ],
)
def test_a_content_filter_is_told_from_other_errors(status: int, body: bytes, filtered: bool) -> None:
    """By the code in the body, under a status that refuses."""
    assert answers.status_fault(*read(status, body)).filtered is filtered


@pytest.mark.parametrize(
    ("status", "body", "passed"),
    [(400, b'{"error": {}}', True), (400, b"<html>", False), (529, b'{"error": {}}\n', True), (503, b"", False)],
)
def test_an_error_body_passes_when_it_is_one(status: int, body: bytes, passed: bool) -> None:
    """The provider's words reach the caller; anything but JSON is worded by us under the same status."""
    found = answers.passable(*read(status, body))
    assert found[0] == status
    assert (found[1] == body) is passed
    assert b'"error"' in found[1]


@pytest.mark.parametrize("status", [401, 403, 302])
def test_a_refusal_of_our_own_key_does_not_look_like_the_callers(status: int) -> None:
    """The caller's key is fine; 502 says who is at fault."""
    told, body = answers.passable(*read(status, b'{"error": {}}'))
    assert (told, b"missing or wrong" in body) == (502, status != 302)


def test_a_stream_is_recognised_by_status_type_and_coding() -> None:
    """A compressed stream, or one under an error status, is none."""
    assert answers.is_stream(read(200, b"", "Content-Type: text/event-stream; charset=utf-8")[0])
    assert not answers.is_stream(read(500, b"", "Content-Type: text/event-stream")[0])
    assert not answers.is_stream(read(200, b"", "Content-Type: text/event-stream", "Content-Encoding: gzip")[0])


@pytest.mark.parametrize(
    ("lines", "encoded"),
    [
        ((), False),
        (("Content-Encoding: identity",), False),
        (("content-encoding:IDENTITY ",), False),
        (("content-encoding:",), False),
        (("Content-Encoding: gzip",), True),
        (("content-encoding:br",), True),
        (("content-encoding: identity", "content-encoding: gzip"), True),
        (("content-encoding: identity, gzip",), True),
        (("x-content-encoding: gzip",), False),
        (("server: content-encoding: gzip",), False),
    ],
)
def test_a_compressed_answer_is_known_by_its_head(lines: tuple[str, ...], encoded: bool) -> None:
    """Whatever the case and the spaces; `identity` is no compression."""
    assert read(200, b"{}", *lines)[0].encoded is encoded
