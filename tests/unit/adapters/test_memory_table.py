"""Tables in memory take their changes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.adapters.memory_table import Table, Turns
from tests.contract.values import BrokenOffError

CHANGES = st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers()), max_size=12)


def change(table: Table[int, int], changes: list[tuple[bool, int, int]]) -> None:
    """Put or drop."""
    for put, key, value in changes:
        if put:
            table.put(key, value)
        else:
            table.drop(key)


@given(kept=CHANGES, undone=CHANGES)
def test_a_failed_turn_leaves_what_was_there(
    kept: list[tuple[bool, int, int]], undone: list[tuple[bool, int, int]]
) -> None:
    """Any sequence of changes is undone by the exception, and the turn before it stays."""
    turns = Turns()
    table: Table[int, int] = Table(turns.journal)
    with turns.turn():
        change(table, kept)
    before = dict(table)

    def fail() -> None:
        with turns.turn():
            change(table, undone)
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        fail()
    assert dict(table) == before
    assert turns.journal == []


def test_a_turn_within_a_turn_is_refused() -> None:
    """A nested transaction would wait for itself for ever: it fails instead, and the lock is free afterwards."""
    turns = Turns()

    def nest() -> None:
        with turns.turn(), turns.turn():
            pass

    with pytest.raises(RuntimeError, match="within a transaction"):
        nest()
    with turns.turn():
        pass
