"""The fallback message as a chat completion, whole and as a stream."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from serinus.core.routing.snapshot import App, Endpoint, FormatRule, Version
from serinus.core.wire.sse import DONE, EventStream, event_data, split_events
from serinus.gateway import message
from serinus.gateway.admission import Admitted
from serinus.gateway.routes import Served, ServedApp, Target

RAW = b"\x01" + (1_700_000_000_123).to_bytes(6, "big") + bytes(41)


TEXT, JSON = "später – 「後」", '{"answer":"später"}'
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
OBJECT = {"type": "json_object"}


def admitted(*, include_usage: bool = False, app: App | None = None, **body: Any) -> Admitted:
    """A call of an app with a message."""
    call = Admitted()
    call.app = ServedApp(app or App(name="assistant", fallback_message=TEXT), {}, {}, bytes(32))
    call.body = body
    call.include_usage = include_usage
    return call


def version(*caller_may_set: str, **parameters: Any) -> Served:
    """A version with these parameters."""
    encoded = orjson.dumps(parameters)[1:-1].decode()
    made = Version(
        digest="11" * 32, name="v", behaviour="11" * 32, endpoint="e", model="m", parameters=encoded,
        caller_may_set=caller_may_set,
    )  # fmt: skip
    return Served(made, Target(Endpoint(name="e", base_url="http://127.0.0.1:9/v1"), ""))


def chunks(raw: bytes) -> list[ChatCompletionChunk]:
    """The chunks of a stream, as the client library's own types."""
    data = [event_data(event) for event in split_events(raw)]
    assert data[-1] == "[DONE]"
    return [ChatCompletionChunk.model_validate_json(text) for text in data[:-1] if text]


def test_a_whole_message_is_a_completion_J5() -> None:
    """The client library takes it: the text, a finish reason, no tokens, and the call's own id and time."""
    found = ChatCompletion.model_validate_json(message.completion(admitted(), None, RAW, TEXT))
    assert found.choices[0].message.content == "später – 「後」"
    assert (found.choices[0].finish_reason, found.model, found.created) == ("stop", "assistant", 1_700_000_000)
    assert found.usage is not None
    assert found.usage.total_tokens == 0


def test_a_streamed_message_is_a_whole_stream_J5() -> None:
    """Text, finish reason and `[DONE]`; a chunk of usage for those who asked for one, and for nobody else."""
    plain = message.stream(admitted(), None, RAW, TEXT)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks(plain))
    assert text == "später – 「後」"
    assert chunks(plain)[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks(plain))
    last = chunks(message.stream(admitted(include_usage=True), None, RAW, TEXT))[-1]
    assert (last.choices, last.usage is not None) == ([], True)


def test_our_own_reader_finds_nothing_wrong_with_it() -> None:
    """Behind another gateway of ours the stream reads as a whole answer."""
    stream = EventStream(strip_usage=False, keep_text=True)
    raw = message.stream(admitted(), None, RAW, TEXT)
    assert stream.receive(raw) == raw
    assert raw.endswith(DONE)
    assert (stream.done, stream.fault, stream.findings.finish) == (True, None, "stop")


@pytest.mark.parametrize(
    ("asked", "served", "choices"),
    [
        ({"n": 3}, None, 3),
        ({"n": 3}, version("n"), 3),
        ({}, version(n=2), 2),
        ({"n": 4}, version("n", n=2), 4),
        ({}, version(), 1),
        ({"n": 0}, None, 1),
        ({"n": True}, None, 1),
        ({"n": "3"}, None, 1),
        ({"n": 129}, None, 1),
    ],
)
def test_J5_the_message_comes_as_often_as_choices_are_asked_for(
    asked: dict[str, Any], served: Served | None, choices: int
) -> None:
    """By the caller where it may, else by the version; whole and streamed, each with its index and its end."""
    call = admitted(**asked)
    whole = ChatCompletion.model_validate_json(message.completion(call, served, RAW, TEXT))
    assert [(one.index, one.message.content) for one in whole.choices] == [(i, TEXT) for i in range(choices)]
    ends = [
        one for chunk in chunks(message.stream(call, served, RAW, TEXT)) for one in chunk.choices if one.finish_reason
    ]
    assert [one.index for one in ends] == list(range(choices))


@pytest.mark.parametrize(
    ("asked", "served", "ruled", "said"),
    [
        (None, None, False, JSON),
        (None, version(), False, TEXT),
        (None, version(), True, JSON),
        (None, version(response_format=OBJECT), False, JSON),
        (None, version(response_format=SCHEMA), False, JSON),
        (OBJECT, version("response_format"), False, JSON),
        (OBJECT, None, False, JSON),
        (SCHEMA, version("response_format"), False, ""),
        (SCHEMA, version("response_format", response_format=SCHEMA), False, ""),
        (SCHEMA, None, False, ""),
        ({"type": "text"}, version("response_format", response_format=SCHEMA), True, TEXT),
        ("json", version("response_format"), False, TEXT),
    ],
)
def test_J5_who_asks_for_json_gets_json_and_nobody_a_guess_at_their_own_schema(
    asked: Any, served: Served | None, ruled: bool, said: str
) -> None:
    """The version's format, the app's or the caller's; a schema of the caller's own is an honest error."""
    rule = FormatRule(kind="json_object") if ruled else None
    app = App(name="a", fallback_message=TEXT, fallback_json=JSON, format_rule=rule)
    call = admitted(app=app, **({} if asked is None else {"response_format": asked}))
    assert message.said(call, served) == said


def test_J5_without_a_json_message_a_text_breaks_no_parser() -> None:
    """Then the caller gets the error, as with no message at all."""
    assert message.said(admitted(), version(response_format=OBJECT)) == ""
    app = App(name="a", fallback_message=TEXT, format_rule=FormatRule(kind="json_object"))
    assert message.said(admitted(app=app), version()) == ""
    assert message.said(admitted(), None) == TEXT
