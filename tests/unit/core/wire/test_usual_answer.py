"""Answers of the usual shape are read without a parser, and just as with one."""

from __future__ import annotations

import pytest

from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.response import ResponseReader
from serinus.core.wire.usual_answer import HEAD_BYTES, UsualAnswer, names_in, passed_on

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: r1\r\nopenai-processing-ms: 12\r\n"
    b"Content-Length: 5\r\nx-ratelimit-remaining: 9\r\nConnection: keep-alive\r\n\r\nhello"
)


def cold(data: bytes) -> tuple[object, ...]:
    """What a reader finds that has learnt nothing."""
    return _read(ResponseReader(), data)


def warm(data: bytes, seed: bytes = ANSWER) -> tuple[object, ...]:
    """What one finds that has read the same answer thrice."""
    reader = ResponseReader()
    for _ in range(3):
        reader.receive(seed)
        reader.restart()
    return _read(reader, data)


def _read(reader: ResponseReader, data: bytes) -> tuple[object, ...]:
    body = reader.receive(data)
    found = (reader.status, reader.head, reader.passed, reader.encoded, reader.headers, reader.started)
    return (*found, body, reader.complete, reader.reusable)


def test_only_named_headers_cross() -> None:
    """The upstream's limits and its own headers come through, cookies do not; its request id gets another name."""
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Request-Id: r\r\nRetry-After: 2\r\nSet-Cookie: retry-after: 9\r\n"
        b"X-RateLimit-Remaining-Requests: 9\r\nx-ratelimit-limit-requests:10\r\nOpenAI-Version: 1\r\n"
    )
    expected = (
        b"Retry-After: 2\r\nX-RateLimit-Remaining-Requests: 9\r\nx-ratelimit-limit-requests:10\r\nOpenAI-Version: 1\r\n"
        b"x-upstream-request-id: r\r\n"
    )
    assert passed_on(head) == expected
    assert UsualAnswer(head).answer_in(head + b"\r\nabc") == (len(head) + 2, expected)
    assert passed_on(b"HTTP/1.1 200 OK\r\nx-request-id: r\r\n") == b"x-upstream-request-id: r\r\n"
    assert passed_on(b"HTTP/1.1 200 OK\r\nServer: x-request-id: r\r\n") == b""


@pytest.mark.parametrize(
    "data",
    [
        ANSWER,
        ANSWER.replace(b"r1", b"another").replace(b": 12", b":"),
        ANSWER.replace(b"Length: 5", b"Length: 11").replace(b"hello", b"hello again"),
        ANSWER.replace(b"remaining: 9", b"remaining: \xff\t~"),
        ANSWER.replace(b"Length: 5", b"Length:0").removesuffix(b"hello"),
    ],
)
def test_an_answer_of_the_usual_shape_is_read_as_any(data: bytes) -> None:
    """Other values, another length, legal characters of every kind: the shape fits, and nothing differs."""
    assert UsualAnswer(ANSWER[: ANSWER.index(b"\r\n\r\n") + 2]).answer_in(data) is not None
    assert warm(data) == cold(data)
    assert cold(data)[0] == 200


