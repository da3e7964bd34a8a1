"""The transition table is total: every pair of state and event has an answer."""

from __future__ import annotations

from itertools import product

import pytest

from serinus.core.errors import IllegalTransition
from serinus.core.release.table import ACTIVE, FINAL, SERVING, TABLE, Event, State, after


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)), ids=lambda value: value.value)
def test_every_pair_is_in_the_table_or_an_error(state: State, event: Event) -> None:
    """A pair of the table gives its state; any other is refused with what is possible instead."""
    if (state, event) in TABLE:
        assert after(state, event) is TABLE[state, event]
        return
    with pytest.raises(IllegalTransition) as refused:
        after(state, event)
    assert state.value in refused.value.what
    assert refused.value.mend


def test_final_states_are_left_by_nothing() -> None:
    """What has ended stays ended, and everything else can end."""
    assert not [pair for pair in TABLE if pair[0] in FINAL]
    assert set(State) == ACTIVE | FINAL
    for state in ACTIVE:
        reached, seen = {state}, set()
        while reached:
            seen |= reached
            reached = {TABLE[pair] for pair in TABLE if pair[0] in reached} - seen
        assert seen & FINAL


def test_whatever_serves_a_candidate_can_be_taken_back() -> None:
    """From every state in which users may see the candidate, it can be rolled back and aborted."""
    for state in SERVING:
        assert after(state, Event.ROLL_BACK) is State.ROLLING_BACK
        assert after(state, Event.ABORT) is State.ABORTING
