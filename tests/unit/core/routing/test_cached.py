"""How a question finds an approved answer: the same text, else the one most like it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.routing.cached import (
    LONGEST_ASKED,
    AnswerCache,
    CachedAnswer,
    Questions,
    Searchable,
    is_language,
    language_of,
    normalised,
)

RESET = "How do I reset my password?"


def entry(asked: str, answer: str = "", language: str = "") -> CachedAnswer:
    """An approved entry; its answer is its question unless given."""
    return CachedAnswer(asked=normalised(asked), answer=answer or asked, version="ab" * 32, language=language)


def found(entries: list[CachedAnswer], question: str, language: str = "") -> tuple[str, float] | None:
    match = Questions(entries).find(question, language)
    return (match.entry.answer, match.similarity) if match else None


@pytest.mark.parametrize(
    "asked",
    [RESET, "how do i reset my password", "  HOW do I\n reset my password?! ", "Ｈow do I reset my password？"],
)
def test_J5_the_same_question_is_found_however_it_is_written(asked: str) -> None:
    """Case, spaces, width and punctuation around it make no other question."""
    assert found([entry("Where is my order?"), entry(RESET)], asked) == (RESET, 1.0)


def test_J5_a_question_in_other_words_is_found_by_its_trigrams() -> None:
    """Dice's coefficient over the sets of trigrams, counted by hand here; of two the one more like it."""
    one = entry("abcd")
    # " abcd " has " ab", "abc", "bcd", "cd "; " abce " shares the first two: 2 * 2 / (4 + 4)
    assert found([one], "abce") == ("abcd", 0.5)
    near = found([entry("Where is my order?"), entry(RESET)], "how can I reset my password")
    assert near is not None
    assert near[0] == RESET
    assert 0.75 <= near[1] < 1
    assert found([one], "xyz") is None
    assert found([], "abcd") is None
    twins = [entry("abcf"), entry("abcg"), entry("abch")]
    for _ in range(3):
        twins = [*twins[1:], twins[0]]
        assert found(twins, "abcd") == (twins[0].answer, 0.5)


def test_J5_an_answer_about_one_number_is_none_about_another() -> None:
    """However like the questions are otherwise."""
    entries = [entry("What does the 12 month plan cost in total?")]
    assert found(entries, "What does the 24 month plan cost in total?") is None
    assert found(entries, "What does the month plan cost in total?") is None
    assert found(entries, "What does a 12 month plan cost in total?") is not None


@pytest.mark.parametrize("other", ["B17", "A18", "A17b", "17", "A 17", "A17 A17", "A\u200b17", "Ａ１8", "A١٧"])
def test_J5_an_answer_about_one_order_is_none_about_another(other: str) -> None:
    """Letters beside digits are part of the number; so are digits that only look like others."""
    entries = [entry("Where is my order A17, please?")]
    assert found(entries, f"Where is my order {other}, please?") is None
    for same in ("a17", "Ａ１７"):
        assert found(entries, f"And where is my order {same}, please?") is not None


def test_J5_the_language_of_a_call_shuts_out_answers_in_others() -> None:
    """An entry without one fits all. A call that tells none gets no answer that could be in the wrong one."""
    german, english = entry("Hotel?", "Ja", "de"), entry("Hotel?", "Yes", "en")
    assert found([german, english], "hotel", "en") == ("Yes", 1.0)
    assert found([german], "hotel", "en") is None
    assert found([german], "hotels", "en") is None
    assert found([german, entry("Hotel?", "Any")], "hotel", "fr") == ("Any", 1.0)
    assert found([german, entry("Hotel?", "Any")], "hotel", "de") == ("Ja", 1.0)
    assert found([german, english], "hotel") is None
    assert found([german], "hotel") == ("Ja", 1.0)


@pytest.mark.parametrize(
    ("tag", "primary"), [("de-AT", "de"), ("EN_us", "en"), ("fr;q=0.8, en", "fr"), ("*", ""), ("", ""), ("12", "")]
)
def test_language_tags_are_read_by_their_primary_subtag(tag: str, primary: str) -> None:
    """As they stand in metadata or Accept-Language."""
    assert language_of(tag) == primary
    assert not primary or is_language(primary)
    assert not is_language("de-AT")


def test_a_text_far_longer_than_any_question_is_not_searched() -> None:
    """Its cost would be the caller's to choose."""
    assert found([entry("abcd")], "abcd " * LONGEST_ASKED) is None


@given(st.lists(st.text(min_size=1, max_size=30), max_size=8, unique=True), st.text(max_size=30))
def test_J5_what_is_found_is_what_comparing_with_each_would_find(texts: list[str], question: str) -> None:
    """The index is only quicker: the likeness is that of the best entry, and of equals the first answers."""
    entries = [entry(text, str(place)) for place, text in enumerate(texts) if normalised(text)]
    match = Questions(entries).find(question)
    best = Naive(question).best(entries)
    if match is None:
        assert best is None or len({one.answer for one in entries if one.asked == normalised(question)}) > 1
        return
    assert best is not None
    assert (match.similarity, match.entry) == best


@dataclass
class Naive:
    """Compares with every entry in turn."""

    question: str

    def best(self, entries: list[CachedAnswer]) -> tuple[float, CachedAnswer] | None:
        asked = normalised(self.question)
        scored = [(self.like(asked, one.asked), one.asked == asked, -n, one) for n, one in enumerate(entries)]
        above = [one for one in scored if one[0] > 0]
        if not above:
            return None
        like, _, _, one = max(above, key=lambda found: found[:3])
        return like, one

    def like(self, a: str, b: str) -> float:
        if a == b:
            return 1.0
        words = ["".join(c if c.isalnum() or c == "_" else " " for c in t).split(" ") for t in (a, b)]
        numbers = [[word for word in of if any(c.isdecimal() for c in word)] for of in words]
        if numbers[0] != numbers[1]:
            return 0.0
        one, other = ({f" {t} "[i : i + 3] for i in range(len(t))} for t in (a, b))
        return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def test_equal_entries_are_made_ready_once() -> None:
    """A new snapshot with the same answers costs nothing but a comparison."""
    first = Searchable(AnswerCache(answers={"b1": (entry(RESET),), "b2": (entry("x y z"),)}))
    again = Searchable(AnswerCache(answers={"b1": (entry(RESET),), "b2": (entry("other"),)}, confidence=0.9), first)
    assert again._questions["b1"] is first._questions["b1"]
    assert again._questions["b2"] is not first._questions["b2"]
    assert (again.confidence, first.confidence) == (0.9, 0.75)
    assert again.find("b3", RESET) is None
