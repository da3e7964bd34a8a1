"""Cached answers: approved texts that stand in where no version answers (J5), and how a question finds one of them.

A question is compared with the questions that people approved: as the same text, else by the trigrams that both have.
Nothing is asked of anybody, and the same question always finds the same answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

MOST = 200
"""Entries of an app in a snapshot."""
MOST_BYTES = 128 * 1024
"""Questions and answers of an app in a snapshot, in UTF-8."""
LONGEST_ASKED = 500
LONGEST_ANSWER = 8000
CONFIDENCE = 0.75
_GRAM = 3
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-"})
_EDGES = " .,;:!?…¡¿'\"()[]、。！？"
_WORD, _DIGIT = re.compile(r"\w+"), re.compile(r"\d")
_LANGUAGE = re.compile(r"[a-z]{2,8}")


class CachedAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An approved answer: `asked` as `normalised` gives it, the digest of the `version` that it was approved of, and
    the primary subtag of its `language` (empty: any)."""

    asked: str
    answer: str
    version: str
    language: str = ""


class AnswerCache(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an app falls back on before its message: entries by the behaviour digest of the version they are of, best
    first. Similarity of at least `confidence` answers; after `after_s` without a first token, too (0: only when the
    versions have failed)."""

    confidence: float = CONFIDENCE
    after_s: float = 0.0
    answers: dict[str, tuple[CachedAnswer, ...]] = {}


class Match(NamedTuple):
    """The entry most like a question, and how like it is, in [0, 1]."""

    entry: CachedAnswer
    similarity: float


def normalised(text: str) -> str:
    """A question as it is compared: Unicode NFKC, case folded, one space between words, no punctuation around it."""
    folded = unicodedata.normalize("NFKC", text.translate(_PLAIN)).casefold()
    return " ".join(folded.split()).strip(_EDGES)


def language_of(tag: str) -> str:
    """The primary subtag of a language tag such as `de-AT`, or of the first in a list of them; empty for none."""
    found = _LANGUAGE.match(tag.strip().lower())
    return found[0] if found else ""


def is_language(tag: str) -> bool:
    """Whether this is a primary subtag alone, as entries have it (BCP 47: 2 to 8 letters)."""
    return _LANGUAGE.fullmatch(tag) is not None


class Questions:
    """The entries of one behaviour, ready to be searched. Numbers must agree, and words with a number in them: an
    answer about order A17 is none about A18 or B17, however like the questions are."""

    __slots__ = ("_exact", "_numbers", "_postings", "_sizes", "entries")

    def __init__(self, entries: Sequence[CachedAnswer]) -> None:
        self.entries = tuple(entries)
        self._exact: dict[str, list[int]] = {}
        self._postings: dict[str, list[int]] = {}
        self._sizes: list[int] = []
        self._numbers: list[list[str]] = []
        for place, entry in enumerate(self.entries):
            grams = _grams(entry.asked)
            self._exact.setdefault(entry.asked, []).append(place)
            self._sizes.append(len(grams))
            self._numbers.append(_numbers(entry.asked))
            for gram in grams:
                self._postings.setdefault(gram, []).append(place)

    def find(self, question: str, language: str = "") -> Match | None:
        """The entry most like a question as it was sent; None when nothing is like it at all. A `language` shuts out
        entries of others. Without one the same text in two languages has two answers, so it gets neither."""
        if not self.entries or len(question) > 2 * LONGEST_ASKED:
            return None
        asked = normalised(question)
        same = [self.entries[place] for place in self._exact.get(asked, ()) if self._speaks(place, language)]
        if same:
            own = [entry for entry in same if entry.language == language] or same
            return Match(own[0], 1.0) if len({entry.answer for entry in own}) == 1 else None
        return self._most_like(asked, language)

    def _most_like(self, asked: str, language: str) -> Match | None:
        grams, numbers = _grams(asked), _numbers(asked)
        postings = self._postings
        shared = Counter(chain.from_iterable([postings[gram] for gram in grams if gram in postings]))
        best, found = 0.0, -1
        for place, count in shared.items():
            like = 2 * count / (len(grams) + self._sizes[place])
            if like < best or (like == best and place > found >= 0):
                continue
            if self._numbers[place] == numbers and self._speaks(place, language):
                best, found = like, place
        return Match(self.entries[found], best) if found >= 0 else None

    def _speaks(self, place: int, language: str) -> bool:
        own = self.entries[place].language
        return not language or not own or own == language


class Searchable:
    """An app's cache, ready to be searched. What `previous` made ready of the same entries is used again."""

    __slots__ = ("_questions", "confidence")

    def __init__(self, cache: AnswerCache, previous: Searchable | None = None) -> None:
        known = previous._questions if previous is not None else {}
        self.confidence = cache.confidence
        self._questions: dict[str, Questions] = {}
        for behaviour, entries in cache.answers.items():
            old = known.get(behaviour)
            self._questions[behaviour] = old if old is not None and old.entries == entries else Questions(entries)

    def find(self, behaviour: str, question: str, language: str = "") -> Match | None:
        """The entry of this behaviour that is most like a question, however little that is; None: there is none."""
        questions = self._questions.get(behaviour)
        return questions.find(question, language) if questions is not None else None


def _grams(text: str) -> set[str]:
    """The trigrams of a text with a space at both ends (Dice's coefficient is taken over these sets)."""
    padded = f" {text} "
    return {padded[start : start + _GRAM] for start in range(len(padded) - _GRAM + 1)}


def _numbers(text: str) -> list[str]:
    """The words with a digit in them, in order."""
    return [word for word in _WORD.findall(text) if _DIGIT.search(word)]
