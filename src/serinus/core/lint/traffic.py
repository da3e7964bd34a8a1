"""An app's own traffic, as a forecast needs it: from its call log, or declared."""

from __future__ import annotations

import bisect
import math

import msgspec

from serinus.core.errors import InvalidInput

HOURS_OF_WEEK = 168
LARGEST_VARIATION = 100.0


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """A score of an app's answers: the share of calls that get one, and the mean and standard deviation of those, as
    shares of the scale. Where only the share is known they are those of a judge that is mostly content; `guessed`: so
    is the mean."""

    share: float
    mean: float = 0.8
    sd: float = 0.25
    guessed: bool = False


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """What comes in. All of it is per app, before any share is taken.

    `days`: how long was looked at. `hourly`: mean calls in each hour of the week, Monday 00:00 UTC first (168 numbers).
    `reach`: (hours, distinct units seen within a window of so many hours), growing in both, at least one pair.
    `rates`: event metric → share of calls with it (the live version's own). `heaviest_unit`: its share of all calls.
    `cost_nano`: mean cost of a call in nano-USD; −1 unknown. `quantiles`: of `latency` and `ttft`, pairs (share of
    calls, ms that they do not exceed), growing in both. `judged`: the share of answers that a judge grades in
    production, at `judge_nano` each; −1 unknown. `graded`: score → how answers are graded. `spreads`: metric of cost or
    tokens → (hours, variance of a unit's sums within such a window, as `ratios.unit_variance` has it), growing in
    hours; `variation`: the standard deviation of a call's, as a share of the mean, where nothing better is known.
    """

    days: float
    hourly: tuple[float, ...]
    reach: tuple[tuple[float, float], ...]
    rates: dict[str, float] = {}
    heaviest_unit: float = 0.0
    cost_nano: int = -1
    quantiles: dict[str, tuple[tuple[float, float], ...]] = {}
    judged: float = 0.0
    judge_nano: int = -1
    graded: dict[str, Graded] = {}
    spreads: dict[str, tuple[tuple[float, float], ...]] = {}
    variation: dict[str, float] = {}

    def __post_init__(self) -> None:
        """Refuse what cannot be; InvalidInput names the field."""
        if len(self.hourly) != HOURS_OF_WEEK or any(not 0 <= calls < math.inf for calls in self.hourly):
            raise InvalidInput(
                "`hourly` is not 168 numbers of calls",
                where="traffic.hourly",
                mend="give the mean calls in each hour of the week, Monday 00:00 UTC first",
            )
        if sum(self.hourly) <= 0:
            raise InvalidInput("no calls at all", where="traffic.hourly", mend="give the traffic that you expect")
        _check_reach(self.reach)
        for measure, quantiles in self.quantiles.items():
            _check_quantiles(measure, quantiles)
        for name, graded in self.graded.items():
            _check_graded(name, graded)
        for name, spread in self.spreads.items():
            _check_spread(name, spread)
        for name, times in self.variation.items():
            if not 0 < times <= LARGEST_VARIATION:
                raise InvalidInput(
                    f"{times:g} is not above 0 and at most {LARGEST_VARIATION:g}",
                    where="traffic.variation",
                    mend=f"give the standard deviation as a share of the mean, such as {{{name}: 80%}}",
                )
        for name, rate in self.rates.items():
            if not 0 <= rate <= 1:
                raise InvalidInput(
                    f"{rate} is not in [0, 1]", where=f"traffic.rates.{name}", mend="give a share of calls"
                )

    @property
    def calls_per_hour(self) -> float:
        """Mean over the week."""
        return math.fsum(self.hourly) / HOURS_OF_WEEK

    @property
    def quietest(self) -> float:
        """Calls in the quietest hour of the week."""
        return min(self.hourly)

    @property
    def busiest(self) -> float:
        """Calls in the busiest hour of the week."""
        return max(self.hourly)

    def units(self, hours: float) -> float:
        """Distinct units within a window of so many hours: between the known windows as a power of time, before the
        first in proportion to it, and after the last as the last two grew (never faster than time itself)."""
        if hours <= 0:
            return 0.0
        known = self.reach
        if hours <= known[0][0]:
            return known[0][1] * hours / known[0][0]
        if len(known) == 1:
            return known[0][1]
        right = min(bisect.bisect_left(known, (hours, 0.0)), len(known) - 1)
        (t0, n0), (t1, n1) = known[right - 1], known[right]
        power = min(1.0, math.log(n1 / n0) / math.log(t1 / t0))
        return float(n0 * (hours / t0) ** power)

    def calls_per_unit(self, hours: float) -> float:
        """Mean calls of a unit that is seen within such a window; at least 1."""
        units = self.units(hours)
        return max(1.0, self.calls_per_hour * hours / units) if units else 1.0

    def unit_rate(self, rate: float, hours: float) -> float:
        """Share of units with at least one event within a window, for calls that have it apart from each other with
        chance `rate`. Where events come in clusters fewer units have one."""
        return -math.expm1(self.calls_per_unit(hours) * math.log1p(-rate)) if rate < 1 else 1.0


def _check_reach(reach: tuple[tuple[float, float], ...]) -> None:
    mend = "give pairs that grow: hours, and distinct users seen within so many hours, e.g. [[1, 40], [24, 500]]"
    if not reach:
        raise InvalidInput("no distinct users", where="traffic.reach", mend=mend)
    before = (0.0, 0.0)
    for hours, units in reach:
        if not (before[0] < hours < math.inf and before[1] <= units < math.inf and units > 0):
            raise InvalidInput(f"[{hours:g}, {units:g}] does not grow", where="traffic.reach", mend=mend)
        before = hours, units


def _check_spread(name: str, spread: tuple[tuple[float, float], ...]) -> None:
    before = 0.0
    for hours, variance in spread:
        if not (before < hours < math.inf and 0 < variance < math.inf):
            raise InvalidInput(
                f"[{hours:g}, {variance:g}] is no variance of a window longer than the one before",
                where=f"traffic.spreads.{name}",
                mend="give pairs that grow in hours, with variances above 0",
            )
        before = hours


def _check_graded(name: str, graded: Graded) -> None:
    where, mend = f"traffic.scores.{name}", "give such as {share: 5%, mean: 0.8, sd: 0.2}"
    for field in ("share", "mean", "sd"):
        if not 0 <= getattr(graded, field) <= 1:
            raise InvalidInput(f"a {field} of {getattr(graded, field):g} is off its scale", where=where, mend=mend)


def _check_quantiles(measure: str, quantiles: tuple[tuple[float, float], ...]) -> None:
    mend = "give pairs that grow, as p50: 900ms, p95: 2.4s"
    if measure not in ("latency", "ttft"):
        raise InvalidInput(f"{measure!r} has no quantiles", where="traffic.quantiles", mend="latency and ttft have")
    before = (0.0, 0.0)
    for share, ms in quantiles:
        if not (before[0] < share < 1 and before[1] <= ms < math.inf and ms > 0):
            raise InvalidInput(f"[{share:g}, {ms:g} ms] does not grow", where=f"traffic.{measure}", mend=mend)
        before = share, ms
