"""What a chart draws: rows of numbers with their intervals, by arm and bin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

import msgspec

from serinus.console.charts.bins import Bin
from serinus.console.words import odds_text
from serinus.core.decision.wording import usd
from serinus.core.errors import NotFound
from serinus.core.metrics import REGISTRY
from serinus.core.pipeline.plan import Plan
from serinus.core.stats.fixed_sample import wilson

LATENCY = "latency"
REQUESTS = "requests"
COST = "cost"
EVIDENCE = "evidence"
Row = dict[str, Any]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One chart. `rows` have `at` (ms since 1970), `arm`, `value`, and `low`, `high` where there is a band. `limit` is
    drawn across; `summary` says in words what is to be seen. `unit`: `share`, `ms`, `usd`, `calls/s`
    or `odds`. `top` is where the axis ends."""

    name: str
    title: str
    subtitle: str
    unit: str
    rows: tuple[Row, ...]
    summary: str
    top: float
    limit: float | None = None


def names(plan: Plan) -> tuple[str, ...]:
    """The charts of a release: what guards it, what limits it, then speed and traffic."""
    watched = [guardrail.metric for guardrail in plan.guardrails] + [limit.metric for limit in plan.limits]
    return (
        *dict.fromkeys(name for name in watched if name in REGISTRY and REGISTRY[name].event),
        LATENCY,
        COST,
        REQUESTS,
    )


def series(name: str, plan: Plan, found: Sequence[Bin], width_s: int) -> Series:
    """The chart of this name; NotFound for one that the release has not."""
    if name not in names(plan):
        raise NotFound(f"no chart {name!r}", where="chart", mend=f"known: {', '.join(names(plan))}")
    if name == LATENCY:
        return _latency(found, width_s)
    if name == COST:
        return _cost(plan, found, width_s)
    if name == REQUESTS:
        return _requests(found, width_s)
    return _rate(name, plan, found, width_s)


def _rate(name: str, plan: Plan, found: Sequence[Bin], width_s: int) -> Series:
    """Share of calls with an event, with a 95 % Wilson interval for each bin."""
    metric = REGISTRY[name]
    rows, totals = [], {"candidate": (0, 0), "control": (0, 0)}
    for one in found:
        hits = one.events.get(metric.event, 0)
        seen = wilson(hits, one.requests)
        rows.append(
            _row(one, seen.value) | {"low": seen.low, "high": seen.high, "hits": hits, "requests": one.requests}
        )
        before = totals[one.arm.label]
        totals[one.arm.label] = before[0] + hits, before[1] + one.requests
    limit = min((one.bound for one in plan.limits if one.metric == name), default=None)
    return Series(
        name=name,
        title=metric.title.capitalize(),
        subtitle=f"share of calls per {_width(width_s)}, with 95 % bands",
        unit="share",
        rows=tuple(rows),
        summary=_both(totals, lambda hits, calls: f"{hits / calls:.2%} of {calls:,} calls"),
        top=_top(rows, limit),
        limit=limit,
    )


def _latency(found: Sequence[Bin], width_s: int) -> Series:
    """The median, with the band up to the 95th percentile."""
    rows = []
    for one in found:
        middle, high = one.latency.quantile(0.5), one.latency.quantile(0.95)
        if middle is not None and high is not None:
            rows.append(
                _row(one, middle / 1000) | {"low": middle / 1000, "high": high / 1000, "requests": one.requests}
            )
    newest = {row["arm"]: row for row in rows}
    said = [f"{arm} {row['value']:.0f} ms, p95 {row['high']:.0f} ms" for arm, row in sorted(newest.items())]
    return Series(
        name=LATENCY,
        title="Latency",
        subtitle=f"median per {_width(width_s)}, with a band up to the 95th percentile",
        unit="ms",
        rows=tuple(rows),
        summary="Newest: " + "; ".join(said) if said else _NOTHING,
        top=nice(max((row["high"] for row in rows), default=1.0)),
    )


