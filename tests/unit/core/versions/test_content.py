"""The content of a version: what is accepted, what names it, what is served."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.routing.snapshot import Message, Variable
from serinus.core.versions.content import (
    MAX_BYTES,
    VersionContent,
    canonical,
    digests,
    parse_content,
    servable,
)

FULL: dict[str, Any] = {
    "schema": 1,
    "endpoint": "openai",
    "model": "gpt-x",
    "messages": [{"role": "system", "template": "Answer {{ q }}."}],
    "parameters": {"temperature": 0.2, "stop": ["END"]},
    "variables": {"q": {"type": "string", "description": "the question"}},
    "tools": [{"type": "function", "function": {"name": "f"}}],
    "response_format": {"type": "json_object"},
    "caller_may_set": ["max_tokens"],
    "notes": "first",
    "known_issues": ["none known"],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """FULL with the value at a dotted path replaced."""
    tree = json.loads(json.dumps(FULL))
    *parents, last = path.split(".")
    place = tree
    for parent in parents:
        place = place[int(parent)] if isinstance(place, list) else place[parent]
    place[int(last) if isinstance(place, list) else last] = value
    return tree


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in FULL.items() if name != key}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("endpoint", "other"),
        ("model", "gpt-y"),
        ("messages.0.template", "Answer {{ q }}!"),
        ("messages.0.role", "developer"),
        ("parameters.temperature", 0.3),
        ("variables.q.type", "number"),
        ("tools.0.function.name", "g"),
        ("response_format.type", "text"),
        ("caller_may_set", ["temperature"]),
    ],
)
def test_what_the_model_can_see_changes_both_digests(path: str, value: Any) -> None:
    """Prompts, model, parameters, tools, formats and variables are behaviour."""
    before, after = digests(parse_content(FULL)), digests(parse_content(changed(path, value)))
    assert before.version != after.version
    assert before.behaviour != after.behaviour


@pytest.mark.parametrize(
    ("path", "value"),
    [("notes", "second"), ("known_issues", []), ("variables.q.description", "what is asked")],
)
def test_what_only_people_see_changes_the_version_digest_alone(path: str, value: Any) -> None:
    """A better note makes a new version whose statistics and caches stay those of the same behaviour."""
    before, after = digests(parse_content(FULL)), digests(parse_content(changed(path, value)))
    assert before.version != after.version
    assert before.behaviour == after.behaviour


@pytest.mark.parametrize(
    ("path", "default"),
    [
        ("parameters", {}),
        ("variables", {}),
        ("tools", []),
        ("response_format", None),
        ("caller_may_set", []),
        ("notes", ""),
        ("known_issues", []),
    ],
)
def test_absent_is_not_the_default(path: str, default: Any) -> None:
    """A field that is left out and one written with its default are different contents."""
    base = {key: FULL[key] for key in ("endpoint", "model", "messages")}
    assert canonical(parse_content(base)) != canonical(parse_content({**base, path: default}))


def test_absent_is_not_the_default_within_a_variable() -> None:
    """`required: true` written out is kept, as it was written."""
    explicit = parse_content(changed("variables.q.required", True))
    assert canonical(explicit) != canonical(parse_content(FULL))


@given(st.integers(0, len("Answer {{ q }}.") - 1), st.sampled_from("xyz é"))
def test_any_changed_character_of_a_prompt_changes_the_digest(position: int, letter: str) -> None:
    """No edit hides under an old digest (A7)."""
    before = FULL["messages"][0]["template"]
    after = before[:position] + letter + before[position + 1 :]
    same = digests(parse_content(FULL)) == digests(parse_content(changed("messages.0.template", after)))
    assert same == (before == after)


@given(st.permutations(list(FULL)), st.sampled_from([0, 2]))
def test_how_a_file_is_written_does_not_matter(order: list[str], indent: int) -> None:
    """Order of keys, indentation and a byte-order mark do not change a digest."""
    text = json.dumps({key: FULL[key] for key in order}, indent=indent)
    assert digests(parse_content(b"\xef\xbb\xbf" + text.encode())) == digests(parse_content(FULL))


def test_canonical_bytes_read_back_to_the_same_content() -> None:
    """What the store keeps is enough to rebuild the content."""
    content = parse_content(FULL)
    assert parse_content(canonical(content)) == content


def test_schema_is_inside_even_when_the_author_left_it_out() -> None:
    """Canonical bytes say which schema they follow."""
    assert b'"schema":1' in canonical(parse_content(without("schema")))


def test_content_built_in_code_is_named_like_content_that_was_parsed() -> None:
    """Tests and tools may build the value themselves."""
    built = VersionContent(endpoint="e", model="m", messages=(Message(role="system", template="Zoe\u0308\r\n"),))
    parsed = parse_content(
        {"endpoint": "e", "model": "m", "messages": [{"role": "system", "template": "Zo\u00eb\n"}]},
    )
    assert digests(built) == digests(parsed)
    assert servable(built, "a-2026-W47-1") == servable(parsed, "a-2026-W47-1")


def test_a_served_version_carries_all_provider_fields_in_one_fragment() -> None:
    """Parameters, tools and response format are encoded once, without the braces."""
    served = servable(parse_content(FULL), "a-2026-W47-1")
    assert json.loads("{" + served.parameters + "}") == {
        **FULL["parameters"],
        "tools": FULL["tools"],
        "response_format": FULL["response_format"],
    }
    assert served.variables == {"q": Variable(type="string", description="the question")}
    assert served.caller_may_set == ("max_tokens",)
    assert (served.digest, served.behaviour) == (digests(parse_content(FULL)).version, served.behaviour)


def test_a_version_without_parameters_has_an_empty_fragment() -> None:
    """Nothing is sent that its author did not write."""
    base = {key: FULL[key] for key in ("endpoint", "model", "messages")}
    assert servable(parse_content(base), "a-2026-W47-1").parameters == ""


@pytest.mark.parametrize(
    ("tree", "where", "mend"),
    [
        ({**FULL, "endpont": "x"}, "endpont", "did you mean `endpoint`?"),
        (changed("messages.0.content", "x"), "messages[0].content", ""),
        (changed("variables.q.requird", True), "variables.q.requird", "did you mean `required`?"),
        (without("model"), "model", 'add "model": …'),
        (without("messages"), "messages", 'add "messages": …'),
        ({**FULL, "messages": []}, "messages", ""),
        (changed("messages.0.role", "robot"), "messages[0].role", ""),
        (changed("messages.0.template", "  \n"), "messages[0].template", ""),
        (changed("messages.0.template", "a\u0007b"), "messages[0].template", ""),
        ({**FULL, "model": ""}, "model", ""),
        ({**FULL, "endpoint": "a\nb"}, "endpoint", ""),
        ({**FULL, "schema": 2}, "schema", ""),
        (changed("parameters.model", "other"), "parameters.model", "write `model` beside `parameters`"),
        (changed("parameters.stream", True), "parameters.stream", ""),
        (changed("parameters.temperature", float("nan")), "parameters.temperature", ""),
        ({**FULL, "variables": {"a b": {}}}, "variables.a b", ""),
        ({**FULL, "parameters": 3}, "parameters", ""),
        ({**FULL, "caller_may_set": [""]}, "caller_may_set[0]", ""),
    ],
)
def test_bad_content_is_refused_with_place_and_cure(tree: dict[str, Any], where: str, mend: str) -> None:
    """Refused, never repaired: the error names the field and what to do."""
    with pytest.raises(InvalidInput) as refused:
        parse_content(tree)
    assert refused.value.where == where
    assert refused.value.mend
    assert mend in refused.value.mend


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b'{"schema": 1,\n "model": }', "line 2, column 11"),
        (b"\xff\xfe", "byte 0"),
        (b"[1]", ""),
        (b'{"model": "a", "model": "b"}', "model"),
        (b'{"a": ' + b"9" * 5000 + b"}", ""),
        (b'{"a": ' + b"[" * 100_000, ""),
        (b" " * (MAX_BYTES + 1), "version"),
    ],
)
def test_bad_json_is_refused_with_its_place(raw: bytes, where: str) -> None:
    """Line and column of a syntax error, the offset of bytes that are no text; never a crash."""
    with pytest.raises(InvalidInput) as refused:
        parse_content(raw)
    assert refused.value.where == where


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:0919.eE+-\\untrlsfa \n', max_size=60).map(str.encode))
def test_any_bytes_are_content_or_an_error_of_ours(raw: bytes) -> None:
    """Nothing else comes out of a push."""
    with pytest.raises(InvalidInput):
        parse_content(raw)
