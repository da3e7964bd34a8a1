"""What is read of an answer."""

from __future__ import annotations

import pytest

from serinus.core.records.record import ErrorClass
from serinus.core.wire.answer import Findings, read_completion
from serinus.core.wire.fault import UpstreamFault


def found(raw: bytes, keep_text: bool = False) -> Findings:
    """The findings of one answer."""
    completion, findings = read_completion(raw), Findings()
    assert completion is not None
    findings.note(completion, keep_text)
    return findings


def test_usage_finish_model_and_text_are_read() -> None:
    """Tokens, cached tokens, finish reason, model, and the text when it is wanted."""
    findings = found(
        b'{"model":"m","choices":[{"message":{"content":"hi","refusal":null},"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":3,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":1}}}',
        keep_text=True,
    )
    assert (findings.tokens_in, findings.tokens_out, findings.tokens_cached) == (3, 2, 1)
    assert (findings.model, findings.finish, findings.text, findings.refused) == ("m", "stop", "hi", False)


def test_what_an_answer_does_not_say_is_unknown() -> None:
    """No usage is −1, never 0."""
    findings = found(b'{"choices":[{"message":{"content":null}}]}')
    assert (findings.tokens_in, findings.tokens_out, findings.tokens_cached) == (-1, -1, -1)


def test_content_parts_make_one_text() -> None:
    """Text parts are joined; others have none."""
    raw = b'{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"image"},{"text":"b"}]}}]}'
    assert found(raw, keep_text=True).text == "ab"


@pytest.mark.parametrize("raw", [b"", b"<html>", b'{"choices":', b"{} {}"])
def test_what_is_not_json_is_garbage(raw: bytes) -> None:
    """No JSON, no answer."""
    with pytest.raises(UpstreamFault) as fault:
        read_completion(raw)
    assert fault.value.error is ErrorClass.UPSTREAM_GARBAGE


@pytest.mark.parametrize("raw", [b"[]", b'"text"', b'{"choices":{}}', b'{"usage":{"prompt_tokens":"many"}}'])
def test_json_of_another_shape_is_left_alone(raw: bytes) -> None:
    """An unknown shape passes through unread."""
    assert read_completion(raw) is None


@pytest.mark.parametrize("field", [b"error", b"unknown"])
def test_an_answer_nested_without_end_is_garbage(field: bytes) -> None:
    """The call hears at once that no answer will come, as of anything that does not read."""
    with pytest.raises(UpstreamFault) as raised:
        read_completion(b'{"%b":%b%b}' % (field, b"[" * 5000, b"]" * 5000))
    assert raised.value.error is ErrorClass.UPSTREAM_GARBAGE
