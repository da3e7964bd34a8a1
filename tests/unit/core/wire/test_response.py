"""Upstream answers are read the same whatever the split, and every way they can fail has its fault."""

from __future__ import annotations

import pytest

from serinus.core.records.record import ErrorClass
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.response import HEAD_BYTES, ResponseReader

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Request-Id: r1\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nT: t\r\n\r\n"
OLD = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\nhello"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nX-Request-Id: no\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + LENGTH


def read(raw: bytes, step: int) -> tuple[ResponseReader, bytes]:
    """Feed bytes `step` at a time, then the end."""
    reader, body = ResponseReader(), b""
    for start in range(0, len(raw), step):
        body += reader.receive(raw[start : start + step])
    reader.end()
    return reader, body


@pytest.mark.parametrize("raw", [LENGTH, CHUNKED, OLD, INTERIM])
def test_answers_are_the_same_whatever_the_split(raw: bytes) -> None:
    """Content-Length, chunks, HTTP/1.0 until close, and interim answers, split at every byte distance."""
    for step in range(1, len(raw) + 1):
        reader, body = read(raw, step)
        assert (reader.status, body, reader.complete) == (200, b"hello", True)
        assert (b"\r\nX-Request-Id: r1\r\n" in reader.head) == (raw in (LENGTH, INTERIM))
        assert b"no" not in reader.head
        assert reader.head.endswith(b"\r\n")
        assert b"hello" not in reader.head


@pytest.mark.parametrize(
    ("raw", "reusable"),
    [
        (LENGTH, True),
        (CHUNKED, True),
        (OLD, False),
        (LENGTH + b"HTTP/1.1 200 OK\r\n", False),
        (LENGTH.replace(b"X-Request-Id: r1", b"Connection: close"), False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
    ],
)
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_a_connection_is_used_again_only_after_a_clean_end(raw: bytes, reusable: bool, step: int) -> None:
    """Surplus bytes, `close`, and HTTP/1.0 end a connection; a complete answer keeps it."""
    reader, _ = read(raw, step)
    assert reader.reusable is reusable


@pytest.mark.parametrize(
    "raw", [LENGTH[:-1], CHUNKED[:-1], CHUNKED[:-12], b"HTTP/1.1 200 OK\r\nContent-Le", b"", INTERIM[:60]]
)
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_an_early_end_is_a_cut(raw: bytes, step: int) -> None:
    """An answer that ends before its framing says so is no answer."""
    with pytest.raises(UpstreamFault) as fault:
        read(raw, step)
    assert fault.value.error is ErrorClass.UPSTREAM_CUT


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x00\x05hello world",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (HEAD_BYTES // 6 + 1),
    ],
)
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_what_is_not_http_is_garbage(raw: bytes, step: int) -> None:
    """Foreign protocols, broken framing and endless heads are the upstream's garbage, not an exception of ours."""
    with pytest.raises(UpstreamFault) as fault:
        read(raw + b"\r\n\r\n", step)
    assert fault.value.error is ErrorClass.UPSTREAM_GARBAGE


def test_what_is_acted_upon_is_found_whatever_its_case() -> None:
    """Lengths, types and waits are found in lower case, other headers not; nothing before the head is whole."""
    reader = ResponseReader()
    reader.receive(b"HTTP/1.1 200 OK\r\nRetry-After: 3\r\n")
    assert reader.headers == {}
    reader.receive(b"\r\n")
    assert reader.headers == {b"retry-after": b"3"}
    reader, _ = read(
        b"HTTP/1.1 200 OK\r\nServer: x\r\nX-RateLimit-Remaining-Requests: 9\r\nRetry-After: 3\r\nOpenAI-Version: 1\r\n"
        b"Set-Cookie: secret\r\nContent-Length: 0\r\n\r\n",
        1 << 20,
    )
    assert reader.headers == {
        b"retry-after": b"3",
        b"content-length": b"0",
    }


@pytest.mark.parametrize("step", [1, 3, 1 << 20])
def test_one_reader_serves_a_connection(step: int) -> None:
    """After `restart` nothing of the answer before is left, whatever its framing."""
    reader = ResponseReader()
    for raw in (LENGTH, CHUNKED, INTERIM, CHUNKED, LENGTH):
        body = b"".join(reader.receive(raw[start : start + step]) for start in range(0, len(raw), step))
        assert (reader.status, body, reader.complete, reader.reusable) == (200, b"hello", True, True)
        assert (b"X-Request-Id" in reader.head) == (raw is not CHUNKED)
        assert (b"content-length" in reader.headers) == (raw is not CHUNKED)
        reader.restart()
        assert (reader.status, reader.started, reader.complete) == (0, False, False)
    with pytest.raises(UpstreamFault):
        reader.end()


def test_a_closed_reader_leaves_nothing_for_the_collector() -> None:
    """It lets go of its parser, which holds the reader: no cycle per connection."""
    reader, _ = read(LENGTH, 1 << 20)
    reader.close()
    assert reader._parser is None
    assert reader.receive(LENGTH) == b""


@pytest.mark.parametrize("blanks", [b"", b" ", b"\t \t", b" " * 30_000])
@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (b"", False),
        (b"identity", False),
        (b"Identity", False),
        (b"gzip", True),
        (b"identityx", True),
        (b"identity, gzip", True),
        (b"identity identity", True),
        (b"x identity", True),
    ],
)
def test_an_encoding_is_any_but_identity_however_many_blanks_stand_around_it(
    value: bytes, encoded: bool, blanks: bytes
) -> None:
    """In time that grows with the head alone: its blanks are gone through once."""
    reader = ResponseReader()
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding:%b%b%b\r\nContent-Length: 2\r\n\r\nok" % (blanks, value, blanks)
    assert reader.receive(raw) == b"ok"
    assert reader.encoded is encoded
