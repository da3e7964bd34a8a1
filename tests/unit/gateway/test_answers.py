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
    """Each class that an attempt can end with maps to a status and a code: 429, 502 or 504."""
    for error in (*_COUNTED, ErrorClass.INFRASTRUCTURE):
        refusal = answers.refusal_for(UpstreamFault(error, "what"))
        assert refusal.status in (429, 502, 504)
        assert refusal.code.startswith("upstream_")


def test_only_the_upstreams_own_faults_are_error_events() -> None:
    """Infrastructure, callers and templates fault no arm."""
    for error in ErrorClass:
        outcome = Outcome()
        outcome.error = error
        assert bool(outcome.events()) == (error.name.startswith("UPSTREAM_") or error is ErrorClass.RATE_LIMITED)


@pytest.mark.parametrize(
    ("fault", "mendable"),
    [
        (answers.status_fault(500), True),
        (answers.status_fault(529), True),
        (answers.status_fault(401), True),
        (answers.status_fault(404), True),
        (answers.status_fault(400), False),
        (answers.status_fault(422), False),
        (answers.status_fault(429), False),
        (UpstreamFault(ErrorClass.INFRASTRUCTURE, "x"), False),
        (UpstreamFault(ErrorClass.UPSTREAM_TIMEOUT, "x"), True),
        (UpstreamFault(ErrorClass.UPSTREAM_CONNECT, "x"), True),
    ],
)
def test_the_baseline_is_asked_only_where_it_can_help(fault: UpstreamFault, mendable: bool) -> None:
    """Not for a request that is itself at fault, a rate limit, or a call that may have been carried out."""
    assert answers.may_fall_back(fault) is mendable


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
    assert answers.passable(*read(status, b'{"error": {}}'))[0] == 502


def test_a_stream_is_recognised_by_status_type_and_coding() -> None:
    """A compressed stream, or one under an error status, is none."""
    assert answers.is_stream(read(200, b"", "Content-Type: text/event-stream; charset=utf-8")[0])
    assert not answers.is_stream(read(500, b"", "Content-Type: text/event-stream")[0])
    assert not answers.is_stream(read(200, b"", "Content-Type: text/event-stream", "Content-Encoding: gzip")[0])
