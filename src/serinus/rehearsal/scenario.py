"""A scenario: the traffic, what goes wrong, when and for whom. Times in s since the release began."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.metrics import Quantile, metric

DAY_S = 86_400.0


def _within(where: str, value: float, low: float, high: float, example: str) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise InvalidInput(f"{value:g} is not between {low:g} and {high:g}", where=where, mend=f"for example {example}")


def _event_metric(where: str, name: str) -> None:
    if not metric(name).event:
        raise InvalidInput(f"{name} is not an event metric", where=where, mend="use one that is counted, as call.error")


def _moved_metric(where: str, name: str) -> None:
    if not is_latency(name):
        _event_metric(where, name)


def is_latency(name: str) -> bool:
    """Whether a metric is a quantile of latency: what moves one moves all of them, and the mean."""
    measure = metric(name).measure
    return isinstance(measure, Quantile) and measure.of == "latency"


def _once(where: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidInput(f"{name} stands twice", where=where, mend="keep one of them")
        seen.add(name)


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, and when.

    `shape` of a day: `flat`, `day` (a sine, at `starts_at_s` of the day when the release begins; lowest at 4 h,
    highest at 16 h), `office` (none from 20 h to 6 h). `users` come back with activity of log-normal spread `tail`
    (0: all alike). A conversation has `turns` calls on average (geometric), `pause_s` apart (exponential). `spread` is
    the coefficient of variation of the users' own chances of a bad answer (gamma).
    """

    requests_per_day: float = 100_000.0
    shape: Literal["flat", "day", "office"] = "flat"
    starts_at_s: float = 9 * 3600.0
    users: int = 20_000
    tail: float = 1.0
    turns: float = 2.0
    pause_s: float = 60.0
    spread: float = 0.0

    def __post_init__(self) -> None:
        """Refuse traffic that nobody could make."""
        _within("traffic.requests_per_day", self.requests_per_day, 1, 1e9, "100000")
        _within("traffic.starts_at_s", self.starts_at_s, 0, DAY_S, "9h")
        _within("traffic.users", self.users, 2, 10_000_000, "20000")
        _within("traffic.tail", self.tail, 0, 3, "1.0")
        _within("traffic.turns", self.turns, 1, 100, "2")
        _within("traffic.pause_s", self.pause_s, 0.001, DAY_S, "60s")
        _within("traffic.spread", self.spread, 0, 10, "1.0")


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """The chance that a call has the event, without anything wrong; its record is known `after_s` later at the least,
    and `delay_s` more (mean, of an exponential)."""

    metric: str
    chance: float
    delay_s: float = 0.0
    after_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is not a chance."""
        _event_metric("rates", self.metric)
        _within(f"rates.{self.metric}.chance", self.chance, 0, 1, "2%")
        _within(f"rates.{self.metric}.delay_s", self.delay_s, 0, 30 * DAY_S, "6h")
        _within(f"rates.{self.metric}.after_s", self.after_s, 0, 30 * DAY_S, "2d")


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long calls take on both arms: log-normal around `median_s`, `spread` the standard deviation of the
    logarithm (0.6: the 95th percentile is 2.7 times the median)."""

    median_s: float = 0.9
    spread: float = 0.6

    def __post_init__(self) -> None:
        """Refuse what no call takes."""
        _within("latency.median_s", self.median_s, 0.001, 3600, "900ms")
        _within("latency.spread", self.spread, 0.01, 3, "0.6")


