"""The strict YAML subset, and the lines it remembers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.files.faults import InvalidFile
from serinus.files.yaml_nodes import parse_yaml


def test_values_are_those_of_yaml_1_2() -> None:
    """`no`, `on`, dates, times and leading zeros stay what was written."""
    text = (
        "a: no\nb: on\nc: 2026-01-02\nd: 12:30\ne: true\nf: ~\ng: 1.5\nh: 7\ni: 'true'\nj: [1, x]\nk: {}\nl: .5\nm: 1e3"
    )
    assert parse_yaml("f", text).plain() == {
        "a": "no", "b": "on", "c": "2026-01-02", "d": "12:30", "e": True, "f": None, "g": 1.5, "h": 7, "i": "true",
        "j": [1, "x"], "k": {}, "l": 0.5, "m": 1000.0,
    }  # fmt: skip


def test_every_part_knows_its_line() -> None:
    """A path leads to the line of its key or item; a path that ends early leads to the last part there is."""
    root = parse_yaml("f", "a: 1\nb:\n  - x\n  - y: 2\n    z: 3\n", first_line=11)
    assert root.line_of(()) == 11
    assert root.line_of(("b",)) == 12
    assert root.line_of(("b", 1, "z")) == 15
    assert root.line_of(("b", 1, "missing")) == 14
    assert root.line_of(("b", 9)) == 12


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a: 1\na: 2", 2, "`a` stands twice (first in line 1)"),
        ("a: {b: 1, b: 2}", 1, "`b` stands twice"),
        ("a: &x 1\nb: *x", 1, "anchor &x"),
        ("a: *x", 1, "alias *x"),
        ("a: !!python/object:os.system ls", 1, "tag"),
        ("<<: {a: 1}", 1, "merge key"),
        ("? [a]\n: 1", 1, "a key that is not text"),
        ("a: 1\n---\nb: 2", 1, "more than one YAML document"),
        ("a: 1\n b: 2", 2, "not YAML"),
        ("a: 'x", 1, "not YAML"),
        ("a:\n\t- b", 2, "not YAML"),
        ("a: " + "[" * 40 + "]" * 40, 1, "nested deeper than 32 levels"),
        ("a: " + "9" * 5000, 1, "a number of 5000 characters"),
        ("a: 1e999", 1, "1e999 is too large"),
    ],
)
def test_what_readers_could_take_differently_is_refused_with_its_line(text: str, line: int, what: str) -> None:
    """Anchors, tags, duplicates and the like are refused where they stand."""
    with pytest.raises(InvalidFile) as caught:
        parse_yaml("f.yaml", text)
    assert caught.value.where == f"f.yaml:{line}" or "not YAML" in what
    assert what in caught.value.what
    assert caught.value.mend


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ("a:\n\t- b", "a tab", "use spaces"),
        ("a: 1\n b: 2", "does not fit what stands above", "in the same column"),
        ("a:\n  - b\n c: 1", "does not fit what stands above", "in the same column"),
        ("a: b: c", "does not fit", "`: ` is quoted"),
        ("a: 1\nfoo\n", "no `key: value`", "a colon and a space"),
        ("a: @x", "'@'", "quote the text"),
    ],
)
def test_usual_slips_are_told_without_a_parsers_words(text: str, what: str, mend: str) -> None:
    """Tabs, columns and missing colons: what to do, for people who never saw a YAML parser."""
    with pytest.raises(InvalidFile) as caught:
        parse_yaml("f.yaml", text)
    assert what in caught.value.what
    assert mend in caught.value.mend


@given(st.text(st.characters(codec="utf-8")) | st.text("{}[]:,-?&*!|>'\"%@`#\n \tab01"))
def test_any_text_is_a_tree_or_a_refusal(text: str) -> None:
    """No text makes the parser fail in another way."""
    try:
        parse_yaml("f", text)
    except InvalidInput:
        return


def test_a_deep_text_neither_overflows_nor_hangs() -> None:
    """Fifty thousand brackets are refused like forty."""
    with pytest.raises(InvalidFile, match="nested deeper"):
        parse_yaml("f", "[" * 50_000)
