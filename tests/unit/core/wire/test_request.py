"""Requests are read strictly, and the same whatever the split."""

from __future__ import annotations

import pytest

from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import HEAD_BYTES, RequestReader

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PIPELINED = (
    HEAD
    + b"Content-Length: 5\r\n\r\nhello"
    + CHUNKED
    + b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"
    + b"GET /live HTTP/1.0\r\n\r\n"
    + HEAD
    + b"Content-Length: 2\r\n\r\nok"
)


def transcript(raw: bytes, step: int, **limits: int) -> list[object]:
    """What a reader makes of bytes that come `step` at a time."""
    reader, said = RequestReader(**limits), []
    try:
        for start in range(0, len(raw), step):
            request = reader.receive(raw[start : start + step])
            while request is not None:
                said.append((request.method, request.path, request.old, request.keep_alive, request.body))
                request = reader.receive(b"")
    except Refusal as refusal:
        said.append((refusal.status, refusal.code))
    return said


@pytest.mark.parametrize("step", range(1, len(PIPELINED) + 1))
def test_requests_are_the_same_whatever_the_split(step: int) -> None:
    """Pipelined requests of every framing come out one by one, split at any distance."""
    assert transcript(PIPELINED, step) == [
        ("POST", "/v1/chat/completions", False, True, b"hello"),
        ("POST", "/v1/chat/completions", False, True, b"abcde"),
        ("GET", "/live", True, False, b""),
        ("POST", "/v1/chat/completions", False, True, b"ok"),
    ]


@pytest.mark.parametrize("cut", range(1, len(PIPELINED)))
def test_a_cut_in_two_changes_nothing(cut: int) -> None:
    """One split at any single place gives what no split gives."""
    reader, bodies = RequestReader(), []
    for part in (PIPELINED[:cut], PIPELINED[cut:]):
        request = reader.receive(part)
        while request is not None:
            bodies.append(request.body)
            request = reader.receive(b"")
    assert bodies == [b"hello", b"abcde", b"", b"ok"]


SMUGGLED = {
    "length_and_chunked": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked_and_length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two_lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "equal_lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "length_list": HEAD + b"Content-Length: 5, 5\r\n\r\nhello",
    "length_plus": HEAD + b"Content-Length: +5\r\n\r\nhello",
    "length_hex": HEAD + b"Content-Length: 0x5\r\n\r\nhello",
    "length_empty": HEAD + b"Content-Length:\r\n\r\n",
    "length_huge": HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
    "space_before_colon": HEAD + b"Content-Length : 5\r\n\r\nhello",
    "tab_before_colon": HEAD + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
    "other_coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked_not_last": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked_misspelt": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked_twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked_in_1_0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "folded": HEAD + b"X: a\r\n b\r\n\r\n",
    "bare_lf": b"POST / HTTP/1.1\nHost: a\n\n",
    "bare_lf_in_head": HEAD + b"X: a\nContent-Length: 5\r\n\r\nhello",
    "bare_cr": HEAD + b"X: a\rb\r\n\r\n",
    "nul": HEAD + b"X: a\0b\r\n\r\n",
    "nul_in_name": HEAD + b"X\0: a\r\n\r\n",
    "no_host": b"GET / HTTP/1.1\r\n\r\n",
    "two_hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "not_http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "many_empty_lines": b"\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "chunk_size_garbled": CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n",
    "chunk_size_negative": CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n",
    "chunk_size_spaced": CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n",
    "chunk_size_huge": CHUNKED + b"fffffffff\r\nabc\r\n0\r\n\r\n",
    "chunk_bare_lf": CHUNKED + b"3\nabc\r\n0\r\n\r\n",
    "chunk_too_long": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "chunk_extension_lf": CHUNKED + b"3;a\n\r\nabc\r\n0\r\n\r\n",
    "chunk_line_endless": CHUNKED + b"3;" + b"a" * 2000,
    "trailer_endless": CHUNKED + b"0\r\n" + b"a: b\r\n" * 3000,
}


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1 << 20])
@pytest.mark.parametrize("name", SMUGGLED)
def test_what_parsers_disagree_about_is_refused_with_400(name: str, step: int) -> None:
    """Every framing that another parser might read differently is refused, whatever the split."""
    assert transcript(SMUGGLED[name], step)[-1] == (400, "malformed_request")
    assert len(transcript(SMUGGLED[name], step)) == 1


