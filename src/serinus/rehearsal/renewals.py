"""Where evidence is renewed in a stretch of beats: in all of them, also those that are not looked at."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from serinus.core.decision.harm import renewed_positions
from serinus.core.release.release import Release, Renewals
from serinus.core.stats import renewal
from serinus.rehearsal.population import Ints


class Followed(NamedTuple):
    """A renewal of a metric, with the beats of the stretch in which it is followed."""

    metric: str
    start: renewal.Start
    beats: slice


class Renewing:
    """The renewals of a release in a stretch, from those that it had before; `positions` as [beat, metric, arm]."""

    def __init__(self, release: Release, before: Renewals, metrics: Sequence[str], positions: Ints) -> None:
        self._changes = [-1]
        self._known: list[Renewals] = [before]
        if not release.plan.is_watch(release.step):
            self._go(release, metrics, positions)
        self._beats = len(positions)

    def _go(self, release: Release, metrics: Sequence[str], positions: Ints) -> None:
        """A metric's renewals change only where a slot of its own begins; the others' are not asked for."""
        named = [
            (rail.metric, metrics.index(rail.metric)) for rail in release.plan.guardrails if rail.metric in metrics
        ]
        slots = positions[:, [at for _, at in named]].sum(axis=2) // renewal.EVERY
        first = np.ones((1, slots.shape[1]), dtype=np.bool_)
        begun = np.concatenate((first, np.diff(slots, axis=0) > 0))
        for beat in np.flatnonzero(begun.any(axis=1)).tolist():
            asked = [one for one, new in zip(named, begun[beat].tolist(), strict=True) if new]
            now = {name: (int(positions[beat, at, 0]), int(positions[beat, at, 1])) for name, at in asked}
            found = renewed_positions(release, self._known[-1], {name: pair for name, pair in now.items() if any(pair)})
            if found != self._known[-1]:
                self._changes.append(beat)
                self._known.append(found)

    def before(self, beat: int) -> Renewals:
        """Those that a round at the end of this beat finds."""
        return self._known[bisect_left(self._changes, beat) - 1]

    def followed(self) -> list[Followed]:
        """Every renewal, with when it is followed."""
        began: dict[tuple[str, renewal.Start], int] = {}
        found: list[Followed] = []
        for at, known in zip(self._changes, self._known, strict=True):
            now = {(name, start) for name, starts in known.items() for start in starts}
            found += [Followed(*key, slice(began.pop(key), at + 1)) for key in sorted(set(began) - now)]
            began |= {key: max(0, at) for key in now if key not in began}
        return found + [Followed(*key, slice(at, self._beats)) for key, at in sorted(began.items())]


def slots_of(start: renewal.Start) -> int:
    """How many slots' weights a renewal has."""
    return renewal.slot_of(start[0], start[1]) - start[2]