def _cost(plan: Plan, found: Sequence[Bin], width_s: int) -> Series:
    """The mean over the calls whose price is known."""
    rows, totals = [], {"candidate": (0, 0), "control": (0, 0)}
    for one in found:
        if one.priced:
            rows.append(_row(one, one.cost_nano / one.priced / 1e9) | {"requests": one.requests})
            before = totals[one.arm.label]
            totals[one.arm.label] = before[0] + one.cost_nano, before[1] + one.priced
    limit = min((one.bound for one in plan.limits if one.metric == "cost.per_call"), default=None)
    return Series(
        name=COST,
        title="Cost per call",
        subtitle=f"US dollars per {_width(width_s)}, over the calls whose price is known",
        unit="usd",
        rows=tuple(rows),
        summary=_both(totals, lambda nano, calls: f"{usd(nano / calls / 1e9)} over {calls:,} calls")
        if rows or not found
        else "No call has a known price.",
        top=nice(1.1 * max([row["value"] for row in rows] + [limit or 0.0])),
        limit=limit,
    )


def _requests(found: Sequence[Bin], width_s: int) -> Series:
    rows = [_row(one, one.requests / width_s) | {"requests": one.requests} for one in found]
    totals = {arm: sum(one.requests for one in found if one.arm.label == arm) for arm in ("candidate", "control")}
    return Series(
        name=REQUESTS,
        title="Traffic",
        subtitle=f"calls per second in each arm, by {_width(width_s)}",
        unit="calls/s",
        rows=tuple(rows),
        summary="; ".join(f"{arm} {calls:,} calls" for arm, calls in totals.items()) if found else _NOTHING,
        top=nice(max((row["value"] for row in rows), default=1.0)),
    )


def evidence(judged: Sequence[tuple[int, float, float]]) -> Series:
    """Evidence of harm as odds, at each decision (µs, log E, log E needed)."""
    odds = [math.exp(log_e) for _, log_e, _ in judged]
    rows = [{"at": at_us // 1000, "arm": "candidate", "value": odds[i]} for i, (at_us, _, _) in enumerate(judged)]
    needed = math.exp(judged[-1][2])
    return Series(
        name=EVIDENCE,
        title="Evidence of harm",
        subtitle="odds at the start and at each decision; at the dotted line it rolls back",
        unit="odds",
        rows=tuple(rows),
        summary=f"At the last decision {odds_text(judged[-1][1])}; {odds_text(judged[-1][2])} rolls back.",
        top=3 * max(needed, *odds),
        limit=needed,
    )


def shape(drawn: Series) -> str:
    """What must be the same for a chart to be kept while its rows are replaced."""
    return f"{drawn.top:g} {drawn.subtitle} {drawn.limit}"


def _top(rows: Sequence[Row], limit: float | None) -> float:
    """Room for every value, for the limit and for most bands: those of a few calls would flatten all the rest."""
    highs = [row["high"] for row in rows]
    most = [row["value"] for row in rows] + [limit or 0.0, median(highs) if highs else 0.01]
    return min(1.0, nice(1.1 * max(most)))


def nice(value: float) -> float:
    """The next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten."""
    if value <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(value))
    return next((step * size for step in (1, 1.5, 2, 3, 4, 5, 6, 8) if step * size >= value), 10 * size)


_NOTHING = "No calls in this time."


def _row(one: Bin, value: float) -> Row:
    return {"at": one.start_us // 1000, "arm": one.arm.label, "value": value}


def _both(totals: dict[str, tuple[int, int]], said: Any) -> str:
    parts = [f"{arm} {said(hits, calls)}" for arm, (hits, calls) in totals.items() if calls]
    return "Over this time: " + "; ".join(parts) if parts else _NOTHING


def _width(width_s: int) -> str:
    if width_s < 60:
        return f"{width_s} s"
    return f"{width_s // 60} min" if width_s < 3600 else f"{width_s / 3600:g} h"
