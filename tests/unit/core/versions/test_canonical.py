"""Canonical JSON against the vectors of RFC 8785 and for any value."""

from __future__ import annotations

import json
import math
import struct
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.versions.canonical import MAX_DEPTH, encode, normal_text, normalise, number_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT.map(normal_text), inner, max_size=4),
    max_leaves=20,
)

# RFC 8785, appendix B: IEEE 754 bits and what ECMAScript prints.
APPENDIX_B = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


@pytest.mark.parametrize(("bits", "text"), APPENDIX_B)
def test_numbers_print_as_in_the_rfc(bits: str, text: str) -> None:
    """The vectors of appendix B, from the bits of the double."""
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert number_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_number_reads_back_as_the_same_double(value: float) -> None:
    """No number is changed by printing it."""
    assert float(number_text(value)) == value


def test_keys_are_sorted_by_utf16_code_units() -> None:
    """An emoji (a surrogate pair) comes before U+FF5E, although its code point is higher (3.2.3)."""
    assert encode({"\uff5e": 1, "\U0001f600": 2, "a": 3}) == '{"a":3,"\U0001f600":2,"\uff5e":1}'.encode()


def test_strings_escape_only_what_they_must() -> None:
    """Control characters in short or lower-case hex form, quote and backslash; nothing else (3.2.2.2)."""
    assert encode('\b\t\n\f"\\/\x0f\x7f\u20ac') == b'"\\b\\t\\n\\f\\"\\\\/\\u000f\x7f\xe2\x82\xac"'


@pytest.mark.parametrize("text", ["a\r\nb", "a\rb", "a\nb"])
def test_line_ends_do_not_change_the_bytes(text: str) -> None:
    """CRLF, CR and LF are the same text."""
    assert encode(text) == b'"a\\nb"'


def test_composed_and_decomposed_letters_are_the_same_text() -> None:
    """NFC: what one file system decomposes, another does not."""
    assert encode("Zoe\u0308") == encode("Zo\u00eb")


@given(TEXT)
def test_normal_text_is_normal(text: str) -> None:
    """Normal text is NFC, has no CR, and is left alone by a second pass."""
    normal = normal_text(text)
    assert unicodedata.is_normalized("NFC", normal)
    assert "\r" not in normal
    assert normal_text(normal) == normal


@given(VALUES)
def test_canonical_bytes_are_idempotent_and_keep_the_value(value: object) -> None:
    """Reading canonical bytes gives the value again, and encoding that gives the same bytes."""
    raw = encode(value)
    assert json.loads(raw) == normalise(value)
    assert encode(json.loads(raw)) == raw


@given(st.dictionaries(TEXT.map(normal_text), st.integers(0, 9), min_size=2), st.randoms(use_true_random=False))
def test_order_of_keys_does_not_matter(members: dict[str, int], chance: object) -> None:
    """Equal objects give equal bytes, however they were written."""
    shuffled = list(members.items())
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert encode(dict(shuffled)) == encode(members)


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"a": [0, math.nan]}, "a[1]"),
        ({"a": math.inf}, "a"),
        ({"a": {"b": 2**53}}, "a.b"),
        ({"a": -1e300}, "a"),
        ({"a": "\ud800"}, "a"),
        ({"a": b"bytes"}, "a"),
        ({"a": {1: 2}}, "a"),
        ({"e\u0301": 1, "\u00e9": 2}, ""),
    ],
)
def test_what_json_cannot_hold_alike_everywhere_is_refused(value: object, where: str) -> None:
    """NaN, infinities, numbers beyond 2^53 - 1, half surrogates, other types, colliding keys: with the place."""
    with pytest.raises(InvalidInput) as refused:
        encode(value)
    assert refused.value.where == where
    assert refused.value.mend


def test_deep_nesting_is_refused() -> None:
    """A hostile file cannot exhaust the stack."""
    value: object = 0
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    with pytest.raises(InvalidInput, match="deeper"):
        encode(value)
