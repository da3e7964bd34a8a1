"""Streams are relayed as received, the same whatever the split."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serinus.core.records.record import ErrorClass
from serinus.core.wire.sse import DONE, MAX_EVENT_BYTES, EventStream, error_event, event_data, last_boundary


def event(spaced: bool = False, end: str = "\n\n", **fields: Any) -> bytes:
    """One event."""
    chunk = {"id": "c", "model": "gpt-x"} | fields
    return f"data: {json.dumps(chunk, separators=None if spaced else (',', ':'))}{end}".encode()


def delta(text: str | None, finish: str | None = None, **more: Any) -> bytes:
    """One chunk."""
    return event(choices=[{"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}], **more)


USAGE = event(
    choices=[], usage={"prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 3}}
)
PLAIN = delta("hé") + b": ping\n\n" + delta("llo") + delta(None, "stop")
WHOLE = PLAIN + USAGE + DONE


def relay(raw: bytes, step: int, *, strip: bool = True, keep_text: bool = False) -> tuple[EventStream, bytes]:
    """Feed bytes `step` at a time, then a clean end."""
    stream = EventStream(strip_usage=strip, keep_text=keep_text)
    out = b""
    for start in range(0, len(raw), step):
        out += stream.receive(raw[start : start + step])
    return stream, out + stream.finish()


def test_a_stream_is_the_same_whatever_the_split() -> None:
    """Split at every distance, the bytes relayed and the findings are equal."""
    for step in range(1, len(WHOLE) + 1):
        stream, out = relay(WHOLE, step)
        assert out == PLAIN + DONE
        found = stream.findings
        assert (found.tokens_in, found.tokens_out, found.tokens_cached) == (7, 2, 3)
        assert (found.finish, found.model, found.refused, stream.done) == ("stop", "gpt-x", False, True)
        assert stream.fault is None


def test_the_usage_chunk_stays_when_the_caller_asked_for_it() -> None:
    """Only the chunk that we asked for, and the caller did not, is stripped."""
    assert relay(WHOLE, 5, strip=False)[1] == WHOLE
    with_choice = delta("x", "stop", usage={"prompt_tokens": 1, "completion_tokens": 1})
    assert relay(with_choice + DONE, 5)[1] == with_choice + DONE


@pytest.mark.parametrize("end", ["\r\n\r\n", "\r\r", "\n\r\n", "\n\n"])
@pytest.mark.parametrize("step", [1, 3, 1 << 20])
def test_every_line_end_of_the_standard_ends_an_event(end: str, step: int) -> None:
    """CRLF, CR and LF upstreams are understood and relayed byte for byte."""
    raw = event(end=end, choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]) + f"data: [DONE]{end}".encode()
    stream, out = relay(raw, step)
    assert out == raw
    assert stream.findings.finish == "stop"


@pytest.mark.parametrize("step", [1, 4, 1 << 20])
def test_several_data_lines_are_one_event(step: int) -> None:
    """An event's data lines are joined before they are read."""
    raw = b'data: {"choices":[],\ndata: "usage":{"prompt_tokens":4}}\n\n' + delta(None, "stop") + DONE
    stream, out = relay(raw, step)
    assert stream.findings.tokens_in == 4
    assert out == delta(None, "stop") + DONE


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_spaced_json_is_read_too(step: int) -> None:
    """A provider that spaces its JSON has its usage found and stripped all the same."""
    chunk = event(spaced=True, choices=[{"index": 0, "delta": {}, "finish_reason": "length"}])
    usage = event(spaced=True, choices=[], usage={"completion_tokens": 5})
    stream, out = relay(chunk + usage + DONE, step)
    assert (out, stream.findings.finish, stream.findings.tokens_out) == (chunk + DONE, "length", 5)
    odd = chunk.replace(b'": ', b'"  :  ')
    stream, out = relay(odd + usage.replace(b'": ', b'"  :  ') + DONE, step)
    assert (out, stream.findings.tokens_out) == (odd + DONE, 5)


