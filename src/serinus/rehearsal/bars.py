"""How many candidate events bring a guardrail's evidence to the bar, for each number of control events: so that the
thousands of rounds in which no evidence can act need not be judged one by one.

Evidence is a weighted mean of the e-values of guardrails and restarts, so that it reaches 1/α only where one of them
does (and a signal only where its own does), or where the mean of a metric's renewals does: below every bar `decide`
cannot find harm. Bars come from the statistic that judges, `core.stats.events.harm`, which grows with each candidate
event and falls with each of the control.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from serinus.core.decision.allocation import ALPHA
from serinus.core.decision.harm import margin_of
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.stats import beta, events, renewal
from serinus.core.stats.allocation import CONCENTRATION
from serinus.rehearsal.population import Bools, Ints

ROUNDING = 1e-5
"""Evidence is rounded before it is compared; a bar lies lower by more than that."""
HALF = CONCENTRATION / 2
"""Of the prior units of the sample ratio, each arm has half."""
_PAGE = 512


class _Part(NamedTuple):
    """A part of the evidence: what it tolerates, what its prior is worth, and how many slots' weights it has."""

    margin: events.Margin
    prior_events: float
    slots: int


class Bars:
    """The bars of a plan's acting guardrails, worked out as far as they are asked for."""

    def __init__(self, plan: Plan) -> None:
        self._needed = math.log(1 / plan.alpha) - ROUNDING
        self._nobody = float(beta.log_weight(np.asarray(HALF), np.asarray(HALF), 0.5))
        self._tables: dict[_Part, Ints] = {}

    def reached(self, guardrail: Guardrail, candidate: Ints, control: Ints, slots: int = 0) -> Bools:
        """Where these many events (arrays, any shape) reach the bar of the whole and the steps, or that of a renewal of
        so many `slots`."""
        if not candidate.size:
            return np.zeros(candidate.shape, dtype=np.bool_)
        prior = renewal.SURER_EVENTS if slots else events.PRIOR_EVENTS
        table = self._table(_Part(margin_of(guardrail), prior, slots), int(control.max()))
        return np.asarray(candidate >= table[control])

    def unlike(self, units: Ints) -> Bools:
        """Where units [minute, stratum, arm] came to the arms so unevenly that it may be an alarm. One that a person
        resumed counts from later on: not here, where nobody resumes."""
        log_e = np.zeros(len(units))
        for stratum in range(units.shape[1]):
            mine = units[:, stratum].astype(np.float64)
            if mine[-1].any():
                log_e += beta.log_weight(HALF + mine[:, 0], HALF + mine[:, 1], 0.5) - self._nobody
        return np.asarray(log_e >= math.log(1 / ALPHA) - ROUNDING)

    def _table(self, key: _Part, control: int) -> Ints:
        table = self._tables.get(key, np.empty(0, dtype=np.int64))
        while len(table) <= control:
            fresh = np.arange(len(table), len(table) + _PAGE)
            table = np.concatenate((table, self._least(key, fresh)))
        self._tables[key] = table
        return table

    def _bar(self, slots: int) -> float:
        """log E of one part without which the weighted mean cannot reach its bar. The mean of all renewals, those to
        come at 1, reaches it only where one of those followed has its share of what is above 1."""
        if not slots:
            return self._needed
        return math.log(math.expm1(self._needed) / renewal.KEPT / renewal.spent(slots)) - ROUNDING

    def _least(self, part: _Part, control: Ints) -> Ints:
        """The least number of candidate events that reaches the bar, by bisection of all at once."""
        margin, prior, needed = part.margin, part.prior_events, self._bar(part.slots)
        low, high = np.zeros(len(control), dtype=np.int64), np.full(len(control), 8, dtype=np.int64) + control
        while np.any(short := events.harm(high, control, margin, prior) < needed):
            high = np.where(short, 2 * high, high)
        while np.any(high - low > 1):
            middle = (low + high) // 2
            over = events.harm(middle, control, margin, prior) >= needed
            low, high = np.where(over, low, middle), np.where(over, middle, high)
        return high
