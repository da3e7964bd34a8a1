"""HTTP checks: does it answer as it should, or which number does it answer with?"""

from __future__ import annotations

import json
import math
from typing import Any

from serinus.adapters.fetch import Fetcher, FetchFault
from serinus.core.monitoring.reading import Measured
from serinus.core.pipeline.monitor import HttpSource
from serinus.ports.monitors import Question


def measure_http(fetcher: Fetcher, asked: Question, source: HttpSource) -> Measured:
    """1 or 0 for an answer of the declared status or another one; with a pointer the number there. A check that could
    not be made is a fault: whether the other side or the way to it is broken, nobody knows."""
    try:
        answer = fetcher.get(source.url, asked.timeout_s, source.token_env)
    except FetchFault as error:
        return Measured(fault=f"the check could not be made: {error}")
    if not source.pointer:
        return Measured(value=float(answer.status == source.status))
    if answer.status != source.status:
        return Measured(fault=f"it answered {answer.status}, not {source.status}")
    try:
        document: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        return Measured(fault="it answered with no JSON")
    return number_at(document, source.pointer)


def number_at(document: Any, pointer: str) -> Measured:
    """The number at a JSON pointer (RFC 6901); true is 1, false 0, null no number."""
    place = document
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(place, dict) and name in place:
            place = place[name]
        elif isinstance(place, list) and name.isascii() and name.isdecimal() and int(name) < len(place):
            place = place[int(name)]
        else:
            return Measured(fault=f"its answer has nothing at {pointer}")
    if place is None:
        return Measured()
    if isinstance(place, int | float) and math.isfinite(place):
        return Measured(value=float(place))
    return Measured(fault=f"what it answers at {pointer} is no number")
