"""What differs between two versions: every field of a version is covered."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from serinus.core.versions.content import VersionContent, canonical, digests, parse_content
from serinus.core.versions.diff import FieldDiff, diff

BASE: dict[str, Any] = {
    "endpoint": "openai",
    "model": "gpt-4o",
    "messages": [
        {"role": "system", "template": "You help {{ name }}."},
        {"role": "user", "template": "Hello"},
        {"role": "assistant", "template": "Hi"},
    ],
    "parameters": {"temperature": 0.2, "logit_bias": {"1": 2}},
    "variables": {"name": {"type": "string"}},
    "tools": [{"type": "function", "function": {"name": "refund", "parameters": {"type": "object"}}}],
    "response_format": {"type": "json_object"},
    "caller_may_set": ["max_tokens"],
    "notes": "First.",
    "known_issues": ["slow"],
}


def content(**changed: Any) -> VersionContent:
    """The base with these fields changed; `...` leaves one out."""
    tree = {name: value for name, value in {**BASE, **changed}.items() if value is not ...}
    return parse_content(msgspec.json.encode(tree))


def fields(**changed: Any) -> list[tuple[str, str | None, str | None]]:
    """The fields that differ from the base."""
    found = diff(content(), content(**changed)).fields
    return [(one.field, one.before, one.after) for one in found]


def test_a_version_does_not_differ_from_itself() -> None:
    """The diff is empty, and all messages are in it as equal."""
    found = diff(content(), content())
    assert found.is_empty
    assert [message.change for message in found.messages] == ["equal"] * 3


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"model": "gpt-5"}, ("model", '"gpt-4o"', '"gpt-5"')),
        ({"endpoint": "azure"}, ("endpoint", '"openai"', '"azure"')),
        ({"parameters": {"temperature": 1, "logit_bias": {"1": 2}}}, ("parameters.temperature", "0.2", "1")),
        ({"parameters": {"temperature": 0.2, "logit_bias": {"1": 3}}}, ("parameters.logit_bias.1", "2", "3")),
        ({"parameters": ...}, ("parameters.logit_bias", '{"1":2}', None)),
        ({"variables": {"name": {"type": "number"}}}, ("variables.name.type", '"string"', '"number"')),
        ({"response_format": None}, ("response_format", '{"type":"json_object"}', "null")),
        ({"response_format": ...}, ("response_format", '{"type":"json_object"}', None)),
        ({"response_format": {"type": "text"}}, ("response_format.type", '"json_object"', '"text"')),
        ({"caller_may_set": []}, ("caller_may_set", '["max_tokens"]', "[]")),
        ({"notes": "Second."}, ("notes", '"First."', '"Second."')),
        ({"known_issues": ...}, ("known_issues", '["slow"]', None)),
        ({"tools": []}, ("tools.refund", None, None)),
    ],
)
def test_B4_every_field_is_compared(changed: dict[str, Any], expected: tuple[str, str | None, str | None]) -> None:
    """Each field of a version shows up by its path, with both values; absent is not null."""
    found = fields(**changed)
    assert expected[0] in [field for field, _, _ in found]
    if expected[0] != "tools.refund":
        assert expected in found


def test_every_field_of_a_version_is_covered() -> None:
    """Content with another digest never has an empty diff, whichever field it differs in."""
    others: dict[str, Any] = {
        "endpoint": "x", "model": "x", "messages": BASE["messages"][:1], "parameters": {}, "variables": ...,
        "tools": ..., "response_format": ..., "caller_may_set": ..., "notes": ..., "known_issues": ...,
    }  # fmt: skip
    assert set(others) == set(VersionContent.__struct_encode_fields__) - {"schema"}
    for name, value in others.items():
        changed = content(**{name: value})
        assert digests(changed) != digests(content())
        assert not diff(content(), changed).is_empty, name


def test_B4_tools_are_known_by_their_function() -> None:
    """A new tool is added whole, a changed one shows what changed in it, and another order is a change of its own."""
    search = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}
    added = fields(tools=[search, *BASE["tools"]])
    assert [(field, before) for field, before, _ in added] == [("tools.search", None)]
    refund = {"type": "function", "function": {"name": "refund", "parameters": {"type": "string"}}}
    moved = diff(content(tools=[search, *BASE["tools"]]), content(tools=[*BASE["tools"], search])).fields
    assert moved == (FieldDiff(field="tools", before='["search","refund"]', after='["refund","search"]'),)
    assert fields(tools=[refund]) == [("tools.refund.function.parameters.type", '"object"', '"string"')]


def test_an_empty_list_is_not_an_absent_one() -> None:
    """Digests tell them apart, and so does the diff."""
    found = diff(content(tools=[]), content(tools=...))
    assert digests(content(tools=[])) != digests(content(tools=...))
    assert found.fields == (FieldDiff(field="tools", before="[]", after=None),)


def test_B4_messages_are_paired_by_role_and_place() -> None:
    """A changed message is one that changed, an inserted pair of examples is added, the others stay."""
    _, user, assistant = BASE["messages"]
    found = diff(
        content(),
        content(
            messages=[
                {"role": "system", "template": "You help {{ name }} well."},
                {"role": "user", "template": "More?"},
                {"role": "assistant", "template": "More!"},
                user,
                assistant,
            ]
        ),
    )
    assert [(m.role, m.change, m.before, m.after) for m in found.messages] == [
        ("system", "changed", 0, 0),
        ("user", "added", None, 1),
        ("assistant", "added", None, 2),
        ("user", "equal", 1, 3),
        ("assistant", "equal", 2, 4),
    ]
    assert "".join(span.text for span in found.messages[0].spans if span.kind == "added").strip() == "well"


def test_markup_stays_text() -> None:
    """Spans hold prompts as they are: to escape is for whoever shows them."""
    found = diff(content(), content(messages=[{"role": "system", "template": "<script>alert(1)</script>"}]))
    added = "".join(span.text for message in found.messages for span in message.spans if span.kind == "added")
    assert "<script>" in added


def test_thousands_of_equal_messages_take_bounded_time() -> None:
    """A version of many small messages is compared within seconds."""
    many = [{"role": "user", "template": "a"}] * 20_000
    before, after = content(messages=many), content(messages=[*many, {"role": "user", "template": "b"}] * 2)
    began = time.monotonic()
    diff(before, after)
    assert time.monotonic() - began < 10
    assert canonical(before) != canonical(after)
