"""Telemetry gaps: when records come in late, and when nobody is served the candidate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serinus.rehearsal.population import Bools, Floats, Ints
from serinus.rehearsal.scenario import Gap


def shipped_s(gaps: Sequence[Gap], at_s: Floats) -> Floats:
    """When records made at these times are in: at once, or at the end of the gap."""
    for gap in gaps:
        within = (at_s >= gap.from_s) & (at_s < gap.from_s + gap.for_s)
        at_s = np.where(within, gap.from_s + gap.for_s, at_s)
    return at_s


def served(gaps: Sequence[Gap], lease_s: float, at_s: Floats) -> Bools:
    """Whether the candidate is served at these times: not once the lease has lapsed, for nothing is shipped."""
    on = np.ones(len(at_s), dtype=np.bool_)
    for gap in gaps:
        on &= ~((at_s >= gap.from_s + lease_s) & (at_s < gap.from_s + gap.for_s))
    return on


def silent_ms(gaps: Sequence[Gap], at_s: Floats) -> Ints:
    """For how long nothing has been shipped."""
    silent = np.zeros(len(at_s))
    for gap in gaps:
        within = (at_s >= gap.from_s) & (at_s < gap.from_s + gap.for_s)
        silent = np.where(within, at_s - gap.from_s, silent)
    return np.asarray(silent * 1000).astype(np.int64)


def after_gap(gaps: Sequence[Gap], beat: int, beat_s: int) -> int:
    """The beat itself, or the first one after the gap in which it would begin."""
    for gap in gaps:
        if gap.from_s < (beat + 1) * beat_s and beat * beat_s < gap.from_s + gap.for_s:
            beat = int((gap.from_s + gap.for_s) // beat_s) + 1
    return beat
