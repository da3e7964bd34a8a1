"""Two texts compared word by word, in time that is bounded whatever they hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

import msgspec

MAX_PAIRS = 1_000_000
"""Equal pairs of parts that are weighed against each other at most: difflib's work grows with their number."""
MAX_CHARACTERS = 400_000
MAX_LINES = 50_000

_WORD = re.compile(r"(\w+|[^\w\s])(\s*)|(\s+)")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")

# What is looked for, and the white space behind it: a word is the same word before a space and before a line end.
Part = tuple[str, str]
# What difflib calls an opcode: tag, from and to in the old sequence, from and to in the new one.
Step = tuple[str, int, int, int, int]


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of plain text. It may hold anything a prompt may: whoever shows it escapes it."""

    kind: Literal["equal", "removed", "added"]
    text: str


def compare(before: str, after: str) -> tuple[Span, ...]:
    """The spans that lead from one text to the other: `equal` and `removed` make up `before`, `equal` and `added`
    make up `after`. By words; where there are too many, by lines and by words within them; at worst as a whole."""
    head = _head(before, after)
    tail = _head(before[head:][::-1], after[head:][::-1])
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    middle = _by_word(old, new) or _by_line(old, new)
    ends = Span(kind="equal", text=before[:head]), Span(kind="equal", text=before[len(before) - tail :])
    return _merged([ends[0], *middle, ends[1]])


def opcodes(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Step] | None:
    """difflib's steps from one sequence to the other; None when they would take too long to find."""
    counts = Counter(new)
    if sum(number * counts[part] for part, number in Counter(old).items()) > MAX_PAIRS:
        return None
    return list(SequenceMatcher(None, old, new, autojunk=False).get_opcodes())


def changed_share(spans: Sequence[Span]) -> float:
    """Share of the characters of both texts that the other one has not, in [0, 1]; 0 for two empty texts."""
    changed = sum(len(span.text) for span in spans if span.kind != "equal")
    total = changed + 2 * sum(len(span.text) for span in spans if span.kind == "equal")
    return changed / total if total else 0.0


def _by_word(before: str, after: str) -> list[Span] | None:
    """None when it would take too long."""
    if len(before) + len(after) > MAX_CHARACTERS:
        return None
    return _compared(_words(before), _words(after))


def _words(text: str) -> list[Part]:
    return [(word, space or lone) for word, space, lone in _WORD.findall(text)]


def _lines(text: str) -> list[Part]:
    return [(line, "") for line in _LINE.findall(text)]


def _by_line(before: str, after: str) -> list[Span]:
    lines = None
    if before.count("\n") + after.count("\n") <= MAX_LINES:
        lines = _compared(_lines(before), _lines(after))
    if lines is None:
        return _replaced(before, after)
    spans: list[Span] = []
    for span in lines:
        previous = spans[-1] if spans else None
        if previous and (previous.kind, span.kind) == ("removed", "added"):
            spans[-1:] = _by_word(previous.text, span.text) or [previous, span]
        else:
            spans.append(span)
    return spans


def _compared(old: Sequence[Part], new: Sequence[Part]) -> list[Span] | None:
    """By these parts; None when that would take too long."""
    steps = opcodes([word for word, _ in old], [word for word, _ in new])
    if steps is None:
        return None
    spans: list[Span] = []
    for tag, i1, i2, j1, j2 in steps:
        if tag == "equal":
            spans += _same_words(old[i1:i2], new[j1:j2])
        else:
            spans += _replaced(_joined(old[i1:i2]), _joined(new[j1:j2]))
    return spans


def _same_words(old: Sequence[Part], new: Sequence[Part]) -> list[Span]:
    spans: list[Span] = []
    for (word, before), (_, after) in zip(old, new, strict=True):
        if before == after:
            spans.append(Span(kind="equal", text=word + before))
        else:
            spans += [Span(kind="equal", text=word), *_replaced(before, after)]
    return spans


def _joined(parts: Sequence[Part]) -> str:
    return "".join(word + space for word, space in parts)


def _replaced(old: str, new: str) -> list[Span]:
    return [Span(kind="removed", text=old), Span(kind="added", text=new)]


def _head(one: str, other: str) -> int:
    """How many characters both begin with, up to the end of a word in both."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    if low in (len(one), len(other)) and len(one) == len(other):
        return low
    while low and not one[low - 1].isspace():
        low -= 1
    return low


def _merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Without empty spans, neighbours of a kind as one."""
    runs = groupby((span for span in spans if span.text), key=lambda span: span.kind)
    return tuple(Span(kind=kind, text="".join(span.text for span in run)) for kind, run in runs)
