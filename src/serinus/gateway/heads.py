"""Response heads, as bytes: statuses, lengths, what is forwarded to the upstream, and what we tell of a call."""

from __future__ import annotations

import re
from http import HTTPStatus

import xxhash

from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import Head

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_STATUS_LINES = {code: f"HTTP/1.1 {code} {reason}\r\n".encode() for code, reason in _REASONS.items()}
_FORWARDED = (
    *(b"idempotency-key", b"openai-organization", b"openai-project", b"openai-beta"),
    *(b"anthropic-version", b"anthropic-beta"),
)
_FORWARDED_SET = frozenset(_FORWARDED)
_TRACE = re.compile(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
JSON = b"content-type: application/json\r\n"
STREAM = b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\nx-accel-buffering: no\r\n"
NO_RETRY = b"x-should-retry: false\r\n"
BASELINE = b"x-serinus-fallback: baseline\r\n"
CACHE = b"x-serinus-fallback: cache\r\n"
MESSAGE = b"x-serinus-fallback: message\r\n"
HAND_OFF = b"x-serinus-fallback: hand_off\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def status_line(status: int) -> bytes:
    """The first line of an answer."""
    return _STATUS_LINES.get(status) or f"HTTP/1.1 {status} Status\r\n".encode()


def forwarded(caller: dict[bytes, bytes]) -> bytes:
    """The caller's headers that the upstream is to see."""
    if _FORWARDED_SET.isdisjoint(caller):
        return b""
    return b"".join([b"%b: %b\r\n" % (name, caller[name]) for name in _FORWARDED if name in caller])


def forwarded_of(head: Head) -> bytes:
    """The same of a request's head, found once for all requests that share it."""
    found = head.forwarded = forwarded(head.headers)
    return found


def traceparent(caller: dict[bytes, bytes], raw_call: bytes) -> bytes:
    """The trace of the caller, with a parent id derived from the call id (W3C Trace Context); empty without one."""
    given = caller.get(b"traceparent")
    if given is None or not _TRACE.fullmatch(given):
        return b""
    return b"traceparent: %b%b%b\r\n" % (given[:36], xxhash.xxh3_64_hexdigest(raw_call).encode(), given[52:])


def refusal_answer(refusal: Refusal, keep_alive: bool, *, with_body: bool = True) -> bytes:
    """A whole error answer of our own."""
    return whole(refusal.status, JSON + lines(refusal.headers), refusal.body(), keep_alive, with_body=with_body)


def lines(headers: tuple[tuple[str, str], ...]) -> bytes:
    """Headers of a refusal as lines."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1", "replace")


def whole(status: int, headers: bytes, body: bytes, keep_alive: bool, *, with_body: bool = True) -> bytes:
    """A whole answer; `with_body` false for HEAD."""
    return b"%bcontent-length: %d\r\n%bconnection: %b\r\n\r\n%b" % (
        status_line(status),
        len(body),
        headers,
        b"keep-alive" if keep_alive else b"close",
        body if with_body else b"",
    )
