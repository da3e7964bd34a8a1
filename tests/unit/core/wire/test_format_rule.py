"""The format rule."""

from __future__ import annotations

import pytest

from serinus.core.routing.snapshot import FormatRule
from serinus.core.wire.format_rule import breaks

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
