"""The format rule of an app: whether an answer is well-formed."""

from __future__ import annotations

import functools
import re

import orjson

from serinus.core.routing.snapshot import FormatRule


def breaks(rule: FormatRule, text: str) -> bool:
    """Whether the text is not what the rule asks for: a JSON object with the keys, or text the pattern is found in."""
    if rule.kind == "regex":
        return _pattern(rule.pattern).search(text) is None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return True
    return not isinstance(value, dict) or any(key not in value for key in rule.required_keys)


@functools.lru_cache(maxsize=256)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