def test_a_missing_done_is_supplied_only_after_a_finish_reason() -> None:
    """A clean end after a finish reason gets `[DONE]`; without one it is a cut."""
    stream, out = relay(PLAIN, 7)
    assert out == PLAIN + DONE
    assert stream.done
    cut, out = relay(delta("hello"), 7)
    assert out == delta("hello")
    assert not cut.done
    assert cut.fault is not None
    assert cut.fault.error is ErrorClass.UPSTREAM_CUT


def test_a_last_event_without_its_empty_line_counts() -> None:
    """An upstream that closes right after `[DONE]` has finished."""
    stream, out = relay(PLAIN + b"data: [DONE]", 9)
    assert stream.done
    assert out == PLAIN + DONE


@pytest.mark.parametrize("step", [1, 10, 1 << 20])
def test_a_cut_stream_ends_between_events(step: int) -> None:
    """What lies behind the last whole event is never relayed, so that an error event can follow."""
    stream = EventStream(strip_usage=True, keep_text=False)
    raw = PLAIN + b'data: {"id":"c","choi'
    out = b"".join(stream.receive(raw[i : i + step]) for i in range(0, len(raw), step))
    assert out == PLAIN


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_an_error_within_the_stream_is_the_upstreams_fault(step: int) -> None:
    """An error event is not relayed as if it were an answer; what came before it is."""
    stream, out = relay(delta("a") + b'data: {"error":{"message":"overloaded"}}\n\n' + DONE, step)
    assert out == delta("a")
    assert stream.fault is not None
    assert stream.fault.error is ErrorClass.UPSTREAM_STATUS


@pytest.mark.parametrize("raw", [b"data: {nonsense\n\n", b'data: {"error":"\xff"}\n\n'])
def test_an_event_that_is_not_json_is_garbage(raw: bytes) -> None:
    """Broken JSON in an event that is read ends the stream with a fault."""
    stream, out = relay(raw, 1 << 20)
    assert out == b""
    assert stream.fault is not None
    assert stream.fault.error is ErrorClass.UPSTREAM_GARBAGE


