"""Is the live version itself worse than it usually was (statistics 2.7)? Both arms may fall together: then nothing that
compares them sees it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from serinus.core.decision.observations import Observations
from serinus.core.decision.wording import amount, percent, rarity
from serinus.core.metrics import metric
from serinus.core.records.live_calls import MICRO, LiveMinute, Past, Position, Usual, Watched, position_of
from serinus.core.release.release import Progress, Release
from serinus.core.stats.evidence import NoData
from serinus.core.stats.usual import references
from serinus.core.stats.watched import REMEMBERED, begin_again, log_e

TRIGGER = "control_health"
ALPHA = 0.001
"""Chance of a false alarm in a release, over all its metrics: an alarm only pauses, as that of the sample ratio."""
BETA = 0.01
"""Chance that what is taken for usual is less than that; the ratio that is tolerated lies above it."""
AGAIN_MINUTES = 15
"""How often the watch is begun anew."""
DIGITS = 6
_MINUTE_US = 60_000_000
_HOUR_US = 3_600_000_000


class ControlSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of the live version: its calls since the release began, or a person resumed, those with the event, how
    many were to be expected at most by its past, and log E against `max_ratio` times as many. `no_data`: why none."""

    metric: str
    calls: int
    events: int
    expected: float
    log_e: float
    no_data: str = ""


class ControlHealth(msgspec.Struct, frozen=True, kw_only=True):
    """All metrics', in the order of the release's past; each alarms at `needed`, the log of their number over α.
    `ill`: those that did."""

    seen: tuple[ControlSeen, ...]
    needed: float
    ill: tuple[str, ...] = ()


def trigger_of(name: str) -> str:
    """The name of a metric as a trigger."""
    return f"{TRIGGER}:{name}"


def watched_on(release: Release, progress: Progress, seen: Observations) -> Progress:
    """With the minutes that this round read of the live version. The first round with a watermark only says from where:
    what was before users saw the candidate is the past's."""
    until_us = seen.live_until_us
    if not release.past or until_us <= progress.live_until_us:
        return progress
    known = {one.metric: one for one in progress.live}
    live = [known.get(past.metric) or Watched(metric=past.metric) for past in release.past]
    if progress.live_until_us:
        live = [_counted(one, past, i, seen.live) for i, (one, past) in enumerate(zip(live, release.past, strict=True))]
        every_us = AGAIN_MINUTES * _MINUTE_US
        if until_us // every_us > progress.live_until_us // every_us:
            live = [begin_again(one) for one in live]
    return msgspec.structs.replace(progress, live=tuple(live), live_until_us=until_us)


def judge_control(release: Release, live: Sequence[Watched]) -> ControlHealth | None:
    """How the live version stands against its past; None where that was not asked for."""
    if not release.past:
        return None
    needed = round(math.log(len(release.past) / ALPHA), DIGITS)
    known = {one.metric: one for one in live}
    found = tuple(_seen(release, past, known.get(past.metric) or Watched(metric=past.metric)) for past in release.past)
    ill = tuple(one.metric for one in found if one.log_e >= needed)
    return ControlHealth(seen=found, needed=needed, ill=ill)


def sentence(one: ControlSeen, past: Past, ratio: float) -> str:
    """What a product manager reads of one metric."""
    judged = metric(one.metric)
    if one.no_data:
        what = f"{judged.title} are" if past.at_us == 0 else "a slow answer is"
        return f"It is not known yet how usual {what}: {one.no_data}"
    had = judged.title if past.at_us == 0 else f"waits above {amount('ms', past.at_us / 1000)}"
    if not one.calls:
        return f"{_capital(had)}: the live version has had no calls yet"
    days = past.usual.hours / 24
    usual = one.expected / one.calls
    text = (
        f"{percent(one.events / one.calls)} of the live version's own {one.calls:,} calls had {had}, where in "
        f"{days:.2g} days before, at these hours, up to {percent(usual)} was usual"
    )
    return text + (
        f"; as many or more would be seen in fewer than {rarity(one.log_e)} releases while it does up to {ratio:g} "
        "times the usual"
        if one.log_e > 0
        else ""
    )


def _counted(watched: Watched, past: Past, index: int, minutes: Sequence[LiveMinute]) -> Watched:
    bounds = _references(past.usual)
    at = watched.at
    for one in minutes:
        calls, events = one.counts[index]
        parts = one.parts[index] if one.parts else ()
        bound = 0.0 if isinstance(bounds, NoData) else bounds[one.start_us // _HOUR_US % len(bounds)]
        at = at.plus(calls, events, round(calls * bound * MICRO), parts)
    return msgspec.structs.replace(watched, at=at)


def _seen(release: Release, past: Past, watched: Watched) -> ControlSeen:
    floor = floor_of(release, past.metric)
    since = watched.at.since(floor)
    missing = past.usual.lacking
    return ControlSeen(
        metric=past.metric,
        calls=since.calls,
        events=since.events,
        expected=since.expected_micro / MICRO,
        log_e=0.0 if missing else round(log_e(watched, floor, _ratio(release), past.usual.dispersion), DIGITS),
        no_data=missing,
    )


def floor_of(release: Release, name: str) -> Position:
    """From where a metric counts: a person who resumed has acknowledged what was before."""
    return position_of(release.rearmed.get(trigger_of(name), {}))


def _ratio(release: Release) -> float:
    return max(1.0, release.plan.control_ratio)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@lru_cache(maxsize=REMEMBERED)
def _references(usual: Usual) -> tuple[float, ...] | NoData:
    return references(usual, BETA)
