"""Word-level comparison: complete, readable, and bounded in time."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.versions.words import Span, changed_share, compare

TEXTS = st.text(st.sampled_from("ab .\n{}<é\t"), max_size=60)
BIG = 4_000_000


def sides(spans: tuple[Span, ...]) -> tuple[str, str]:
    """Both texts, put together from the spans."""
    before = "".join(span.text for span in spans if span.kind != "added")
    return before, "".join(span.text for span in spans if span.kind != "removed")


@given(TEXTS, TEXTS)
def test_B4_spans_make_up_both_texts(before: str, after: str) -> None:
    """Nothing is lost and nothing invented, whatever the texts hold; no span is empty, no two of a kind meet."""
    spans = compare(before, after)
    assert sides(spans) == (before, after)
    assert all(span.text for span in spans)
    assert all(one.kind != next_.kind for one, next_ in itertools.pairwise(spans))


@given(TEXTS)
def test_equal_texts_have_one_equal_span(text: str) -> None:
    """Nothing differs from itself."""
    assert compare(text, text) == ((Span(kind="equal", text=text),) if text else ())


def test_B4_words_are_told_apart_not_letters() -> None:
    """A changed word is one removed and one added word, with its neighbours as they are."""
    assert compare("Be polite and brief.", "Be friendly and brief.") == (
        Span(kind="equal", text="Be "),
        Span(kind="removed", text="polite"),
        Span(kind="added", text="friendly"),
        Span(kind="equal", text=" and brief."),
    )


def test_a_word_stays_the_same_word_before_a_line_end() -> None:
    """Wrapping a line anew changes white space and no words."""
    changed = [span for span in compare("one two three four", "one two\nthree four") if span.kind != "equal"]
    assert [span.text for span in changed] == [" ", "\n"]


def test_many_scattered_changes_are_found_one_by_one() -> None:
    """Every twentieth of 5,000 words differs: 250 changes, not one big one."""
    words = [f"word{i % 700}" for i in range(5000)]
    changed = [word if i % 20 else "other" for i, word in enumerate(words)]
    removed = [span for span in compare(" ".join(words), " ".join(changed)) if span.kind == "removed"]
    assert len(removed) == 250


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a " * (BIG // 2), "a b " * (BIG // 4)),
        ("x\n" * (BIG // 2), "y\nx\n" * (BIG // 4)),
        ("a" * BIG, "a" * (BIG - 1) + "b"),
        (" ".join(f"u{i}" for i in range(400_000)), " ".join(f"u{i}" for i in range(400_000, 0, -1))),
        ("\n".join(f"{i} a a a" for i in range(200_000)), "\n".join(f"a {i} a a" for i in range(200_000))),
    ],
)
def test_huge_texts_take_bounded_time(before: str, after: str) -> None:
    """Texts made to be slow to compare are compared within seconds, coarsely if need be, and completely."""
    began = time.monotonic()
    spans = compare(before, after)
    assert time.monotonic() - began < 10
    assert sides(spans) == (before, after)


def test_share_of_change() -> None:
    """Characters that are in one text only, out of those of both."""
    assert changed_share(()) == 0
    assert changed_share(compare("abc", "abc")) == 0
    assert changed_share(compare("abc", "xyz")) == 1
    assert changed_share(compare("aaaa bb", "aaaa cc")) == pytest.approx(4 / 14)
