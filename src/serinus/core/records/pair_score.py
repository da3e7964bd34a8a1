"""A pair as a score of its shadow call: how much worse than the baseline's it was, and which call the user got."""

from __future__ import annotations

from serinus.core.records import call_id
from serinus.core.records.record import Pair, Score

WORSE = "shadow.worse"
SOURCE = "pair"
_MICRO = 1_000_000


def score_of(pair: Pair) -> Score:
    """Bad events that only the candidate had, less those that only the baseline had. `text` and `key` are the printed
    id of the call that answered the user."""
    only_candidate = (pair.candidate_events & ~pair.baseline_events).bit_count()
    only_baseline = (pair.baseline_events & ~pair.candidate_events).bit_count()
    primary = call_id.text(pair.primary)
    return Score(
        call=pair.call,
        at_us=pair.at_us,
        metric=WORSE,
        value_micro=(only_candidate - only_baseline) * _MICRO,
        source=SOURCE,
        key=primary,
        app=pair.app,
        text=primary,
    )
