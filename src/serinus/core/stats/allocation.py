"""Sample ratio: did units come to the arms as the slices say (statistics 4.10)? A Dirichlet-multinomial e-process.

With exact counts n_k of first enrolments, expected shares π_k, N = Σ n_k and a prior of κ units, α_k = κ π_k,

    log E = log B(α + n) − log B(α) − Σ n_k log π_k,   B(a) = Π Γ(a_k) / Γ(Σ a_k)

Strata are independent, so their log E add. Counts come from the enrolment table, never from a distinct-count sketch:
the error of a sketch is far above the mismatch that chance allows.
Source: Lindon & Malek 2022, multinomial Bayes factor.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from serinus.core.errors import InvalidInput
from serinus.core.stats.beta import log_weight
from serinus.core.stats.domain import count, positive
from serinus.core.stats.evidence import Evidence, NoData, nothing

CONCENTRATION = 1_000.0
"""κ: quickest for a mismatch of about one unit in a hundred."""


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """Units first enrolled per arm in one stratum, and the shares expected of them (> 0, summing to 1)."""

    units: tuple[int, ...]
    shares: tuple[float, ...] = (0.5, 0.5)

    def __post_init__(self) -> None:
        """Refuse counts below 0 and shares that are not a distribution."""
        for units in self.units:
            count("allocation.units", units)
        if len(self.units) != len(self.shares) or len(self.units) < 2:
            raise InvalidInput(
                f"{len(self.units)} counts and {len(self.shares)} shares", where="allocation", mend="give one per arm"
            )
        for share in self.shares:
            positive("allocation.shares", share)
        if not math.isclose(math.fsum(self.shares), 1.0, abs_tol=1e-9):
            raise InvalidInput(
                f"shares that sum to {math.fsum(self.shares)}", where="allocation.shares", mend="let them sum to 1"
            )


def mismatch(strata: Iterable[Allocation], concentration: float = CONCENTRATION) -> Evidence:
    """Evidence against H0: every stratum's units came at the expected shares."""
    positive("concentration", concentration)
    seen = [stratum for stratum in strata if any(stratum.units)]
    if not seen:
        return nothing(NoData(reason="nobody enrolled"))
    return Evidence(log_e=math.fsum(_log_e(s.units, s.shares, concentration) for s in seen))


def _log_e(units: Sequence[int], shares: Sequence[float], kappa: float) -> float:
    """A Dirichlet is one beta after another: arm k against all later ones, in which the large terms cancel."""
    total = 0.0
    for k in range(len(units) - 1):
        later = math.fsum(shares[k + 1 :])
        chance = shares[k] / (shares[k] + later)
        a, b = np.asarray(kappa * shares[k]), np.asarray(kappa * later)
        after = log_weight(a + units[k], b + sum(units[k + 1 :]), chance)
        total += float(after - log_weight(a, b, chance))
    return total
