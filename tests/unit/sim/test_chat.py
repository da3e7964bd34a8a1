"""The OpenAI wire, provider's side."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from serinus.sim.behaviour import Behaviour
from serinus.sim.chat import WireError, parse_chat, text_of

HELLO = [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": HELLO}, "model"),
        ({"model": "", "messages": HELLO}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": ["Hello"]}, "messages.[0].role"),
        ({"model": "m", "messages": HELLO, "n": 0}, "n"),
        ({"model": "m", "messages": HELLO, "n": 17}, "n"),
        ({"model": "m", "messages": HELLO, "n": True}, "n"),
        ({"model": "m", "messages": HELLO, "temperature": 2.5}, "temperature"),
        ({"model": "m", "messages": HELLO, "temperature": "hot"}, "temperature"),
        ({"model": "m", "messages": HELLO, "max_tokens": 0}, "max_tokens"),
    ],
)
def test_a_faulty_parameter_is_refused_by_name(body: dict[str, Any], param: str) -> None:
    """400 in OpenAI's form, with the parameter in `param`."""
    with pytest.raises(WireError) as raised:
        parse_chat(orjson.dumps(body))
    error = orjson.loads(raised.value.body())["error"]
    assert (raised.value.status, error["type"], error["param"]) == (400, "invalid_request_error", param)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'"text"', b"[]", b'{"model": NaN}'])
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    """Broken bytes get a 400, not a crash."""
    with pytest.raises(WireError) as raised:
        parse_chat(raw)
    assert raised.value.status == 400


def test_a_body_nested_too_deeply_is_refused() -> None:
    """800 lists in each other parse, and cannot be written again: 400."""
    nested = b"[" * 800 + b"]" * 800
    request = parse_chat(b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "extra": ' + nested + b"}")
    with pytest.raises(WireError) as raised:
        Behaviour(1).outcomes(request)
    assert raised.value.status == 400


def test_all_instructions_count_and_the_last_question_is_answered() -> None:
    """System and developer messages are read together; of the user's messages the last."""
    request = parse_chat(
        orjson.dumps(
            {
                "model": "m",
                "messages": [
                    {"role": "system", "content": "Be polite."},
                    {"role": "user", "content": "First"},
                    {"role": "assistant", "content": "Yes?"},
                    {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
                    {"role": "user", "content": [{"type": "text", "text": "La"}, {"type": "text", "text": "st"}]},
                ],
            }
        )
    )
    assert (request.system, request.query) == ("Be polite.\nBe brief.", "Last")


@pytest.mark.parametrize("content", [None, 3, [None, {"type": "image_url"}, {"text": 4}]])
def test_content_without_text_is_empty(content: object) -> None:
    """Images and unheard-of parts have no text."""
    assert text_of(content) == ""