class Judge(msgspec.Struct, frozen=True, kw_only=True):
    """What an offline stage measures: a judge grades both versions' answers to the same `cases` as right or wrong.

    The baseline is right in the share `correct`, the candidate in `drop` less; on the share `differs` of the cases one
    is right and the other is not. Either grade is wrong with chance `noise`. The gate asks for a drop of at most
    `max_drop`. The result comes after `takes_s`; a judge that `dies` grades nothing.

    In production it grades the share `live` of users, `live_after_s` after their first call; there the candidate is
    right in `live_drop` less (None: in `drop`), for users whose first call comes `live_drop_from_s` into the release or
    later.
    """

    cases: int = 2000
    correct: float = 0.88
    differs: float = 0.08
    drop: float = 0.0
    noise: float = 0.01
    max_drop: float = 0.03
    takes_s: float = 1800.0
    dies: bool = False
    live: float = 0.0
    live_after_s: float = 300.0
    live_drop: float | None = None
    live_drop_from_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shares that contradict each other."""
        _within("judge.cases", self.cases, 2, 100_000, "2000")
        _within("judge.correct", self.correct, 0, 1, "88%")
        _within("judge.differs", self.differs, 0, 1, "8%")
        _within("judge.drop", self.drop, -1, 1, "0.05")
        _within("judge.noise", self.noise, 0, 0.5, "1%")
        _within("judge.max_drop", self.max_drop, 0, 1, "0.03")
        _within("judge.takes_s", self.takes_s, 0, 30 * DAY_S, "30m")
        _within("judge.live", self.live, 0, 1, "20%")
        _within("judge.live_after_s", self.live_after_s, 0, 30 * DAY_S, "5m")
        _within("judge.live_drop", self.drop_live, self.correct - 1, self.correct, "0.05")
        _within("judge.live_drop_from_s", self.live_drop_from_s, 0, 366 * DAY_S, "12h")
        if min(self.lost, self.won) < 0 or self.lost > self.correct or self.won > 1 - self.correct:
            raise InvalidInput(
                f"a drop of {self.drop:g} does not fit {self.correct:g} right and {self.differs:g} different answers",
                where="judge.drop",
                mend="raise `differs`: it is at least the drop, and half of both must fit on either side of `correct`",
            )

    @property
    def drop_live(self) -> float:
        """How much less often the candidate is right in production."""
        return self.drop if self.live_drop is None else self.live_drop

    def drop_at(self, at_s: float) -> float:
        """The same of users who come that long into the release."""
        return self.drop_live if at_s >= self.live_drop_from_s else 0.0

    @property
    def lost(self) -> float:
        """The share of cases in which only the baseline is right."""
        return (self.differs + self.drop) / 2

    @property
    def won(self) -> float:
        """The share of cases in which only the candidate is right."""
        return (self.differs - self.drop) / 2


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Those who sign at an approval stage do so `approve_after_s` after they were asked. Nobody resumes a pause."""

    approve_after_s: float = 2 * 3600.0

    def __post_init__(self) -> None:
        """Refuse a time that is none."""
        _within("people.approve_after_s", self.approve_after_s, 0, 366 * DAY_S, "2h")


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What the candidate does: its chance of the event, or its latency, is `ratio` times the control's.

    From `from_s` on, or once `after_events` units of both arms had the event; growing evenly to it over `over_s`; only
    for the share `segment` of users.
    """

    metric: str
    ratio: float
    from_s: float = 0.0
    after_events: int = 0
    over_s: float = 0.0
    segment: float = 1.0

    def __post_init__(self) -> None:
        """Refuse an effect that cannot be."""
        _moved_metric("effect", self.metric)
        _within("effect.ratio", self.ratio, 0, 1000, "3")
        _within("effect.from_s", self.from_s, 0, 366 * DAY_S, "6h")
        _within("effect.after_events", self.after_events, 0, 10_000_000, "800")
        _within("effect.over_s", self.over_s, 0, 366 * DAY_S, "12h")
        _within("effect.segment", self.segment, 0, 1, "20%")
        if self.after_events and self.from_s:
            raise InvalidInput(
                "`from` and `after_events` at once", where="effect.after_events", mend="keep one of them"
            )
        if is_latency(self.metric) and (self.after_events or not self.ratio):
            raise InvalidInput(
                "latency has no events to wait for, and no call takes no time",
                where="effect.ratio" if self.after_events == 0 else "effect.after_events",
                mend="write `from` and a ratio above 0",
            )


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """The event's chance, or the latency, moves on both arms alike: `step` times `factor` from `from_s` on; `linear`
    from 1 to `factor` over `over_s`; `daily` between 1 and `factor` and back within each day."""

    metric: str
    kind: Literal["step", "linear", "daily"]
    factor: float
    from_s: float = 0.0
    over_s: float = DAY_S

    def __post_init__(self) -> None:
        """Refuse a drift that cannot be."""
        _moved_metric("drift", self.metric)
        _within("drift.factor", self.factor, 0.001 if is_latency(self.metric) else 0, 1000, "2")
        _within("drift.from_s", self.from_s, 0, 366 * DAY_S, "6h")
        _within("drift.over_s", self.over_s, 1, 366 * DAY_S, "12h")


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """The provider fails both arms: the event's chance is at least `chance` for `for_s`."""

    metric: str
    chance: float
    from_s: float
    for_s: float

    def __post_init__(self) -> None:
        """Refuse an outage that cannot be."""
        _event_metric("outages", self.metric)
        _within("outages.chance", self.chance, 0, 1, "60%")
        _within("outages.from_s", self.from_s, 0, 366 * DAY_S, "6h")
        _within("outages.for_s", self.for_s, 1, 366 * DAY_S, "20m")


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """No records come in for `for_s`. What was recorded arrives at its end; once the lease has lapsed, nobody is served
    the candidate until then."""

    from_s: float
    for_s: float

    def __post_init__(self) -> None:
        """Refuse a gap that cannot be."""
        _within("gaps.from_s", self.from_s, 0, 366 * DAY_S, "6h")
        _within("gaps.for_s", self.for_s, 1, 366 * DAY_S, "20m")


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What is rehearsed. With an `effect` of ratio above 1, or a judge's `drop` above 0, the candidate harms, and ought
    to be rolled back, rejected, or held until a person looks. `past_s`: for how long before it the live version served
    with these rates and nothing wrong, by which its own health is judged (0: that is not rehearsed)."""

    name: str
    title: str = ""
    traffic: Traffic = Traffic()
    rates: tuple[Rate, ...]
    latency: Latency | None = None
    judge: Judge = Judge()
    people: People = People()
    populations: dict[str, float] = {}
    effect: tuple[Effect, ...] = ()
    drift: tuple[Drift, ...] = ()
    outages: tuple[Outage, ...] = ()
    gaps: tuple[Gap, ...] = ()
    horizon_s: float = 0.0
    past_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse effects on what has no rate, and two rates or effects of one metric."""
        if not self.rates:
            raise InvalidInput("no rates", where="rates", mend="add one: `rates: {call.error: 2%}`")
        for name, size in self.populations.items():
            _within(f"populations.{name}", size, 1e-6, 1, "8%")
        known = [rate.metric for rate in self.rates]
        _once("rates", known)
        _once("effect", ["latency" if is_latency(one.metric) else one.metric for one in self.effect])
        for place in ("effect", "drift", "outages"):
            for i, one in enumerate(getattr(self, place)):
                if is_latency(one.metric):
                    if self.latency is None:
                        mend = "add `latency: {median: 900ms}`"
                        raise InvalidInput("nothing is said of latencies", where=f"{place}[{i}].metric", mend=mend)
                elif one.metric not in known:
                    mend = f"add it to the rates: `{one.metric}: 1%`"
                    raise InvalidInput(f"{one.metric} has no rate", where=f"{place}[{i}].metric", mend=mend)
        ends = 0.0
        for i, gap in enumerate(self.gaps):
            if gap.from_s < ends:
                raise InvalidInput("gaps overlap or are not in order", where=f"gaps[{i}]", mend="order them by `from`")
            ends = gap.from_s + gap.for_s
        _within("horizon_s", self.horizon_s, 0, 366 * DAY_S, "7d")
        _within("past_s", self.past_s, 0, 7 * DAY_S, "7d")

    @property
    def harmful(self) -> bool:
        """Whether a good pipeline would not let the candidate through."""
        return max(self.judge.drop, self.judge.drop_live) > 0 or any(
            one.ratio > 1 and one.segment > 0 for one in self.effect
        )

    @property
    def blind(self) -> bool:
        """Whether a measurement breaks without which no candidate may pass."""
        return self.judge.dies
