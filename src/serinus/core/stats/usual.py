"""How often something usually happens, learned from hours of the past, and how much of that may be chance.

Calls are counted here, not units: the past has no more. A user's calls belong together, and rates move from hour to
hour and from day to day, so that counts spread wider than Poisson's. Against that stand three guards:

- the **dispersion** φ = Σ (x − e)²/e / (hours − 8), at least 1, over all hours, x events where e were to be expected.
  Counts over φ are tested (quasi-likelihood, McCullagh & Nelder 1989, 4.5): exact for bursts of φ events each, and
  conservative for smaller ones, as e^{λc/φ} − 1 ≤ (c/φ)(e^λ − 1) for c ≤ φ;
- **hours of the day**: expected is what was usual at this hour, from it and its neighbours, or what one of these alone
  had, if that is more: when clocks are put forward or back, people's hours move by one against UTC;
- **hours of the week**: what comes on one day alone, as a batch on Sunday night, is usual at that hour and those beside
  it, as far as that hour alone shows it, and at no other day's;
- the **worst day**: all is taken times the ratio by which the worst day was beyond what its hours let expect, as far as
  that day alone shows it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec
from scipy import special

from serinus.core.records.live_calls import HOURS, WEEK_HOURS, Hour, Usual
from serinus.core.stats.control_health import Rate, reference_rate
from serinus.core.stats.domain import level
from serinus.core.stats.evidence import NoData

_FREE = 8
"""Parameters that a curve over the day has, when each hour is taken with its neighbours."""
_DAY_HOURS = 12
"""Hours with calls that make a day."""
_SURE = 0.05
_DIGITS = 6


def learn(past: Iterable[Hour]) -> Usual:
    """What these hours come to; those without calls say nothing."""
    known = [one for one in past if one.calls > 0]
    calls, events = [0] * HOURS, [0] * HOURS
    for one in known:
        calls[one.hour % HOURS] += one.calls
        events[one.hour % HOURS] += one.events
    usual = Usual(calls=tuple(calls), events=tuple(events), hours=len(known))
    expected = {one.hour: one.calls * _around(usual, one.hour % HOURS).rate for one in known}
    dispersion = _dispersion(known, expected)
    return Usual(
        calls=usual.calls,
        events=usual.events,
        hours=usual.hours,
        dispersion=round(dispersion, _DIGITS),
        worst_day=round(_worst_day(known, expected, dispersion), _DIGITS),
        odd=_odd(known, usual, dispersion),
        first_hour=min((one.hour for one in known), default=0),
    )


def references(usual: Usual, beta: float) -> tuple[float, ...] | NoData:
    """By hour of the week since 1970, an upper bound of the rate that is usual; all hold together with confidence
    1 − `beta`. By hour of the day of a past that an earlier Serinus kept."""
    level("beta", beta)
    if usual.lacking:
        return NoData(reason=usual.lacking)
    bounds = [_bound(usual, hour, beta / HOURS) for hour in range(HOURS)]
    most = max(bound for bound in bounds if bound is not None)
    daily = tuple(most if bound is None else bound for bound in bounds)
    if usual.odd is None:
        return daily
    weekly = list(daily * (WEEK_HOURS // HOURS))
    for hour, rate in usual.odd:
        for near in _near(hour, WEEK_HOURS):
            weekly[near] = max(weekly[near], rate)
    return tuple(weekly)


def _bound(usual: Usual, hour: int, beta: float) -> float | None:
    """None for an hour of the day in which there never were calls: then the highest of the others is taken."""
    around = _around(usual, hour)
    bound = reference_rate(Rate(events=around.events, units=around.calls), beta, usual.dispersion)
    if isinstance(bound, NoData):
        return None
    alone = [hour] if usual.odd is None else _near(hour, HOURS)
    own = max(usual.events[at] / usual.calls[at] if usual.calls[at] else 0.0 for at in alone)
    return min(1.0, max(bound, own) * usual.worst_day)


def _near(hour: int, hours: int) -> list[int]:
    return [(hour + step) % hours for step in (-1, 0, 1)]


def _odd(known: list[Hour], usual: Usual, dispersion: float) -> tuple[tuple[int, float], ...]:
    """The hours of the week in which more came than at this hour of other days, and what they surely had."""
    found: dict[int, float] = {}
    for one in known:
        sure = _surely(one.events, dispersion) / one.calls
        if sure > max(_around(usual, hour % HOURS).rate for hour in _near(one.hour, WEEK_HOURS)):
            at = one.hour % WEEK_HOURS
            found[at] = max(found.get(at, 0.0), round(sure, _DIGITS))
    return tuple(sorted(found.items()))


def _surely(events: int, dispersion: float) -> float:
    """Garwood's lower bound of what was to be expected where so many came."""
    return float(special.gammaincinv(events / dispersion, _SURE)) * dispersion if events else 0.0


class _Around(msgspec.Struct, frozen=True):
    calls: int
    events: int

    @property
    def rate(self) -> float:
        return self.events / self.calls if self.calls else 0.0


def _around(usual: Usual, hour: int) -> _Around:
    near = _near(hour, HOURS)
    return _Around(sum(usual.calls[at] for at in near), sum(usual.events[at] for at in near))


def _dispersion(known: list[Hour], expected: dict[int, float]) -> float:
    parts = [(one.events - expected[one.hour]) ** 2 / expected[one.hour] for one in known if expected[one.hour] > 0]
    return max(1.0, math.fsum(parts) / max(1, len(parts) - _FREE)) if parts else 1.0


def _worst_day(known: list[Hour], expected: dict[int, float], dispersion: float) -> float:
    days: dict[int, list[Hour]] = {}
    for one in known:
        days.setdefault(one.hour // HOURS, []).append(one)
    ratios = [1.0]
    for hours in days.values():
        usual = math.fsum(expected[one.hour] for one in hours)
        events = sum(one.events for one in hours)
        if len(hours) >= _DAY_HOURS and usual > 0 and events:
            ratios.append(_surely(events, dispersion) / usual)
    return max(ratios)
