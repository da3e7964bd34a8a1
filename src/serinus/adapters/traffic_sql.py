"""What the call log counts of an app's traffic, as one question: rows of (what, key, number)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from serinus.adapters.call_sql import Statement
from serinus.core.lint.history import WINDOWS_H, Counted
from serinus.core.records.labels import scale_of

_US_PER_HOUR = 3_600_000_000
_WINDOW = """
SELECT 'distinct' AS what, '{hours}' AS key, count(*) / any_value(whole) AS number FROM (
  SELECT DISTINCT unit, (at_us - first_us) // {us} AS part, (last_us + 1 - first_us) // {us} AS whole
  FROM seen, bounds WHERE at_us < first_us + (last_us + 1 - first_us) // {us} * {us}) HAVING count(*) > 0"""
SHARES = (0.5, 0.9, 0.95, 0.99)
_QUANTILE = """
SELECT '{measure}', '{share}', approx_quantile({measure}_us, {share}) / 1000.0 FROM live WHERE {measure}_us > 0"""
_SPREAD = """
SELECT '{metric}', '{hours}', greatest(0.0, n * (xx / (sx * sx) - 2 * xy / (sx * sy) + yy / (sy * sy))) FROM (
  SELECT count(*) AS n, sum(x) AS sx, sum(y) AS sy, sum(x * x) AS xx, sum(x * y) AS xy, sum(y * y) AS yy FROM (
    SELECT sum(CAST({value} AS DOUBLE)) AS x, CAST(count(*) AS DOUBLE) AS y
    FROM live, bounds WHERE {value} >= 0 AND at_us < first_us + (last_us + 1 - first_us) // {us} * {us}
    GROUP BY unit, (at_us - first_us) // {us})) WHERE sx > 0"""
"""n Σ(x − R y)² / (Σx)² with R = Σx/Σy, over users in whole windows; and n."""
_SPREAD_UNITS = """
SELECT '{metric}_units', '{hours}', count(*) FROM (SELECT DISTINCT unit, (at_us - first_us) // {us}
  FROM live, bounds WHERE {value} >= 0 AND at_us < first_us + (last_us + 1 - first_us) // {us} * {us})"""
_VALUES = {"cost.per_call": "cost_nano", "tokens.per_call": "tokens_out"}
_COUNTS = f"""
SELECT 'first', '', first_us FROM bounds UNION ALL
SELECT 'last', '', last_us FROM bounds UNION ALL
SELECT 'hour', CAST(at_us // {_US_PER_HOUR} AS VARCHAR), count(*) FROM seen GROUP BY at_us // {_US_PER_HOUR} UNION ALL
SELECT 'heaviest', '', max(n) FROM (SELECT count(*) AS n FROM seen GROUP BY unit) UNION ALL
SELECT 'live', '', count(*) FROM live UNION ALL
SELECT 'cost', '', avg(cost_nano) FROM live UNION ALL
SELECT 'event', event, count(*) FROM (SELECT unnest(events) AS event FROM live) GROUP BY event UNION ALL
SELECT 'event', metric, count(DISTINCT call) FROM told WHERE value_micro > 0 GROUP BY metric UNION ALL
SELECT 'score', metric, count(DISTINCT call) FROM told GROUP BY metric UNION ALL
SELECT 'score_mean', metric, avg(value_micro) / 1e6 FROM told GROUP BY metric UNION ALL
SELECT 'score_sd', metric, stddev_pop(value_micro) / 1e6 FROM told GROUP BY metric"""  # noqa: S608 - constants


def traffic_statement(app: str, from_us: int, to_us: int, calls: Sequence[str], scores: Sequence[str]) -> Statement:
    """The question. Copies for the candidate's shadow are nobody's calls; rates are those of the live version."""
    reported = (
        "SELECT call, metric, value_micro FROM read_parquet($scores, union_by_name = true)"
        " WHERE app = $app AND call IN (SELECT call FROM live)"
        if scores
        else "SELECT NULL AS call, NULL AS metric, 0 AS value_micro WHERE false"
    )
    head = (
        "WITH seen AS (SELECT call, unit, at_us, arm, events, cost_nano, tokens_out, latency_us, ttft_us FROM"  # noqa: S608 - constants
        " read_parquet($calls, union_by_name = true)"
        " WHERE app = $app AND at_us >= $from_us AND at_us < $to_us AND arm <> 'shadow'),"
        " bounds AS (SELECT min(at_us) AS first_us, max(at_us) AS last_us FROM seen),"
        " live AS (SELECT * FROM seen WHERE arm IN ('rest', 'control')),"
        f" told AS ({reported})"
    )
    windows = (_WINDOW.format(hours=hours, us=hours * _US_PER_HOUR) for hours in WINDOWS_H)
    values: dict[str, Any] = {"calls": list(calls), "app": app, "from_us": from_us, "to_us": to_us}
    if scores:
        values["scores"] = list(scores)
    quantiles = (_QUANTILE.format(measure=measure, share=share) for measure in ("latency", "ttft") for share in SHARES)
    spreads = (
        part.format(metric=metric, value=value, hours=hours, us=hours * _US_PER_HOUR)
        for metric, value in _VALUES.items()
        for hours in WINDOWS_H
        for part in (_SPREAD, _SPREAD_UNITS)
    )
    return head + _COUNTS + "".join(f" UNION ALL {part}" for part in (*windows, *quantiles, *spreads)), values


def counted(rows: Iterable[tuple[Any, ...]]) -> Counted | None:
    """What the answer says; None when the app had no call."""
    found: dict[str, dict[str, float]] = {}
    for what, key, number in rows:
        if number is not None:
            found.setdefault(what, {})[key] = number
    if "first" not in found:
        return None
    return Counted(
        first_us=int(found["first"][""]),
        last_us=int(found["last"][""]),
        hours={int(hour): int(calls) for hour, calls in found["hour"].items()},
        distinct={int(hours): float(units) for hours, units in found.get("distinct", {}).items()},
        live_calls=int(found["live"][""]),
        live_events={event: int(calls) for event, calls in found.get("event", {}).items()},
        heaviest=int(found["heaviest"][""]),
        cost_nano=found.get("cost", {}).get(""),
        quantiles={
            measure: tuple((float(share), float(ms)) for share, ms in sorted(found[measure].items()))
            for measure in ("latency", "ttft")
            if measure in found
        },
        scores={
            metric: (int(calls), float(found["score_mean"][metric]), float(found["score_sd"][metric]))
            for metric, calls in found.get("score", {}).items()
            if scale_of(metric)
        },
        spreads={
            metric: {
                int(hours): (int(found[f"{metric}_units"][hours]), float(variance))
                for hours, variance in found[metric].items()
            }
            for metric in _VALUES
            if metric in found
        },
    )
