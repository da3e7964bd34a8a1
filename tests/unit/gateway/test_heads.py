"""Heads of answers and what is passed between caller and upstream."""

from __future__ import annotations

from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import Head
from serinus.gateway import heads

TRACE = b"00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"


def test_a_trace_goes_on_under_a_parent_of_ours() -> None:
    """Trace id and flags stay, the parent id follows from the call; what is no traceparent is not repeated."""
    line = heads.traceparent({b"traceparent": TRACE}, b"call")
    assert line.startswith(b"traceparent: " + TRACE[:36])
    assert line.endswith(b"-01\r\n")
    assert TRACE[36:52] not in line[49:]
    assert heads.traceparent({b"traceparent": b"00-x\r\ninjected: 1"}, b"call") == b""
    assert heads.traceparent({}, b"call") == b""


def test_only_named_headers_cross() -> None:
    """The caller's credentials, cookies and hop-by-hop headers stay here."""
    caller = {b"authorization": b"secret", b"cookie": b"c", b"te": b"x", b"openai-organization": b"o"}
    assert heads.forwarded(caller) == b"openai-organization: o\r\n"
    assert heads.forwarded({b"host": b"a"}) == b""


def test_what_is_forwarded_is_found_once_for_equal_requests() -> None:
    """Requests of a connection share their head: what is sent on of it is kept there."""
    head = Head("POST", "/v1/chat/completions", {b"openai-project": b"p"}, old=False)
    assert head.forwarded is None
    assert heads.forwarded_of(head) == heads.forwarded(head.headers) == b"openai-project: p\r\n"
    assert head.forwarded == b"openai-project: p\r\n"


def test_a_whole_answer_says_its_length_and_what_becomes_of_the_connection() -> None:
    """HEAD gets the head alone, with the length of the body it would have had."""
    refusal = Refusal(405, "method_not_allowed", "use GET", headers=(("allow", "GET"),))
    whole = heads.refusal_answer(refusal, keep_alive=True)
    head, _, body = whole.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 405 Method Not Allowed",
        b"content-length: %d" % len(body),
        b"content-type: application/json",
        b"allow: GET",
        b"connection: keep-alive",
    ]
    assert heads.refusal_answer(refusal, keep_alive=True, with_body=False) == head + b"\r\n\r\n"
    assert b"connection: close" in heads.refusal_answer(refusal, keep_alive=False)


def test_a_status_without_a_name_has_a_line_all_the_same() -> None:
    """Providers invent statuses."""
    assert heads.status_line(529) == b"HTTP/1.1 529 Status\r\n"
