"""The texts of a call that are kept for people: which calls, and what of them, redacted."""

from __future__ import annotations

from typing import Any

import orjson

from serinus.core.wire.answer import Findings
from serinus.core.wire.redaction import Redaction

KEPT_CHARS = 32 * 1024
"""Of the request, and of the answer: redaction takes time on the worker's loop."""
_TAIL = 100
"""So much of a text that was cut goes too: the beginning of what would have been redacted may stand there."""
_DEEPEST = 32


def texts(redaction: Redaction, body: dict[str, Any], findings: Findings) -> tuple[bytes, bytes, bool]:
    """(request, answer, whether one was cut): JSON of the messages and variables that the caller sent, and of what the
    answer says: `texts` of its choices, `tools` that it proposes."""
    asked, said = _Reader(redaction), _Reader(redaction)
    request = {"messages": asked.read(body.get("messages")), "variables": asked.read(_variables(body))}
    answer = {
        "texts": said.read(findings.texts),
        "tools": [{"name": said.read(tool.name), "arguments": said.read(tool.arguments)} for tool in findings.tools],
    }
    return orjson.dumps(request), orjson.dumps(answer), asked.cut or said.cut


def _variables(body: dict[str, Any]) -> Any:
    given = body.get("variables")
    metadata = body.get("metadata")
    return given if given is not None or not isinstance(metadata, dict) else metadata.get("variables")


class _Reader:
    """Reads a JSON value up to so many characters, redacted."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._left = KEPT_CHARS
        self.cut = False

    def read(self, value: Any, depth: int = 0) -> Any:
        """The value, with empty texts from where the limit is reached."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list | dict) and depth >= _DEEPEST:
            self.cut = True
            return None
        if isinstance(value, list):
            return [self.read(one, depth + 1) for one in value] if self._spend(len(value)) else []
        if isinstance(value, dict):
            named = value.items() if self._spend(sum(len(key) + 1 for key in value)) else ()
            return {self._redaction.clean(key): self.read(one, depth + 1) for key, one in named}
        if type(value) is int:
            found = self._redaction.clean(str(value))
            return value if found == str(value) else found
        return value

    def _text(self, text: str) -> str:
        found = self._redaction.clean(text[: self._left])
        if len(text) > self._left:
            self.cut = True
            found = found[:-_TAIL]
        self._left = max(0, self._left - len(text))
        return found

    def _spend(self, chars: int) -> bool:
        fits = chars <= self._left
        self.cut = self.cut or not fits
        self._left = max(0, self._left - chars)
        return fits