@pytest.mark.parametrize(
    "data",
    [
        ANSWER[:-1],
        ANSWER + b"x",
        ANSWER[:40],
        ANSWER.replace(b"keep-alive", b"close"),
        ANSWER.replace(b"200 OK", b"500 No"),
        ANSWER.replace(b"application/json\r\n", b"application/json\r\nContent-Encoding: gzip\r\n"),
        ANSWER.replace(b"Content-Length: 5\r\n", b"").replace(b"hello", b"5\r\nhello\r\n0\r\n\r\n"),
        ANSWER.replace(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n").replace(b"hello", b"0\r\n\r\n"),
        ANSWER.replace(b"X-Request-Id: r1", b"Retry-After: 1"),
        ANSWER.replace(b"r1", b"r" * HEAD_BYTES)[: 2 * HEAD_BYTES],
    ],
)
def test_what_differs_goes_to_the_parser(data: bytes) -> None:
    """Another framing, another line, bytes that are missing or too many: no shape is guessed at."""
    assert UsualAnswer(ANSWER[: ANSWER.index(b"\r\n\r\n") + 2]).answer_in(data) is None


@pytest.mark.parametrize(
    "data",
    [
        ANSWER[:-1],
        ANSWER + b"x",
        ANSWER + ANSWER,
        ANSWER + b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + ANSWER,
        b"HTTP/1.1 103 Early Hints\r\nx-ratelimit-a: 1\r\n\r\n" + ANSWER + ANSWER,
        ANSWER.replace(b"keep-alive", b"close"),
        ANSWER.replace(b"200 OK", b"500 No"),
        ANSWER.replace(b"200 OK", b"204 No Content"),
        ANSWER.replace(b"200 OK", b"304 Not Modified"),
        ANSWER.replace(b"HTTP/1.1", b"HTTP/1.0"),
        ANSWER.replace(b"Length: 5", b"Length: 999999999999999"),
    ],
)
def test_a_reader_that_has_learnt_reads_the_others_too(data: bytes) -> None:
    """As if it had learnt nothing; a second answer is never one of the first's, nor that of the next request."""
    assert warm(data) == cold(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Content-Length: 5\r\n", b"Content-Length: 5\r\ncontent-length: 5\r\n"),
        (b"Content-Length: 5\r\n", b"Content-Length: 5\r\nCONTENT-LENGTH: 0\r\n"),
        (b"Content-Length: 5\r\n", b"Content-Length: 5\r\n 0\r\n"),
        (b"Content-Length: 5", b"Content-Length: 5, 5"),
        (b"Content-Length: 5", b"Content-Length: +5"),
        (b"Content-Length: 5", b"Content-Length: 0x5"),
        (b"X-Request-Id: r1", b"X-Request-Id: r1\r\n x-evil: 1"),
        (b"X-Request-Id: r1", b"X-Request-Id: r1\nx-evil: 1"),
        (b"X-Request-Id: r1", b"X-Request-Id: r1\rx-evil: 1"),
        (b"X-Request-Id: r1", b"X-Request-Id : r1"),
        (b"X-Request-Id: r1", b"X-Request-Id: r1\0"),
        (b"Connection: keep-alive", b"Transfer-Encoding: chunked"),
    ],
)
def test_what_no_parser_should_take_a_learnt_shape_does_not_take_either(old: bytes, new: bytes) -> None:
    """Two lengths, folded lines, bare line ends and other ways to tell two readers different things."""
    data = ANSWER.replace(old, new)
    assert data != ANSWER
    for read in (cold, warm):
        with pytest.raises(UpstreamFault, match="is not HTTP"):
            read(data)


@pytest.mark.parametrize("step", [1, 7, 50])
def test_an_answer_in_pieces_is_read_the_same_after_one_of_the_usual_shape_and_before_the_next(step: int) -> None:
    """The parser knows nothing of those that were read without it."""
    reader, other = ResponseReader(), ANSWER.replace(b"hello", b"HELLO").replace(b"r1", b"r2")
    for _ in range(3):
        for data in (ANSWER, ANSWER):
            assert _read(reader, data) == cold(ANSWER)
            reader.restart()
        body = b"".join([reader.receive(other[at : at + step]) for at in range(0, len(other), step)])
        assert (body, reader.complete, reader.reusable) == (b"HELLO", True, True)
        assert (reader.head, reader.passed) == cold(other)[1:3]
        reader.restart()
    assert reader._usual is not None


@pytest.mark.parametrize("bad", [b"\0", b"\r", b"\n", b"\x7f", b"\r\n "])
def test_a_value_with_an_illegal_character_is_no_usual_one(bad: bytes) -> None:
    """The parser says what becomes of it."""
    data = ANSWER.replace(b"r1", b"r" + bad + b"1")
    assert UsualAnswer(ANSWER[: ANSWER.index(b"\r\n\r\n") + 2]).answer_in(data) is None


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nServer: x\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\ncontent-length: 1\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-Request-Id: a\r\nx-request-id: b\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n" + b"X: y\r\n" * 60,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n" + b"X" * 8200 + b": y\r\n",
    ],
)
def test_nothing_is_learnt_from_unusual_framing(head: bytes) -> None:
    """One length, no chunks, a plain 200 of HTTP/1.1, and no endless head."""
    assert names_in(head) == ()


def test_a_shape_is_learnt_when_it_comes_twice_and_not_without_end() -> None:
    """An upstream that sends other names each time costs no more than a few looks."""
    reader = ResponseReader()
    reader.receive(ANSWER)
    assert reader._usual is None
    reader.restart()
    reader.receive(ANSWER)
    assert reader._usual is not None
    restless = ResponseReader()
    for number in range(20):
        restless.receive(ANSWER.replace(b"X-Request-Id", b"X-%d" % number))
        restless.restart()
    assert restless._usual is None
    assert restless._learnt == 8
