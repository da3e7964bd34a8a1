"""A difference between versions, short enough for a page."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from serinus.control.compare_versions import Comparison
from serinus.core.versions.words import Span

LONGEST_TEXT = 50_000
CONTEXT = 400
"""Characters of unchanged text that stay on each side of a change."""


def shortened(found: Comparison) -> Comparison:
    """Long unchanged stretches give way to an ellipsis, and what is left of a huge difference is cut."""
    messages = tuple(
        msgspec.structs.replace(message, spans=tuple(_shorter(message.spans))) for message in found.diff.messages
    )
    return msgspec.structs.replace(found, diff=msgspec.structs.replace(found.diff, messages=messages))


def _shorter(spans: Sequence[Span]) -> list[Span]:
    shown, length = [], 0
    for span in spans:
        text = span.text
        if span.kind == "equal" and len(text) > 3 * CONTEXT:
            text = f"{text[:CONTEXT]} … {text[-CONTEXT:]}"
        text = text[: max(0, LONGEST_TEXT - length)]
        length += len(text)
        if text:
            shown.append(Span(kind=span.kind, text=text))
    return shown
