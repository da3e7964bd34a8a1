"""The fallback message as a chat completion, whole and as a stream."""

from __future__ import annotations

from openai.types.chat import ChatCompletion, ChatCompletionChunk

from serinus.core.routing.snapshot import App
from serinus.core.wire.sse import DONE, EventStream, event_data, split_events
from serinus.gateway import message
from serinus.gateway.admission import Admitted
from serinus.gateway.routes import ServedApp

RAW = b"\x01" + (1_700_000_000_123).to_bytes(6, "big") + bytes(41)


def admitted(*, include_usage: bool = False) -> Admitted:
    """A call of an app with a message."""
    call = Admitted()
    call.app = ServedApp(App(name="assistant", fallback_message="später – 「後」"), {}, {}, bytes(32))
    call.include_usage = include_usage
    return call


def chunks(raw: bytes) -> list[ChatCompletionChunk]:
    """The chunks of a stream, as the client library's own types."""
    data = [event_data(event) for event in split_events(raw)]
    assert data[-1] == "[DONE]"
    return [ChatCompletionChunk.model_validate_json(text) for text in data[:-1] if text]


def test_a_whole_message_is_a_completion_J5() -> None:
    """The client library takes it: the text, a finish reason, no tokens, and the call's own id and time."""
    found = ChatCompletion.model_validate_json(message.completion(admitted(), RAW))
    assert found.choices[0].message.content == "später – 「後」"
    assert (found.choices[0].finish_reason, found.model, found.created) == ("stop", "assistant", 1_700_000_000)
    assert found.usage is not None
    assert found.usage.total_tokens == 0


def test_a_streamed_message_is_a_whole_stream_J5() -> None:
    """Text, finish reason and `[DONE]`; a chunk of usage for those who asked for one, and for nobody else."""
    plain = message.stream(admitted(), RAW)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks(plain))
    assert text == "später – 「後」"
    assert chunks(plain)[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks(plain))
    last = chunks(message.stream(admitted(include_usage=True), RAW))[-1]
    assert (last.choices, last.usage is not None) == ([], True)


def test_our_own_reader_finds_nothing_wrong_with_it() -> None:
    """Behind another gateway of ours the stream reads as a whole answer."""
    stream = EventStream(strip_usage=False, keep_text=True)
    raw = message.stream(admitted(), RAW)
    assert stream.receive(raw) == raw
    assert raw.endswith(DONE)
    assert (stream.done, stream.fault, stream.findings.finish) == (True, None, "stop")