def test_an_event_without_end_is_bounded() -> None:
    """What waits for an event's end never exceeds the limit by more than one read."""
    stream = EventStream(strip_usage=True, keep_text=False)
    for _ in range(MAX_EVENT_BYTES // 65536 + 1):
        assert stream.receive(b"x" * 65536) == b""
    assert stream.fault is not None
    assert stream.fault.error is ErrorClass.UPSTREAM_GARBAGE


def test_refusals_and_filters_are_found() -> None:
    """A refusal text or the content filter marks the answer as refused."""
    refusing = event(choices=[{"index": 0, "delta": {"refusal": "I cannot"}, "finish_reason": None}])
    assert relay(refusing + delta(None, "stop") + DONE, 5)[0].findings.refused
    assert relay(delta(None, "content_filter") + DONE, 5)[0].findings.refused
    silent = event(choices=[{"index": 0, "delta": {"refusal": None}, "finish_reason": None}])
    assert not relay(silent + delta(None, "stop") + DONE, 5)[0].findings.refused


@pytest.mark.parametrize("step", [1, 6, 1 << 20])
def test_the_text_is_gathered_where_a_format_rule_needs_it(step: int) -> None:
    """The first choice's text comes together whatever the split; otherwise nothing is kept."""
    other = event(choices=[{"index": 0, "delta": {"content": "!"}}, {"index": 1, "delta": {"content": "second"}}])
    assert relay(delta("hé") + other + delta(None, "stop") + DONE, step, keep_text=True)[0].findings.text == "hé!"
    assert relay(WHOLE, step)[0].findings.text == ""


def test_words_of_the_protocol_inside_a_text_change_nothing() -> None:
    """`[DONE]`, `usage` and `finish_reason` in what the model says are text."""
    tricky = delta('[DONE] "usage":{"finish_reason":"stop"} "error":1')
    stream, out = relay(tricky + delta(None, "stop") + DONE, 1 << 20)
    assert out == tricky + delta(None, "stop") + DONE
    assert stream.findings.tokens_in == -1


def test_nothing_follows_done() -> None:
    """Bytes behind `[DONE]` are not relayed."""
    assert relay(PLAIN + DONE + delta("more"), 1 << 20)[1] == PLAIN + DONE
    assert relay(PLAIN + DONE + delta("more"), 1)[1] == PLAIN + DONE


def test_boundaries_and_data() -> None:
    """The last whole event ends at the last empty line; comments and other fields are no data."""
    assert last_boundary(b"data: a\n\ndata: b") == 9
    assert last_boundary(b"data: a\r\n\r\nx") == 11
    assert last_boundary(b"data: a") == 0
    assert event_data(b": ping\n\n") is None
    assert event_data(b"event: x\nid: 3\ndata:a\ndata: b\n\n") == "a\nb"


def test_the_error_event_has_the_shape_that_clients_know() -> None:
    """Official clients raise on `error` within a stream."""
    raw = error_event(502, "upstream_cut", "it broke")
    assert json.loads(raw.removeprefix(b"data: "))["error"] == {
        "message": "it broke",
        "type": "api_error",
        "param": None,
        "code": "upstream_cut",
    }


def test_a_text_that_looks_like_an_ending_is_only_text() -> None:
    """Events that differ in their text alone are relayed unread; one that tells something is read, whatever came."""
    texts = ["a", "[DONE]", "usage", "data: b", 'he said "stop"', 'x","finish_reason":"stop', "\\"]
    usual = [delta(text, created=1) for text in texts * 3]
    last = delta("z", "stop", created=1)
    for step in (1, 7, len(usual[0]), 1 << 20):
        stream, out = relay(b"".join(usual) + last + DONE, step)
        assert out == b"".join(usual) + last + DONE
        assert (stream.findings.finish, stream.done, stream.fault) == ("stop", True, None)
    stream = EventStream(strip_usage=True, keep_text=False)
    for raw in (*usual, last, DONE):
        assert stream.receive(raw) == raw
    assert (stream.events, stream.findings.finish, stream.done) == (len(usual) + 1, "stop", True)


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize("garbage", [b"data: <html>\n\n", b"data: {\n\n", b'data: {"error": {"message": "no"}}\n\n'])
def test_nothing_goes_out_before_the_first_event_has_proven_to_be_one(garbage: bytes, step: int) -> None:
    """Comments wait for it too, so that another version may still answer when it is garbage or an error."""
    stream, out = relay(b": wait\n\n: still\n\n" + garbage, step)
    assert (out, stream.events) == (b"", 0)
    assert stream.fault is not None
    stream, out = relay(b": wait\n\n" + WHOLE, step)
    assert out == b": wait\n\n" + PLAIN + DONE


def test_what_stands_beside_a_usage_chunk_waits_for_the_first_event_and_is_not_lost() -> None:
    """Also when both come alone, before any event that is relayed."""
    early = b'data: {"choices":[],"usage":{"completion_tokens":4}}\n\n: wait\n\n'
    stream, out = relay(early + WHOLE, len(early))
    assert out == b": wait\n\n" + PLAIN + DONE
    assert stream.fault is None


def test_comments_without_an_event_are_not_held_for_ever() -> None:
    """An upstream that only pings is garbage once what waits is too long."""
    stream = EventStream(strip_usage=True, keep_text=False)
    for _ in range(MAX_EVENT_BYTES // 100):
        assert stream.receive(b": " + b"x" * 106 + b"\n\n") == b""
    assert stream.fault is not None
    assert stream.fault.error is ErrorClass.UPSTREAM_GARBAGE
