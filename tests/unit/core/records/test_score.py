"""Scores as rows: what makes two of them the same, and what they say."""

from __future__ import annotations

import msgspec

from serinus.core.metrics import REGISTRY
from serinus.core.records import call_id
from serinus.core.records.record import Event, Score
from serinus.core.records.score import conversation_text, event_key, event_of, row
from tests.fake_workers import START_US, raw_call

CALL = raw_call(1)
DOWN = Score(CALL, START_US, "feedback.thumbs_down", 1_000_000, "feedback", "k", "support-bot")


def _changed(**changes: object) -> Score:
    return msgspec.structs.replace(DOWN, **changes)


def test_O2_a_score_is_named_by_what_it_is_about_its_metric_and_its_key() -> None:
    """Sent again, later, with another value, it is the same; about another call or under another key it is not."""
    name = row(DOWN, "h").score
    assert row(_changed(at_us=START_US + 9, value_micro=0, text="x"), "other host").score == name
    others = [
        _changed(call=raw_call(2)),
        _changed(metric="feedback.rating"),
        _changed(key="l"),
        _changed(conversation=7),
    ]
    names = {row(score, "h").score for score in others}
    assert len(names) == len(others)
    assert name not in names


def test_an_event_has_one_key_whatever_reports_it() -> None:
    """Two bad ratings of a call under two keys are one bad event of it; a conversation's is another's."""
    assert event_key(_changed(key="other", at_us=1, text="x")) == event_key(DOWN)
    keys = {event_key(s) for s in (DOWN, _changed(call=raw_call(2)), _changed(conversation=7), _changed(metric="m"))}
    assert len(keys) == 4
    again = _changed(conversation=7, call=raw_call(2))
    assert event_key(again) == event_key(_changed(conversation=7)), "a conversation is one, whatever carries its arm"
    assert event_key(_changed(conversation=7, app="other")) != event_key(again)


def test_only_a_metric_with_an_event_and_a_value_above_zero_sets_its_bit() -> None:
    """Thumbs up is the same metric at 0 and no event; ratings and texts are none at all."""
    assert event_of(DOWN) == Event.THUMBS_DOWN
    assert event_of(_changed(value_micro=0)) == 0
    assert event_of(_changed(metric="feedback.rating", value_micro=5_000_000)) == 0
    for metric in REGISTRY.values():
        assert event_of(_changed(metric=metric.name)) == metric.event


def test_the_row_of_a_call_says_whose_it_is() -> None:
    """Everything that the call id holds stands in the row, so that no join is needed."""
    found = row(_changed(text="no"), "h")
    assert (found.call, found.conversation) == (call_id.text(CALL), "")
    assert (found.arm, found.stratum, found.unit) == ("candidate", 0, (1).to_bytes(8, "big").hex())
    assert (found.called_at_us, found.at_us, found.text) == (START_US // 1000 * 1000, START_US, "no")


def test_the_row_of_a_conversation_names_no_call() -> None:
    """It is joined by the conversation, which is written as in the rows of calls."""
    found = row(_changed(conversation=7), "h")
    assert (found.call, found.conversation, found.called_at_us) == ("", conversation_text(7), 0)
