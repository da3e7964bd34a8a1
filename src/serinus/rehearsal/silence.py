"""When an arm of which only counts by beat are drawn was last heard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serinus.rehearsal.beats import LONGEST_S
from serinus.rehearsal.gaps import shipped_s
from serinus.rehearsal.population import Floats, Ints
from serinus.rehearsal.scenario import Gap


def heard(
    rng: np.random.Generator,
    requests: Ints,
    ends_s: Floats,
    gaps: Sequence[Gap],
    before_s: Floats,
    beat_s: int = LONGEST_S,
) -> tuple[Ints, Ints]:
    """At the end of each beat, for each arm: ms since its last answer came in, and whether any ever did. `requests`
    [beat, arm]; `before_s` [arm]: when it was heard before, −1 for never."""
    # The last of n calls within a beat is, on average, 1/(n+1) of a beat before its end.
    gap_s = beat_s * (1 - rng.random(requests.shape) ** (1 / np.maximum(requests, 1)))
    ages, answered = [], []
    for arm in range(requests.shape[1]):
        came = np.where(requests[:, arm] > 0, ends_s - gap_s[:, arm], -1.0)
        came = shipped_s(gaps, came)
        came = np.where(came > ends_s, -1.0, came)
        last = np.maximum.accumulate(np.maximum(came, before_s[arm]))
        ages.append(ends_s - np.maximum(last, 0.0))
        answered.append(last >= 0)
    return (np.stack(ages, axis=1) * 1000).astype(np.int64), np.stack(answered, axis=1).astype(np.int64)
