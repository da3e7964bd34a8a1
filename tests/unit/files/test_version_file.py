"""Version files: what they mean, and how their faults are told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.versions.content import digests, parse_content
from serinus.files.faults import InvalidFile
from serinus.files.version_file import parse_version_file

GOOD = """---
endpoint: sim
model: gpt-4o-mini
parameters: {temperature: 0.2, stop: [END]}
variables:
  product: {type: string, description: What is sold.}
  polite: {type: boolean, required: false, default: true}
response_format: {type: json_object}
caller_may_set: [temperature]
notes: |
  First try.
known_issues: [too long]
---
You sell {{ product }}.
{% if polite %}Be polite.{% endif %}

# user
Hello from {{product}}.
"""


def _faults(text: str) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        parse_version_file("bot.md", text.encode())
    assert all(fault.mend for fault in caught.value.faults)
    return [f"{fault.where}: {fault.what}" for fault in caught.value.faults]


def test_B1_a_file_is_the_content_that_its_json_would_be() -> None:
    """The file and the same bundle as JSON have the same digests."""
    expected = parse_content(
        {
            "schema": 1,
            "endpoint": "sim",
            "model": "gpt-4o-mini",
            "messages": [
                {"role": "system", "template": "You sell {{ product }}.\n{% if polite %}Be polite.{% endif %}"},
                {"role": "user", "template": "Hello from {{product}}."},
            ],
            "parameters": {"temperature": 0.2, "stop": ["END"]},
            "variables": {
                "product": {"type": "string", "description": "What is sold."},
                "polite": {"type": "boolean", "required": False, "default": True},
            },
            "response_format": {"type": "json_object"},
            "caller_may_set": ["temperature"],
            "notes": "First try.\n",
            "known_issues": ["too long"],
        }
    )
    assert digests(parse_version_file("bot.md", GOOD.encode())) == digests(expected)


def test_B2_line_ends_do_not_change_the_version() -> None:
    """A checkout with CRLF pushes the same version."""
    crlf = GOOD.replace("\n", "\r\n").encode()
    assert digests(parse_version_file("f", crlf)) == digests(parse_version_file("f", GOOD.encode()))


def test_what_is_left_out_stays_out() -> None:
    """Absent is not the same as the default."""
    content = parse_version_file("f", b"---\nendpoint: e\nmodel: m\n---\nHi")
    assert digests(content) != digests(parse_content({**_tree(content), "caller_may_set": []}))


def _tree(content: object) -> dict[str, object]:
    return {"endpoint": "e", "model": "m", "messages": [{"role": "system", "template": "Hi"}]}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["bot.md:1: no front matter"]),
        ("Just a prompt", ["bot.md:1: no front matter"]),
        ("---\nendpoint: e\n", ["bot.md:1: the front matter never ends"]),
        ("---\n---\nHi", ["bot.md:2: no `endpoint`", "bot.md:2: no `model`"]),
        ("---\n- a\n---\nHi", ["bot.md:2: the front matter is not a list of `key: value`"]),
        ("---\nendpoint: e\nmodel: m\n---\n\n", ["bot.md:5: no prompt"]),
        (GOOD.replace("model:", "modle:"), ["bot.md:2: no `model`", "bot.md:3: unknown key `modle`"]),
        (GOOD.replace("type: boolean", "type: bool"), ["bot.md:7: `variables.polite.type`: invalid enum value 'bool'"]),
        (GOOD.replace("description:", "descripton:"), ["bot.md:6: `variables.product.descripton`: unknown field"]),
        (GOOD.replace("{temperature: 0.2", "{model: x"), ["bot.md:4: `parameters.model`: model is not a parameter"]),
        (GOOD.replace("notes: |", "model: |"), ["bot.md:10: `model` stands twice (first in line 3)"]),
        (GOOD.replace("{{ product }}", "{{ prodct }}"), ["bot.md:14: variable `prodct` is used but not declared"]),
        (
            GOOD.replace("Hello from", "{{ who }}\n{{ where }} {{ who }}"),
            ["bot.md:18: variable `who` is used but", "bot.md:19: variable `where` is used but"],
        ),
        (GOOD.replace("{% endif %}", "\n{% endfi %}"), ["bot.md:16: not a template"]),
        (GOOD.replace("# user", "# usr"), ["bot.md:17: heading `# usr` is nearly a role"]),
        (GOOD.replace("Be polite", "Be \x07"), ["bot.md:15: control character U+0007"]),
        (GOOD + "x" * (10 * 1024 * 1024), ["bot.md:1: 10,486"]),
    ],
)
def test_every_fault_is_told_with_file_line_what_and_mend(text: str, faults: list[str]) -> None:
    """Each fault names the file and the line, says what is wrong, and says how to mend it."""
    found = _faults(text)
    assert len(found) == len(faults)
    assert all(one.startswith(start) for one, start in zip(found, faults, strict=True)), found


def test_wrong_types_are_told_in_plain_words_and_all_at_once() -> None:
    """Each field that holds the wrong kind of value is named with its line."""
    text = "---\nendpoint: 7\nmodel: [m]\nparameters: 5\nvariables: {a: text, b: {type: text}}\n---\nHi\n"
    assert [one.removesuffix(" (see docs/reference/files.md)") for one in _faults(text)] == [
        "bot.md:2: `endpoint`: expected text, got a whole number",
        "bot.md:3: `model`: expected text, got a list",
        "bot.md:4: `parameters`: expected a mapping of `key: value`, got a whole number",
        "bot.md:5: `variables.a`: expected a mapping of `key: value`, got text",
    ]


def test_unknown_names_get_a_suggestion() -> None:
    """Keys and variables that are nearly right are answered with the right one."""
    with pytest.raises(InvalidFile) as caught:
        parse_version_file("f", GOOD.replace("known_issues", "known_isues").encode())
    assert caught.value.mend == "did you mean `known_issues`?"
    with pytest.raises(InvalidFile) as caught:
        parse_version_file("f", GOOD.replace("{{product}}", "{{produkt}}").encode())
    assert caught.value.mend.startswith("did you mean `product`?")


def test_invalid_utf8_is_refused_with_its_line() -> None:
    """Bytes of another encoding are found before anything is read."""
    with pytest.raises(InvalidFile, match=r"bot\.md:3: byte 0xe9 is not UTF-8"):
        parse_version_file("bot.md", GOOD.replace("gpt-4o-mini", "gpt-é").encode("latin-1"))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_version_or_a_refusal(raw: bytes) -> None:
    """No bytes make the parser fail in another way."""
    _parse_or_refuse(raw)


@settings(max_examples=200)
@given(st.data())
def test_any_mutation_of_a_good_file_is_a_version_or_a_refusal(data: st.DataObject) -> None:
    """Cut, doubled and replaced pieces of a good file are read or refused."""
    at = data.draw(st.integers(0, len(GOOD)))
    cut = data.draw(st.integers(0, 30))
    new = data.draw(st.text("{}%#-:[]|'\"\\ \nabπ\t", max_size=12))
    _parse_or_refuse((GOOD[:at] + new + GOOD[at + cut :]).encode())


@given(st.text("{}%#.()[]|'\" \nabx0", max_size=80))
def test_any_template_is_a_version_or_a_refusal(template: str) -> None:
    """No template makes the parser fail in another way."""
    _parse_or_refuse(f"---\nendpoint: e\nmodel: m\n---\n{template}".encode())


def test_a_deeply_nested_template_is_refused() -> None:
    """Depth beyond the parser's is a refusal, not a crash."""
    _parse_or_refuse(b"---\nendpoint: e\nmodel: m\n---\n{{ " + b"(" * 5000 + b"1" + b")" * 5000 + b" }}")


def _parse_or_refuse(raw: bytes) -> None:
    refusal = None
    try:
        assert parse_version_file("f", raw).messages
    except InvalidInput as error:
        refusal = error
    assert refusal is None or (refusal.where.startswith("f:") and refusal.what)
