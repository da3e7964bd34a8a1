"""Evidence on first events as a release is judged, of many at once: the whole, restarts at steps, and renewals.

Each column is a look. As in `core.decision`, a look is judged with the renewals that began before it, and then evidence
is renewed where a slot has begun (`core.stats.renewal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bench.judging.sample import Array
from serinus.core.stats import renewal
from serinus.core.stats.events import PRIOR_EVENTS, Margin, harm


def log_e(s1: Array, s0: Array, margin: Margin, starts: Sequence[int], scheme: renewal.Scheme) -> Array:
    """log of the weighted mean, from counts so far (release, look); evidence of a step counts from the look before its
    `starts`, the first of which is 0."""
    s1, s0 = s1.astype(int), s0.astype(int)
    size = int(max(s1.max(), s0.max())) // 256 * 256 + 256
    table = log_e_table(margin, size)
    following = _Following(len(s1), int((s1 + s0).max()), log_e_table(margin, size, scheme.prior_events), scheme)
    weights = renewal.step_weights(scheme, len(starts))
    found = np.empty(s1.shape)
    for look in range(s1.shape[1]):
        now1, now0 = s1[:, look], s0[:, look]
        total = following.mean_part(now1, now0)
        for weight, start in zip(weights, starts, strict=True):
            if look < start:
                total = total + weight
                continue
            at1, at0 = (s1[:, start - 1], s0[:, start - 1]) if start else (0, 0)
            total = total + weight * np.exp(table[now1 - at1, now0 - at0])
        found[:, look] = np.log(total)
        following.renew(now1, now0)
    return found


@lru_cache(maxsize=8)
def log_e_table(margin: Margin, size: int, prior_events: float = PRIOR_EVENTS) -> Array:
    """log E of one part by (candidate, control) events below `size`."""
    rows, columns = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    return np.asarray(harm(rows, columns, margin, prior_events))


class _Following:
    """The renewals followed, in arrays (release, place); a place that is free has weight 0."""

    def __init__(self, releases: int, most: int, table: Array, scheme: renewal.Scheme) -> None:
        shape = (releases, renewal.KEPT)
        self._at1, self._at0 = np.zeros(shape, int), np.zeros(shape, int)
        self._weight = np.zeros(shape)
        self._slot = np.zeros(releases, int)
        slots = range(most // renewal.EVERY + 1)
        self._spent = scheme.renewed * np.array([renewal.spent(slot) for slot in slots])
        self._all = scheme.renewed
        self._table = table

    def _parts(self, s1: Array, s0: Array) -> Array:
        return self._weight * np.exp(self._table[s1[:, None] - self._at1, s0[:, None] - self._at0])

    def mean_part(self, s1: Array, s0: Array) -> Array:
        """Σ_j v_j E^(j), those to come at 1."""
        return np.asarray(self._parts(s1, s0).sum(axis=1) + self._all - self._spent[self._slot])

    def renew(self, s1: Array, s0: Array) -> None:
        """Begin what is due, in a free place or in that of the one that weighs least."""
        slot = (s1 + s0) // renewal.EVERY
        rows = np.flatnonzero(slot > self._slot)
        if not len(rows):
            return
        place = self._parts(s1, s0)[rows].argmin(axis=1)
        self._at1[rows, place], self._at0[rows, place] = s1[rows], s0[rows]
        self._weight[rows, place] = self._spent[slot[rows]] - self._spent[self._slot[rows]]
        self._slot[rows] = slot[rows]
