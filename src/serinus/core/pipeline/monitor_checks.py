"""What monitors must be to work. InvalidInput names the place and how to mend it."""

from __future__ import annotations

import math
import re

from serinus.core.errors import InvalidInput
from serinus.core.metrics import REGISTRY, Bounded
from serinus.core.pipeline.gauge import gauge
from serinus.core.pipeline.limit import MOST_BY_CHANCE
from serinus.core.pipeline.monitor import HttpSource, MetricSource, Monitor, PromqlSource, Source, SqlSource
from serinus.core.pipeline.threshold import Threshold

MOST_MONITORS = 50
LONGEST_QUERY = 10_000
LONGEST_TIMEOUT_S = 60.0
SHORTEST_EVERY_S = 1.0
LONGEST_WINDOW_S = 7 * 86_400.0

_NAME = re.compile(r"[a-z0-9][a-z0-9 ._-]{0,62}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_URL = re.compile(r"https?://[^\s@/?#]+(/[^\s@]*)?")
_POINTER = re.compile(r"(/[^/\x00-\x1f]*)*")


def check_monitors(monitors: tuple[Monitor, ...], steps: int) -> None:
    """Refuse monitors that cannot work in a plan of so many steps; InvalidInput names the place."""
    if len(monitors) > MOST_MONITORS:
        raise InvalidInput(f"{len(monitors)} monitors", where="plan.monitors", mend=f"use {MOST_MONITORS} at most")
    for i, monitor in enumerate(monitors):
        where = f"plan.monitors[{i}]"
        if monitor.name in {one.name for one in monitors[:i]}:
            raise InvalidInput(
                f"another monitor is named {monitor.name!r} too", where=f"{where}.name", mend="name it apart"
            )
        _check_words(monitor, where)
        _check_source(monitor.source, where)
        _check_numbers(monitor, steps, where)
        _check_thresholds(monitor, where)


def _check_words(monitor: Monitor, where: str) -> None:
    if not _NAME.fullmatch(monitor.name):
        raise InvalidInput(
            f"{monitor.name!r} is not a monitor's name",
            where=f"{where}.name",
            mend="use up to 63 lower-case letters, digits, spaces, dots, hyphens and underscores",
        )
    if len(monitor.unit) > 16 or not monitor.unit.isprintable():
        raise InvalidInput("not a unit", where=f"{where}.unit", mend="use up to 16 characters, such as `usd`")


def _check_source(source: Source, where: str) -> None:
    match source:
        case MetricSource():
            try:
                gauge(source.metric)
            except InvalidInput as error:
                raise InvalidInput(error.what, where=f"{where}.metric", mend=error.mend) from None
        case SqlSource():
            _check_query(source.query, f"{where}.sql")
        case PromqlSource():
            _check_query(source.query, f"{where}.promql")
            _check_address(source.url, source.token_env, where)
        case HttpSource():
            _check_address(source.url, source.token_env, where)
            if not 100 <= source.status <= 599:
                raise InvalidInput(
                    f"{source.status} is no HTTP status", where=f"{where}.status", mend="e.g. status: 200"
                )
            if not _POINTER.fullmatch(source.pointer):
                raise InvalidInput(
                    f"{source.pointer!r} is not a JSON pointer",
                    where=f"{where}.pointer",
                    mend="begin with a slash: `pointer: /queue/length`",
                )


def _check_query(query: str, where: str) -> None:
    if not query.strip():
        raise InvalidInput("no query", where=where, mend="write one that gives one number")
    if len(query) > LONGEST_QUERY:
        raise InvalidInput(
            f"a query of {len(query):,} characters", where=where, mend=f"use up to {LONGEST_QUERY:,} characters"
        )


def _check_address(url: str, token_env: str, where: str) -> None:
    if not _URL.fullmatch(url) or len(url) > 2000:
        raise InvalidInput(  # the text is not repeated: it may hold a password
            "not an http(s) URL without user and password",
            where=f"{where}.url",
            mend="e.g. `url: http://prometheus:9090`, and `token_env: NAME` for a token",
        )
    if token_env and not _VARIABLE.fullmatch(token_env):
        raise InvalidInput(
            "`token_env` is not the name of a variable",
            where=f"{where}.token_env",
            mend="put the token into a variable of the control process and name that: `token_env: PROM_TOKEN`",
        )


def _check_numbers(monitor: Monitor, steps: int, where: str) -> None:
    if not SHORTEST_EVERY_S <= monitor.every_s <= 86_400:
        raise InvalidInput(f"every {monitor.every_s:g} s", where=f"{where}.every_s", mend="use 1s to 1d")
    if not 1 <= monitor.window_s <= LONGEST_WINDOW_S:
        raise InvalidInput(f"a window of {monitor.window_s:g} s", where=f"{where}.window_s", mend="use 1s to 7d")
    if not 0.1 <= monitor.timeout_s <= LONGEST_TIMEOUT_S:
        raise InvalidInput(
            f"a time-out of {monitor.timeout_s:g} s", where=f"{where}.timeout_s", mend="use 100ms to 60s; 10s is usual"
        )
    if monitor.least < 0:
        raise InvalidInput("min_samples is below 0", where=f"{where}.min_samples", mend="e.g. min_samples: 50")
    if monitor.least and isinstance(monitor.source, HttpSource | PromqlSource):
        raise InvalidInput(
            "its source does not say how many calls it rests on",
            where=f"{where}.min_samples",
            mend="leave `min_samples` out",
        )
    if not 0 <= (monitor.by_chance or 0.0) <= MOST_BY_CHANCE:
        raise InvalidInput(
            f"by_chance {monitor.by_chance:g} is not in [0, {MOST_BY_CHANCE:g}]",
            where=f"{where}.by_chance",
            mend="e.g. by_chance: 1%",
        )
    if monitor.by_chance and not monitor.of_scores:
        raise InvalidInput(
            "how far it moves by chance is not known",
            where=f"{where}.by_chance",
            mend="leave `by_chance` out; monitors of scores have it",
        )
    if not 1 <= monitor.from_step <= max(1, steps):
        raise InvalidInput(
            f"there is no traffic step {monitor.from_step}",
            where=f"{where}.from_step",
            mend=f"steps are counted from 1 to {steps}",
        )


def _check_thresholds(monitor: Monitor, where: str) -> None:
    known = [(name, one) for name, one in (("alert", monitor.alert), ("critical", monitor.critical)) if one is not None]
    if not known:
        raise InvalidInput(
            "no thresholds", where=where, mend="add at least one: `alert: above 3%` or `critical: above 5%`"
        )
    for name, one in known:
        _check_threshold(monitor, one, f"{where}.{name}")
    if monitor.action in ("pause", "rollback") and monitor.critical is None:
        raise InvalidInput(
            f"`action: {monitor.action}` follows at critical, which has no threshold",
            where=f"{where}.action",
            mend="add `critical: above 5%`, or leave `action` out",
        )
    if monitor.alert is None or monitor.critical is None:
        return
    if monitor.alert.side != monitor.critical.side or not monitor.critical.stricter_than(monitor.alert):
        raise InvalidInput(
            "critical is reached before alert",
            where=f"{where}.critical",
            mend="both on one side, critical further out: `alert: above 3%`, `critical: above 5%`",
        )


def _check_threshold(monitor: Monitor, one: Threshold, where: str) -> None:
    if not (math.isfinite(one.bound) and math.isfinite(one.factor) and one.factor >= 0):
        raise InvalidInput("not a number", where=where, mend="e.g. `above 3%`")
    if not isinstance(monitor.source, MetricSource):
        if one.relative:
            raise InvalidInput(
                "only built-in metrics have a baseline",
                where=where,
                mend="give an absolute threshold, such as `above 3%`, or build the comparison into the query",
            )
        return
    watched = gauge(monitor.source.metric)
    if one.side != ("above" if watched.direction == "lower" else "below"):
        raise InvalidInput(
            f"{watched.name} is better when {watched.direction}",
            where=where,
            mend="use `above` for what should be low, `below` for what should be high",
        )
    scale = REGISTRY[watched.name].measure if monitor.of_scores else None
    if isinstance(scale, Bounded) and not one.relative and not scale.low <= one.bound <= scale.high:
        raise InvalidInput(
            f"{one.bound:g} is not within {scale.low:g} to {scale.high:g}",
            where=where,
            mend=f"{watched.name} lies on that scale: e.g. `{one.side} {scale.low + 0.8 * (scale.high - scale.low):g}`",
        )
    if watched.unit == "share" and not one.relative and not 0 <= one.bound < 1:
        raise InvalidInput(f"{one.bound} is not a share in [0, 1)", where=where, mend="e.g. `above 3%`")
