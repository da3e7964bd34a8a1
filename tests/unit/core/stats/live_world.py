"""The calls of a live version, made up: sessions of heavy and prone users, rates that move over days and hours."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from serinus.core.records.event_parts import PARTS
from serinus.core.records.live_calls import HOURS, MICRO, Hour, Position, Watched
from serinus.core.stats.evidence import NoData
from serinus.core.stats.usual import learn, references
from serinus.core.stats.watched import begin_again, log_e

MINUTES = 1440
Ints = npt.NDArray[np.int64]
USERS = 2000
SESSION = 5


class Weather(msgspec.Struct, frozen=True, kw_only=True):
    """Calls an hour, the share with the event, how unlike users are in calls (`heavy`, a log-sd) and in having it
    (`prone`, a gamma's shape; 0: alike), and how rates move over days and hours (log-sds)."""

    hourly: float = 2000.0
    share: float = 0.02
    heavy: float = 0.0
    prone: float = 0.0
    days_sd: float = 0.0
    hours_sd: float = 0.0


def lived(
    rng: np.random.Generator, weather: Weather, days: int, worse_from: int = 0, times: float = 1.0
) -> tuple[Ints, Ints]:
    """Calls and events of each minute, with twice to half as many of both in the evening as in the morning."""
    calls, parts = lived_in_parts(rng, weather, days, worse_from, times)
    return calls, parts.sum(axis=1)


def lived_in_parts(
    rng: np.random.Generator, weather: Weather, days: int, worse_from: int = 0, times: float = 1.0
) -> tuple[Ints, Ints]:
    """As `lived`, with the events of each sixteenth of users [minute, part]."""
    minutes = np.arange(days * MINUTES)
    wave = np.sin(2 * np.pi * minutes / MINUTES)
    sessions = rng.poisson(weather.hourly / 60 * (1 + 0.6 * wave) / SESSION)
    minute = np.repeat(minutes, sessions)
    activity = np.exp(rng.normal(0, weather.heavy, USERS))
    who = rng.choice(USERS, len(minute), p=activity / activity.sum())
    proneness = rng.gamma(weather.prone, 1 / weather.prone, USERS) if weather.prone else np.ones(USERS)
    moved = np.exp(rng.normal(0, weather.days_sd, days))[minute // MINUTES]
    moved = moved * np.exp(rng.normal(0, weather.hours_sd, days * HOURS))[minute // 60]
    chance = weather.share * proneness[who] * moved * (1 + 0.5 * wave[minute])
    chance = np.minimum(1, np.where(minute >= worse_from, times, 1.0) * chance)
    size = rng.geometric(1 / SESSION, len(minute))
    events = rng.binomial(size, chance)
    calls = np.bincount(minute, size, days * MINUTES).astype(np.int64)
    parts = np.bincount(minute * PARTS + who % PARTS, events, days * MINUTES * PARTS).astype(np.int64)
    return calls, parts.reshape(-1, PARTS)


def past(calls: Ints, events: Ints) -> list[Hour]:
    """Whole hours of these minutes."""
    pairs = zip(calls.reshape(-1, 60).sum(axis=1), events.reshape(-1, 60).sum(axis=1), strict=True)
    return [Hour(hour, int(n), int(x)) for hour, (n, x) in enumerate(pairs)]


def alarmed_after(
    calls: Ints, events: Ints, days: int, alpha: float = 0.001, max_ratio: float = 1.5, beta: float = 0.01
) -> int | None:
    """The minute of the release at which the watch first alarmed, looking every five; None: never. The past are the
    first `days`. `events` of each minute, or of each minute and part of users."""
    start = days * MINUTES
    parts = events if events.ndim == 2 else np.zeros((len(events), 0), np.int64)
    events = events.sum(axis=1) if events.ndim == 2 else events
    usual = learn(past(calls[:start], events[:start]))
    bounds = references(usual, beta)
    assert not isinstance(bounds, NoData)
    watched = Watched(metric="call.error")
    for minute in range(start, len(calls)):
        expected = round(int(calls[minute]) * bounds[minute // 60 % len(bounds)] * MICRO)
        watched = msgspec.structs.replace(
            watched,
            at=watched.at.plus(int(calls[minute]), int(events[minute]), expected, tuple(parts[minute].tolist())),
        )
        if minute % 15 == 14:
            watched = begin_again(watched)
        looked = log_e(watched, Position(), max_ratio, usual.dispersion) if minute % 5 == 4 else 0.0
        if looked >= math.log(1 / alpha):
            return minute - start + 1
    return None
