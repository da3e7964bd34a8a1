"""Did a mix of categories shift? An e-process that knows nothing of the mix itself.

Given that a unit of an arm has a category, H0 says that it is drawn from one and the same unknown mix in both arms,
however often units of either arm have one. Each category k is held against all others: with c of the candidate's C
units and n of the control's N in it,

    log E_k = log D(c, C − c) + log D(n, N − n) − max_p [ (c + n) log p + (C − c + N − n) log(1 − p) ]
    log E = log Σ_k E_k − log K,   D(x, y) = B(½ + x, ½ + y) / B(½, ½)

The numerator is a mixture over all shares, one for each arm; the denominator the likelihood of the best single share,
which is at least that of the true one: so E_k is at most a test martingale, and so is the mean over K categories.
Source: Wasserman, Ramdas & Balakrishnan 2020, universal inference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from serinus.core.errors import InvalidInput

CELLS = 16
"""K: categories there may be, known beforehand to be no more."""


def shifted(candidate: Sequence[int], control: Sequence[int]) -> float:
    """log E against H0: both arms' units come from one mix. Counts by category, at most `CELLS` of them; 0 while an arm
    has none."""
    if len(candidate) != len(control) or len(candidate) > CELLS:
        raise InvalidInput(f"{len(candidate)} and {len(control)} categories", where="mix", mend=f"give up to {CELLS}")
    if any(count < 0 for count in (*candidate, *control)):
        raise InvalidInput("a count below 0", where="mix", mend="count units")
    ours, theirs = sum(candidate), sum(control)
    if not (ours and theirs):
        return 0.0
    logs = [
        _one(c, ours - c) + _one(n, theirs - n) - _best(c + n, ours + theirs)
        for c, n in zip(candidate, control, strict=True)
    ]
    most = max(logs)
    return most + math.log(math.fsum(math.exp(one - most) for one in logs) / CELLS)


def _one(x: int, y: int) -> float:
    """log D: the likelihood of the sequence, averaged over all shares."""
    return math.lgamma(0.5 + x) + math.lgamma(0.5 + y) - math.lgamma(1 + x + y) - math.log(math.pi)


def _best(x: int, whole: int) -> float:
    """The likelihood of the sequence at its own share."""
    return math.fsum(count * math.log(count / whole) for count in (x, whole - x) if count)
