"""Scripts: framing and faults, before a byte is sent."""

from __future__ import annotations

import zlib

import pytest

from serinus.sim.chance import Draws
from serinus.sim.faults import KINDS, FaultRule
from serinus.sim.script import End, Reply, Script, faulty, framed

WHOLE = Reply(status=200, headers={"content-type": "application/json"}, parts=[(40.0, b'{"a": 1}')])
STREAM = Reply(
    status=200,
    headers={"content-type": "text/event-stream"},
    parts=[(10.0, b"data: 1\n\n"), (20.0, b"data: 2\n\n"), (30.0, b"data: [DONE]\n\n")],
    streamed=True,
)


def sent(script: Script) -> bytes:
    """All bytes of a script."""
    return b"".join(data for _, data in script.steps)


def strike(reply: Reply, kind: str, value: float | None = None) -> Script:
    """The script of a reply under a fault."""
    return faulty(reply, FaultRule(kind=kind, value=value), Draws("garbage"))


def test_a_whole_answer_has_its_length_and_keeps_the_connection() -> None:
    """One step, at the time of the answer."""
    script = framed(WHOLE)
    (step,) = script.steps
    assert step == (40.0, b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{"a": 1}')
    assert script.end is End.KEEP


def test_a_stream_is_chunked_and_each_event_has_its_time() -> None:
    """The head leaves with the first event."""
    steps = list(framed(STREAM).steps)
    assert [at_ms for at_ms, _ in steps] == [10.0, 10.0, 20.0, 30.0, 30.0]
    assert steps[1][1] == b"9\r\ndata: 1\n\n\r\n"
    assert steps[-1][1] == b"0\r\n\r\n"


def test_a_client_that_closes_is_told_so() -> None:
    """Without keep-alive: `connection: close`, then FIN."""
    for reply in (WHOLE, STREAM):
        script = framed(reply, keep_alive=False)
        assert b"connection: close\r\n" in sent(script)
        assert script.end is End.FIN


@pytest.mark.parametrize("kind", ["slow", "garbage", "gzip", "content_type", "huge"])
@pytest.mark.parametrize("reply", [WHOLE, STREAM], ids=["whole", "stream"])
def test_a_fault_keeps_the_word_about_the_connection(kind: str, reply: Reply) -> None:
    """A client that closes gets its FIN under a fault too."""
    script = faulty(reply, FaultRule(kind=kind, value=1), Draws("garbage"), keep_alive=False)
    assert b"connection: close\r\n" in sent(script)
    assert script.end is End.FIN


def test_an_old_client_gets_no_chunks() -> None:
    """HTTP/1.0 has none: the close ends the stream."""
    script = framed(STREAM, keep_alive=False, http10=True)
    assert b"chunked" not in sent(script)
    assert script.end is End.FIN


def test_a_hang_sends_nothing_and_never_ends() -> None:
    """No byte."""
    script = strike(STREAM, "hang")
    assert (list(script.steps), script.end) == ([], End.HANG)


@pytest.mark.parametrize(("kind", "end"), [("cut", End.FIN), ("reset", End.RST)])
def test_a_cut_stream_stops_after_so_many_chunks(kind: str, end: End) -> None:
    """Two chunks, no terminator; at most all chunks."""
    script = strike(STREAM, kind, 2)
    assert sent(script).endswith(b"9\r\ndata: 2\n\n\r\n")
    assert script.end is end
    assert not sent(strike(STREAM, kind, 99)).endswith(b"0\r\n\r\n")


def test_a_cut_answer_stops_in_the_middle_of_its_promised_length() -> None:
    """Half of the body under the whole length."""
    assert sent(strike(WHOLE, "cut")).endswith(b'content-length: 8\r\n\r\n{"a"')


def test_slow_moves_every_step_by_the_same_time() -> None:
    """Only the first byte is late; the rest keeps its pace."""
    steps = [at_ms for at_ms, _ in strike(STREAM, "slow", 2).steps]
    assert steps == [2010.0, 2010.0, 2020.0, 2030.0, 2030.0]


def test_gzip_unpacks_to_the_right_body() -> None:
    """Whole answers and streams, with the header that says so; a stream's events are flushed one by one."""
    packed = sent(strike(WHOLE, "gzip"))
    assert b"content-encoding: gzip" in packed
    assert zlib.decompress(packed.partition(b"\r\n\r\n")[2], wbits=31) == WHOLE.body
    chunks = [data.split(b"\r\n", 1)[1][:-2] for _, data in list(strike(STREAM, "gzip").steps)[1:-1]]
    assert zlib.decompressobj(wbits=31).decompress(chunks[0]) == b"data: 1\n\n"
    assert zlib.decompress(b"".join(chunks), wbits=31) == STREAM.body


@pytest.mark.parametrize("reply", [WHOLE, STREAM], ids=["whole", "stream"])
def test_a_huge_answer_is_as_much_longer_as_asked_and_well_formed(reply: Reply) -> None:
    """White space or comments: the parsed content is the same."""
    whole = sent(strike(reply, "huge", 2))
    assert len(whole) >= 2 * 1024 * 1024
    payload = whole.partition(b"\r\n\r\n")[2]
    if reply is WHOLE:
        assert payload.strip() == reply.body
    else:
        assert [line for line in payload.splitlines() if line.startswith(b"data")] == reply.body.split(b"\n\n")[:-1]


def test_garbage_is_neither_json_nor_an_event_nor_http() -> None:
    """The first byte already fits no grammar; the same draw gives the same garbage."""
    assert sent(strike(WHOLE, "garbage")).partition(b"\r\n\r\n")[2][:1] == b"\x80"
    assert sent(strike(WHOLE, "garbage_head"))[:1] == b"\x80"
    assert sent(strike(WHOLE, "garbage")) == sent(strike(WHOLE, "garbage"))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"429", "500", "503"}))
@pytest.mark.parametrize("reply", [WHOLE, STREAM], ids=["whole", "stream"])
def test_every_kind_of_fault_has_a_script_in_order_of_time(kind: str, reply: Reply) -> None:
    """No kind is forgotten, and no step goes back in time."""
    times = [at_ms for at_ms, _ in strike(reply, kind, 1).steps]
    assert times == sorted(times)