@pytest.mark.parametrize("step", [1, 1000, 1 << 20])
def test_a_head_without_end_is_refused_with_431(step: int) -> None:
    """A head above the limit is refused before it is whole."""
    raw = HEAD + b"X: y\r\n" * (HEAD_BYTES // 6 + 1)
    assert transcript(raw, step) == [(431, "head_too_large")]


@pytest.mark.parametrize(
    "raw",
    [HEAD + b"Content-Length: 101\r\n\r\n", CHUNKED + b"65\r\n", CHUNKED + b"64\r\n" + b"x" * 100 + b"\r\n1\r\n"],
)
@pytest.mark.parametrize("step", [1, 5, 1 << 20])
def test_a_body_above_the_limit_is_refused_with_413_before_it_is_read(raw: bytes, step: int) -> None:
    """The length that is announced decides; none of the excess is waited for."""
    assert transcript(raw, step, body_bytes=100) == [(413, "body_too_large")]


def test_a_repeated_head_is_held_to_the_same_limits() -> None:
    """The short cut for heads that repeat neither passes larger bodies nor takes other digits."""
    reader = RequestReader(body_bytes=100)
    first = reader.receive(HEAD + b"Content-Length: 3\r\n\r\nabc")
    second = reader.receive(HEAD + b"Content-Length: 12\r\n\r\nabcdefghijkl")
    assert first is not None
    assert second is not None
    assert (first.body, second.body) == (b"abc", b"abcdefghijkl")
    for length in (b"101", b"+5", b"5\r\nTransfer-Encoding: chunked", b"", b"9" * 16, b"\xb2"):
        fresh = RequestReader(body_bytes=100)
        fresh.receive(HEAD + b"Content-Length: 3\r\n\r\nabc")
        with pytest.raises(Refusal) as refused:
            fresh.receive(HEAD + b"Content-Length: " + length + b"\r\n\r\nhello")
        assert refused.value.status == (413 if length == b"101" else 400)


def test_a_repeated_head_does_not_hide_another_header() -> None:
    """A head that differs anywhere but in its length is parsed anew."""
    reader = RequestReader()
    reader.receive(HEAD + b"Content-Length: 1\r\nX-Serinus-Unit: ann\r\n\r\na")
    other = reader.receive(HEAD + b"Content-Length: 1\r\nX-Serinus-Unit: bob\r\n\r\na")
    assert other is not None
    assert other.header(b"x-serinus-unit") == "bob"


def test_a_waiting_client_is_told_to_continue_once() -> None:
    """`Expect: 100-continue` is due after the head and never again; HTTP/1.0 knows it not; others are refused."""
    reader = RequestReader()
    assert reader.receive(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n") is None
    assert reader.expects_continue
    assert not reader.expects_continue
    assert reader.receive(b"ok") is not None
    old = RequestReader()
    old.receive(b"POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert not old.expects_continue
    assert transcript(HEAD + b"Expect: tea\r\n\r\n", 1 << 20) == [(417, "expectation_failed")]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /\r\nHost: a\r\n\r\n", 505),
    ],
)
def test_unknown_methods_and_versions_have_their_status(raw: bytes, status: int) -> None:
    """An unknown method is 405, another HTTP is 505."""
    said = transcript(raw, 1)
    assert said[0][0] == status  # type: ignore[index]


def test_an_offer_to_upgrade_is_ignored() -> None:
    """`Upgrade: h2c` leaves an ordinary request."""
    raw = b"GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
    assert transcript(raw, 1) == [("GET", "/live", False, True, b"")]


@pytest.mark.parametrize(
    ("lines", "old", "keeps"),
    [(b"", False, True), (b"Connection: close\r\n", False, False), (b"Connection: Keep-Alive\r\n", True, True)],
)
def test_connections_are_kept_as_the_client_asks(lines: bytes, old: bool, keeps: bool) -> None:
    """HTTP/1.1 keeps unless told to close, HTTP/1.0 closes unless told to keep."""
    raw = b"GET /live HTTP/1.%d\r\nHost: a\r\n%b\r\n" % (0 if old else 1, lines)
    assert transcript(raw, 1 << 20) == [("GET", "/live", old, keeps, b"")]


def test_bytes_before_the_answer_wait() -> None:
    """What a pipelining client sends early is held and taken up afterwards."""
    reader = RequestReader()
    assert reader.receive(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HT") is not None
    assert reader.hold(b"TP/1.1\r\nHost: a\r\n\r\n") == len(b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    second = reader.receive(b"")
    assert second is not None
    assert second.path == "/2"


def test_nothing_is_read_after_a_refusal() -> None:
    """A refused connection yields no further request, smuggled or not."""
    reader = RequestReader()
    with pytest.raises(Refusal):
        reader.receive(SMUGGLED["bare_lf"])
    assert reader.receive(PIPELINED) is None
