"""What is taken out of texts before they are kept.

Built in: e-mail addresses; telephone numbers (with `+`, or at least 9 digits in groups); payment card numbers (13 to 19
digits, alone or in groups, whose check digit is right). Names, postal addresses and secrets have no form to be known
by: a project names its own patterns for what its users write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from serinus.core.errors import InvalidInput
from serinus.core.routing.snapshot import BUILT_IN
from serinus.core.wire.pattern import compiled

_EMAIL = r"""[^\s@<>()\[\]{}",;:]+@[^\s@<>()\[\]{}",;:/]+\.\pL+"""
_CARD = r"(?:[0-9][ -]?){12,18}[0-9]"
_PHONE = (
    r"\+[0-9][0-9 ()./-]{5,18}[0-9]|"
    r"\(?\b0?[0-9]{2,5}\)?[ ./-][0-9]{2,5}(?:[ ./-]?[0-9]{2,5}){1,3}\b|"
    r"\b[0-9]{9,12}\b"
)
_FEWEST_DIGITS = 9
_MOST_NAMES = 50


def _card(found: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812, Luhn)."""
    digits = [int(c) for c in found if c.isdigit()]
    doubled = (2 * digit - 9 if 2 * digit > 9 else 2 * digit for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _phone(found: str) -> bool:
    return found.startswith("+") or sum(c.isdigit() for c in found) >= _FEWEST_DIGITS


_KNOWN: dict[str, tuple[str, Callable[[str], bool] | None]] = {
    "email": (_EMAIL, None),
    "card": (_CARD, _card),
    "phone": (_PHONE, _phone),
}


class Redaction:
    """The patterns of one app. Cards are looked for before telephone numbers, which their digits could pass for."""

    __slots__ = ("_marks", "_steps")

    def __init__(self, names: Sequence[str], patterns: Mapping[str, str]) -> None:
        self._marks = tuple(f"[{name}]" for name in (*patterns, *names))
        self._steps: list[tuple[Any, Callable[[Any], str]]] = []
        for name, pattern in patterns.items():
            self._steps.append((compiled(pattern), _always(name)))
        for name, (pattern, sure) in _KNOWN.items():
            if name in names:
                self._steps.append((compiled(pattern), _when(sure, name) if sure else _always(name)))

    def clean(self, text: str) -> str:
        """The text with `[name]` where something was found. In time proportional to the text."""
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()  # JSON may hold lone surrogates
        for pattern, instead in self._steps:
            text = pattern.sub(instead, text)
        return text

    def marks(self, text: str) -> bool:
        """Whether something was taken out of this text, or would be now."""
        return any(mark in text for mark in self._marks) or self.clean(text) != text


def check_redaction(where: str, names: Sequence[str], patterns: Mapping[str, str]) -> None:
    """InvalidInput for a built-in name that does not exist, or a pattern that cannot be used."""
    unknown = sorted(set(names) - set(BUILT_IN))
    if unknown:
        raise InvalidInput(f"nothing is built in for {unknown[0]!r}", where=where, mend=f"known: {', '.join(BUILT_IN)}")
    if len(patterns) > _MOST_NAMES:
        raise InvalidInput(f"more than {_MOST_NAMES} patterns", where=f"{where}_patterns", mend="join some by `|`")
    for name, pattern in patterns.items():
        try:
            empty = compiled(pattern).search("") is not None
        except InvalidInput as error:
            raise InvalidInput(error.what, where=f"{where}_patterns.{name}", mend=error.mend) from None
        if empty:
            raise InvalidInput("matches everything", where=f"{where}_patterns.{name}", mend="say what is secret")


def _always(name: str) -> Callable[[Any], str]:
    return lambda _: f"[{name}]"


def _when(sure: Callable[[str], bool], name: str) -> Callable[[Any], str]:
    def instead(match: Any) -> str:
        found: str = match.group(0)
        return f"[{name}]" if sure(found) else found

    return instead
