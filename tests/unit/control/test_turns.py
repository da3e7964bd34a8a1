"""Whose turn it is in a round, and that a tick asks for so many releases' labels at once."""

from __future__ import annotations

from typing import Any

from serinus.control.reads import Reads, Ripe, Wanted
from serinus.control.turns import Turns
from serinus.core.records.label_sums import Place
from serinus.core.records.labels import AwaitedUnit


def test_all_have_their_turn_within_as_many_rounds_as_they_fill() -> None:
    """Also when some end, and others begin."""
    turns = Turns(2)
    assert [sorted(turns.next("abcde")) for _ in range(4)] == [["a", "b"], ["c", "d"], ["a", "e"], ["b", "c"]]
    assert sorted(turns.next("abdf")) == ["d", "f"]
    assert sorted(turns.next("ab")) == ["a", "b"]
    assert turns.next("") == frozenset()


class Asked:
    """A transaction that notes whose labels are asked for."""

    def __init__(self) -> None:
        self.labels: list[str] = []

    def awaited(self, release: str, *_: Any) -> list[AwaitedUnit]:
        self.labels.append(release)
        return []

    def __getattr__(self, name: str) -> Any:
        return lambda *_: {}


def test_labels_of_releases_whose_turn_it_is_not_are_not_read() -> None:
    """Not when they are asked for later in the round either: they stand where they stood."""
    tx: Any = Asked()
    ripe = Ripe("judge.correctness", Place(), 10)
    reads = Reads(tx)
    reads.ahead([Wanted(release=one, growth=None, limits={}, labels=(ripe,)) for one in "abc"], labelled={"b"})
    assert [reads.ripe(one, ripe) for one in "abc"] == [[], [], []]
    assert tx.labels == ["b"]
