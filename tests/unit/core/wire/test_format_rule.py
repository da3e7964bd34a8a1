"""The format rule."""

from __future__ import annotations

import time

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.routing.snapshot import FormatRule
from serinus.core.wire.format_rule import breaks, check_format

OBJECT = FormatRule(kind="json_object", required_keys=("answer",))


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ('{"answer": 1}', False),
        ('{"answer": null, "x": 2}', False),
        ("{}", True),
        ("[]", True),
        ("", True),
        ("hi", True),
    ],
)
def test_a_json_rule_wants_an_object_with_its_keys(text: str, broken: bool) -> None:
    """Anything but an object with every required key breaks the rule."""
    assert breaks(OBJECT, text) is broken


def test_a_pattern_rule_wants_the_pattern_found() -> None:
    """The pattern is searched; anchors are the author's."""
    rule = FormatRule(kind="regex", pattern=r"^(yes|no)$")
    assert not breaks(rule, "yes")
    assert breaks(rule, "yes, indeed")
    assert breaks(rule, "")


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|aa)+$", r"(.*a){20}$", r"^(\w+\s?)*$"])
def test_no_pattern_takes_longer_than_its_text_is_long(pattern: str) -> None:
    """What takes a backtracking engine for ever is judged at once."""
    rule = FormatRule(kind="regex", pattern=pattern)
    check_format("format", rule)
    start = time.process_time()
    assert breaks(rule, "a" * 20_000 + "!")
    assert time.process_time() - start < 1


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(?<!a)b", r"(a)\1", r"a\Z", "(", ""])
def test_what_cannot_be_judged_in_bounded_time_is_refused(pattern: str) -> None:
    """Look-around, back-references and broken patterns: with the place and what to do. Were one there all the same,
    no answer would be well-formed."""
    rule = FormatRule(kind="regex", pattern=pattern)
    with pytest.raises(InvalidInput) as refused:
        check_format("format", rule)
    assert refused.value.where == "format.pattern"
    assert refused.value.mend
    assert breaks(rule, "ab") is bool(pattern)


def test_the_end_of_a_text_may_be_behind_its_last_line_end() -> None:
    """`$` stands before it too, but before no other one; lone surrogates and other alphabets are just text."""
    rule = FormatRule(kind="regex", pattern="^(yes|n\u00f6)$")
    assert [breaks(rule, text) for text in ("yes\n", "n\u00f6\n", "yes\n\n", "yes\nno", "\ud800")] == [
        False, False, True, True, True,
    ]  # fmt: skip
