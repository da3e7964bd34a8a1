"""A live judge: a model that grades a sample of an app's live answers, and what it may cost."""

from __future__ import annotations

from typing import Any

import msgspec

from serinus.core.judging.answer import Price
from serinus.core.judging.scorers import Judge

SHARE = 0.02
AT_LEAST = 100
"""The house's: 2 % is the floor, raised for both arms alike until each has so many judged calls in an hour (I)."""


class LiveJudge(msgspec.Struct, frozen=True, kw_only=True):
    """`judge` grades the answers of `share` of the calls, by the hash of the call's id; its grades are scores of
    `metric`. While a release runs, all calls of both arms whose texts are kept are judged until each arm has
    `at_least` in the hour (0: the share alone).

    `calibration` is the JSON tree of core.judging.calibration: without one that carries the judge nothing may act on
    the metric. `limit_usd_per_day` 0: none; `price` None: that of the endpoint, or the list's. `tries`: how often a
    request is sent in all before the call goes back to the queue. The limits of rate are those of one worker.
    """

    metric: str
    judge: Judge
    calibration: dict[str, Any] | None = None
    share: float = SHARE
    at_least: int = AT_LEAST
    limit_usd_per_day: float = 0.0
    price: Price | None = None
    concurrency: int = 8
    requests_per_minute: float = 0.0
    timeout_s: float = 60.0
    tries: int = 4
