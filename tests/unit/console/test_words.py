"""Numbers, times and names as people read them."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.console.page import local_path
from serinus.console.words import (
    ACTIONS,
    action_text,
    age,
    call_in,
    odds_text,
    part,
    pretty,
    said,
    seconds,
    sentence,
    visible,
    weight_text,
    when,
)
from serinus.core.audit.entry import Action

_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(st.text())
def test_nothing_invisible_is_printed(text: str) -> None:
    """Control, bidirectional and zero-width characters are signs; lines and tabs stay."""
    shown = str(visible(text))
    assert not [char for char in shown if unicodedata.category(char) == "Cc" and char not in "\n\t"]
    assert not [char for char in shown if unicodedata.bidirectional(char) in _TURNING]
    assert not set(shown) & set("\u200b\u200f\u061c\u2028\ufeff")
    assert visible("plain\n\ttext – ä 字 🐤") == "plain\n\ttext – ä 字 🐤"


def test_what_nobody_knows_is_a_dash() -> None:
    """Never 0, never `None`."""
    assert (visible(None), seconds(None), when(0)) == ("–", "–", "–")
    assert visible(0) == 0


@pytest.mark.parametrize(
    ("odds", "text", "weight"),
    [(0.4, "0.4 to 1", "none"), (1, "1 to 1", "none"), (3, "3 to 1", "weak"), (50, "50 to 1", "some"),
     (1000, "1,000 to 1", "strong"), (1e9, "10^9 to 1", "strong")],
)  # fmt: skip
def test_evidence_is_told_as_odds(odds: float, text: str, weight: str) -> None:
    """And in one word."""
    assert (odds_text(math.log(odds)), weight_text(math.log(odds))) == (text, weight)


def test_the_bar_of_evidence_is_full_at_the_threshold() -> None:
    """Empty below even odds, never longer than its rail."""
    assert [part(log_e, 4.6) for log_e in (-3, 0, 2.3, 4.6, 20)] == [0, 0, 0.5, 1, 1]


@pytest.mark.parametrize("action", list(Action))
def test_every_action_of_the_audit_trail_has_words(action: Action) -> None:
    """What was done to what, without underscores."""
    assert "_" not in action_text(action)
    assert action_text(action).split()[-1] in {word.split()[-1] for word in ACTIONS.values()}


def test_json_is_indented_and_other_text_is_left() -> None:
    """Evidence of any Serinus can be shown."""
    assert pretty('{"a":1}') == '{\n  "a": 1\n}'
    assert pretty("not json") == "not json"


def test_ages_are_in_the_largest_unit() -> None:
    """And never negative, whatever the clocks say."""
    assert (age(0, 7_200_000_000), age(10, 0)) == ("2 h ago", "0 s ago")


@given(st.text())
def test_only_paths_of_the_console_are_local(text: str) -> None:
    """A redirect never leaves it."""
    path = local_path(text)
    assert path.startswith("/")
    assert not path.startswith("//")
    assert "\\" not in path
    assert path.isprintable()


def test_G1_roles_in_sentences_are_said_as_people_say_them() -> None:
    """Whole words only: a name that holds one stays what it is."""
    assert said("review: approved by olga (96ee488b) as ops_lead; waits for ml_lead, on_call") == (
        "review: approved by olga (96ee488b) as operations lead; waits for ML lead, on-call"
    )
    assert said("pushed by my-ops_lead and ops_lead_2; suite on_call.v2") == (
        "pushed by my-ops_lead and ops_lead_2; suite on_call.v2"
    )


def test_H4_sentences_name_a_call_by_the_ends_of_its_id_and_no_suspicion() -> None:
    """Shorter words that look alike are left."""
    call = "call_" + "AgGh" + "x" * 54 + "dhjMkX"
    assert said(f"violation in {call}, by g: answer (sus_{'0a' * 12})") == "violation in call_AgGh…dhjMkX, by g: answer"
    assert said("call_short and recall_" + "x" * 64) == "call_short and recall_" + "x" * 64


def test_a_fault_reads_as_a_sentence_and_carries_no_markup_of_its_own() -> None:
    """A capital letter first, backticks as code, and whatever else it holds stays text."""
    assert sentence("push `<b>` first") == "Push <code>&lt;b&gt;</code> first"
    assert "\u202e" not in sentence("a\u202eb")
    assert sentence("") == ""


def test_J1_the_call_that_a_sentence_names_is_found() -> None:
    """Whole, so that a page can lead there."""
    call = "call_" + "AgGh" + "x" * 54 + "dhjMkX"
    assert call_in(f"Rule no_refunds was broken by an answer of bot-2 in {call}: 1 unit") == call
    assert call_in("call_short and recall_" + "x" * 64) == ""
