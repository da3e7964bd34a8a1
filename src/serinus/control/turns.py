"""Whose turn it is when there is too much to look at all of it in one round."""

from __future__ import annotations

from collections.abc import Iterable


class Turns:
    """`at_once` in a round, in the order of their ids, beginning again behind the last."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._last = ""

    def next(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of this round; all, when they are no more than that."""
        found = sorted(ids)
        if len(found) <= self._at_once:
            return frozenset(found)
        later = [one for one in found if one > self._last]
        coming = (later + found)[: self._at_once]
        self._last = coming[-1]
        return frozenset(coming)
