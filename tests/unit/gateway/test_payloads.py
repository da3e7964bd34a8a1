"""Which calls' texts are kept, and what of them."""

from __future__ import annotations

import json
import random
from typing import Any

from serinus.core.records.sampling import below, sampled
from serinus.core.routing.snapshot import BUILT_IN
from serinus.core.wire.answer import Findings, read_completion
from serinus.core.wire.redaction import Redaction
from serinus.gateway.payloads import KEPT_CHARS, texts

REDACTION = Redaction(BUILT_IN, {})


def kept(body: dict[str, Any], answer: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, Any], bool]:
    findings = Findings()
    if answer is not None:
        completion = read_completion(json.dumps({"choices": [{"message": answer}]}))
        assert completion is not None
        findings.note(completion, keep_text=True)
    request, said, cut = texts(REDACTION, body, findings)
    return json.loads(request), json.loads(said), cut


def test_L3_the_share_is_kept_and_none_at_zero() -> None:
    """By the hash of the call id: no arm or user is kept more than another."""
    chance = random.Random(7)
    ids = [chance.randbytes(48) for _ in range(4000)]
    assert not any(sampled(id, below(0.0)) for id in ids)
    assert all(sampled(id, below(1.0)) for id in ids)
    assert 320 < sum(sampled(id, below(0.1)) for id in ids) < 480
    assert {id for id in ids if sampled(id, below(0.1))} <= {id for id in ids if sampled(id, below(0.2))}


def test_L3_messages_variables_answers_and_tools_are_redacted() -> None:
    """Wherever a text or a long number stands; keys too."""
    body = {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a@b.de"}]}],
        "metadata": {"variables": {"phone": 491701234567, "c@d.de": 3}, "user_id": "ada"},
    }
    call = {"function": {"name": "mail", "arguments": '{"to": "e@f.de"}'}}
    request, answer, cut = kept(body, {"content": "write to g@h.de", "tool_calls": [call]})
    assert request["messages"][0]["content"][0]["text"] == "[email]"
    assert request["variables"] == {"phone": "[phone]", "[email]": 3}
    assert answer == {"texts": ["write to [email]"], "tools": [{"name": "mail", "arguments": '{"to": "[email]"}'}]}
    assert "ada" not in json.dumps(request)
    assert not cut


def test_a_long_text_is_cut_with_no_half_of_an_address_at_its_end() -> None:
    """The limit is of all texts of a side together."""
    text = "x " * (KEPT_CHARS // 2 - 10) + "somebody@example.com"
    request, _, cut = kept({"messages": [{"content": text}, {"content": "more"}]})
    assert cut
    assert "somebody" not in json.dumps(request)
    assert request["messages"][1] == {}


def test_a_hostile_body_is_read_all_the_same() -> None:
    """Deep nesting ends, odd types stay what they are."""
    deep: Any = "a@b.de"
    for _ in range(900):
        deep = [deep]
    request, _, cut = kept({"messages": deep, "variables": [None, True, 1.5, -(2**63)]})
    assert cut
    assert "a@b.de" not in json.dumps(request)
    assert request["variables"][:3] == [None, True, 1.5]


def test_nothing_is_kept_of_what_is_not_there() -> None:
    """A call without messages and without an answer has empty texts."""
    assert kept({"messages": None}) == ({"messages": None, "variables": None}, {"texts": [], "tools": []}, False)
