"""The format rule of an app: whether an answer is well-formed. In time that grows with the text alone (`pattern`)."""

from __future__ import annotations

import orjson

from serinus.core.errors import InvalidInput
from serinus.core.routing.snapshot import FormatRule
from serinus.core.wire.pattern import compiled, sound


def breaks(rule: FormatRule, text: str) -> bool:
    """Whether the text is not what the rule asks for: a JSON object with the keys, or text the pattern is found in.
    A pattern that `check_format` refuses is found in no text."""
    if rule.kind == "regex":
        return not _found(rule.pattern, sound(text))
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return True
    return not isinstance(value, dict) or any(key not in value for key in rule.required_keys)


def check_format(where: str, rule: FormatRule | None) -> None:
    """InvalidInput at `where.pattern` for a pattern that cannot be judged in bounded time."""
    if rule is None or rule.kind != "regex":
        return
    if not rule.pattern:
        raise InvalidInput("no pattern", where=f"{where}.pattern", mend="e.g. pattern: '^(yes|no)$'")
    try:
        compiled(rule.pattern)
    except InvalidInput as error:
        raise InvalidInput(error.what, where=f"{where}.pattern", mend=error.mend) from None


def _found(pattern: str, text: str) -> bool:
    """`$` also stands before a line end that ends the text, as it does in Python and Perl: models like to end so."""
    try:
        searched = compiled(pattern)
    except InvalidInput:
        return False
    return searched.search(text) is not None or (text.endswith("\n") and searched.search(text[:-1]) is not None)
