"""Many looks at many things (statistics 3, 5): slices by e-BH, retries of a lineage, a year's budget of false stops."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.stats.domain import at_least, count, finite, level

YEAR_US = 365 * 86_400_000_000


def discoveries(log_e: Sequence[float], alpha: float) -> tuple[int, ...]:
    """Indices of the slices named by e-BH: false discovery rate ≤ α whatever the dependence, at a fixed time.

    The k* largest, k* the greatest k with E_(k) ≥ K/(kα). Slices without data have log E = 0 and count in K.
    Source: Wang & Ramdas 2022. InvalidInput for NaN.
    """
    level("alpha", alpha)
    if any(math.isnan(e) for e in log_e):
        raise InvalidInput("an e-value that is not a number", where="log_e", mend="no data is log E = 0")
    falling = sorted(range(len(log_e)), key=lambda i: -log_e[i])
    named = 0
    for k, i in enumerate(falling, 1):
        if log_e[i] >= math.log(len(log_e) / (k * alpha)):
            named = k
    return tuple(sorted(falling[:named]))


def retry_level(beta: float, attempt: int) -> float:
    """β/2^(k−1) at the k-th attempt of a lineage: all attempts together promote a harmful one with chance < 2β."""
    level("beta", beta)
    if count("attempt", attempt) < 1:
        raise InvalidInput("attempt 0", where="attempt", mend="the first is 1")
    return math.ldexp(beta, 1 - attempt)


def carried(log_e_before: float, log_e_now: float) -> float:
    """log E of rollback at a retry: log[½(E_before · E_now + E_now)].

    Continuing from earlier evidence is allowed, as it had mean at most 1; the half that starts afresh keeps a
    repaired candidate's ancestor, or a healthy past, from hiding new harm.
    """
    finite("log_e_before", log_e_before)
    high, low = max(log_e_before, 0.0), min(log_e_before, 0.0)
    return log_e_now + high + math.log1p(math.exp(low - high)) - math.log(2.0)


def planned_power_level(beta: float, guardrails: int) -> float:
    """β/(G+1): the chance of missing at which each of G guardrails is planned, so that all promote together."""
    return level("beta", beta) / (count("guardrails", guardrails) + 1)


def chance_of_any(alpha: float, releases: int) -> float:
    """1 − (1 − α)^n: the chance of at least one false rollback in n healthy, independent releases."""
    return -math.expm1(count("releases", releases) * math.log1p(-level("alpha", alpha)))


def level_for(yearly: float, releases: int) -> float:
    """α per release with which n releases a year have a chance `yearly` of any false rollback: inverse of the above."""
    if count("releases", releases) < 1:
        raise InvalidInput("no releases", where="releases", mend="give how many a year you expect")
    return -math.expm1(math.log1p(-level("yearly", yearly)) / releases)


class Spent(msgspec.Struct, frozen=True, array_like=True):
    """α that a release was given when it started."""

    at_us: int
    alpha: float


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A year's α for an app: expected false rollbacks among healthy releases begun in any 365 days stay below it."""

    yearly: float
    spent: tuple[Spent, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a budget outside (0, 1) and spending below 0."""
        level("budget.yearly", self.yearly)
        for item in self.spent:
            at_least("budget.spent", item.alpha, 0.0)

    def left(self, now_us: int) -> float:
        """What the last 365 days have not spent; never below 0."""
        recent = math.fsum(item.alpha for item in self.spent if now_us - item.at_us < YEAR_US)
        return max(0.0, self.yearly - recent)

    def granted(self, asked: float, now_us: int) -> Budget:
        """The budget after a release that begins now with α = `asked`; InvalidInput when so much is not left."""
        level("alpha", asked)
        left = self.left(now_us)
        if asked > left + 1e-12:
            raise InvalidInput(
                f"α of {asked:g} is more than the {left:g} left of this year's {self.yearly:g}",
                where="plan.alpha",
                mend="lower it, wait, or raise the app's yearly budget",
            )
        kept = tuple(item for item in self.spent if now_us - item.at_us < YEAR_US)
        return Budget(yearly=self.yearly, spent=(*kept, Spent(now_us, asked)))
