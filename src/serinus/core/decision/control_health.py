"""Is the live version itself worse than it usually was (statistics 2.7)? Both arms may fall together: then nothing that
compares them sees it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from serinus.core.decision.observations import Observations
from serinus.core.decision.wording import amount, instant, percent, rarity
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
_OTHERWISE = "the app has changed how it is told since the release began"
_MINUTE_US = 60_000_000
_HOUR_US = 3_600_000_000


class ControlSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of the live version: its calls since the release began, or a person resumed, those with the event, how
    many were to be expected at most by its past, and log E against `max_ratio` times as many. `most`: of these events
    those of one sixteenth of its users, that which had the most; they do not count. `no_data`: why none."""

    metric: str
    calls: int
    events: int
    expected: float
    log_e: float
    no_data: str = ""
    most: int = 0


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
    live = [msgspec.structs.replace(one, otherwise=True) if one.metric in seen.remeasured else one for one in live]
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
        begun = "" if one.no_data == _OTHERWISE else _begun(past)
        return f"It is not known yet how usual {what}: {one.no_data}{begun}"
    had = judged.title if past.at_us == 0 else f"waits above {amount('ms', past.at_us / 1000)}"
    if not one.calls:
        known = f"its past is {past.usual.hours} hours{_begun(past)}"
        return f"{_capital(had)}: the live version has had no calls since users saw the candidate; {known}"
    usual = one.expected / one.calls
    text = (
        f"{percent(one.events / one.calls)} of the live version's own {one.calls:,} calls had {had}, where in "
        f"{past.usual.hours / 24:.2g} days before{_begun(past)}, at these hours, up to {percent(usual)} was usual"
    )
    if one.most > one.events / 2:
        text += f"; {one.most:,} of these {one.events:,} are those of one sixteenth of its users, and do not count"
    return text + (
        f"; as many or more would be seen in fewer than {rarity(one.log_e)} releases while it does up to {ratio:g} "
        "times the usual"
        if one.log_e > 0
        else ""
    )


def begins_us(past: Past) -> int:
    """The first hour that is known (µs UTC); 0: none is, or an earlier Serinus did not keep it."""
    return past.usual.first_hour * _HOUR_US


def _begun(past: Past) -> str:
    """From when on it is known, and why not longer."""
    changed = f", when how it is told had changed on {instant(past.measured_us)}" if past.measured_us else ""
    return (f", from {instant(begins_us(past))} on" if past.usual.first_hour else "") + changed


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
    missing = _OTHERWISE if watched.otherwise else past.usual.lacking
    return ControlSeen(
        metric=past.metric,
        calls=since.calls,
        events=since.events,
        expected=since.expected_micro / MICRO,
        log_e=0.0 if missing else round(_log_e(release, past.usual, watched, floor), DIGITS),
        no_data=missing,
        most=since.most,
    )


def _log_e(release: Release, usual: Usual, watched: Watched, floor: Position) -> float:
    """A release whose past an earlier Serinus learned goes on as that one judged it, and replays to the same byte."""
    return log_e(watched, floor, _ratio(release), usual.dispersion, usual.odd is None)


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
