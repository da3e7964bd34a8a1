"""What is taken out of kept texts."""

from __future__ import annotations

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.routing.snapshot import BUILT_IN
from serinus.core.wire.redaction import Redaction, check_redaction

ALL = Redaction(BUILT_IN, {"customer": r"\bC-[0-9]{6}\b"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to bob.o'neil+x@mail.exa-mple.co.uk.", "write to [email]."),
        ("müller@straße.de", "[email]"),
        ("call +49 (0)30 123456-7 now", "call [phone] now"),
        ("030 1234567 or 555-123-4567", "[phone] or [phone]"),
        ("01711234567", "[phone]"),
        ("card 4111 1111 1111 1111!", "card [card]!"),
        ("5500005555555559", "[card]"),
        ("order 1234567890123456", "order 1234567890123456"),
        ("C-123456 paid 12.50 on 2026-11-21", "[customer] paid 12.50 on 2026-11-21"),
        ("30 days, 12345678", "30 days, 12345678"),
    ],
)
def test_L3_personal_data_of_known_forms_are_taken_out(text: str, expected: str) -> None:
    """Mail addresses, telephone and card numbers, and what the project names; other numbers stay."""
    assert ALL.clean(text) == expected


def test_only_what_is_named_is_taken_out() -> None:
    """A project may take out less, or its own alone."""
    assert Redaction(("email",), {}).clean("a@b.de +49 30 1234567") == "[email] +49 30 1234567"
    assert Redaction((), {"x": "b+"}).clean("abba") == "a[x]a"


def test_lone_surrogates_do_not_stop_it() -> None:
    """JSON may hold them; what is kept is UTF-8."""
    assert ALL.clean("\ud800 a@b.de").encode() == b"? [email]"


@pytest.mark.parametrize(
    ("names", "patterns", "where"),
    [(("iban",), {}, "redact"), ((), {"x": "("}, "redact_patterns.x"), ((), {"x": "a*"}, "redact_patterns.x")],
)
def test_what_cannot_be_redacted_is_refused(names: tuple[str, ...], patterns: dict[str, str], where: str) -> None:
    """An unknown built-in name, and patterns that do not compile or match everything."""
    with pytest.raises(InvalidInput) as refused:
        check_redaction("redact", names, patterns)
    assert refused.value.where == where
