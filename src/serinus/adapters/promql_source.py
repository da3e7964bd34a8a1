"""Instant queries to a Prometheus, by its HTTP API: a scalar, or a vector with one series."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from serinus.adapters.fetch import Fetcher, FetchFault
from serinus.core.monitoring.reading import Measured
from serinus.core.pipeline.monitor import PromqlSource
from serinus.ports.monitors import Question

_PLACE = re.compile(r"\$(app|arm|version|release|window)\b")
_OK = 200
_TOLD_CHARS = 200


def measure_promql(fetcher: Fetcher, asked: Question, source: PromqlSource) -> Measured:
    """What the query gives now. Whatever goes wrong is a fault, and never a number."""
    try:
        answer = fetcher.get(
            f"{source.url.rstrip('/')}/api/v1/query",
            asked.timeout_s,
            source.token_env,
            {"query": filled(source.query, asked), "timeout": f"{asked.timeout_s:g}s"},
        )
    except FetchFault as error:
        return Measured(fault=f"Prometheus: {error}")
    return read_answer(answer.status, answer.body)


def filled(query: str, asked: Question) -> str:
    """The query with its placeholders filled in: names and digests, which need no quoting."""
    window_s = max(1, round((asked.until_us - asked.since_us) / 1e6))
    values = {
        "app": asked.app,
        "arm": asked.arm,
        "version": asked.version,
        "release": asked.release,
        "window": f"{window_s}s",
    }
    return _PLACE.sub(lambda found: values[found[1]], query)


def read_answer(status: int, body: bytes) -> Measured:
    """The number in an answer of `/api/v1/query`."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        return Measured(fault=f"Prometheus answered {status} with no JSON")
    if status != _OK or not isinstance(document, dict) or document.get("status") != "success":
        told = document.get("error", "") if isinstance(document, dict) else ""
        return Measured(fault=f"Prometheus answered {status}: {_line(str(told)) or 'no success'}")
    data = document.get("data")
    kind, result = (data.get("resultType"), data.get("result")) if isinstance(data, dict) else (None, None)
    if kind == "scalar":
        return _number(result)
    if kind == "vector" and isinstance(result, list):
        if not result:
            return Measured()
        if len(result) > 1:
            return Measured(fault=f"the query gives {len(result)} series, not one: aggregate them, such as with sum()")
        return _number(result[0].get("value") if isinstance(result[0], dict) else None)
    return Measured(fault=f"the query gives a {_line(str(kind))}, not a scalar or a vector of one series")


def _number(point: object) -> Measured:
    """The number in `[time, "number"]`. NaN is what a quotient without calls gives: no number, and no fault."""
    if not (isinstance(point, list) and len(point) == 2 and isinstance(point[1], str)):
        return Measured(fault="the query gives no plain number")
    try:
        value = float(point[1])
    except ValueError:
        return Measured(fault="the query gives no plain number")
    if math.isnan(value):
        return Measured()
    return Measured(value=value) if math.isfinite(value) else Measured(fault=f"the query gives {point[1]}")


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:_TOLD_CHARS]
