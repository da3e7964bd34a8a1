"""The provider's rate limit: requests in a window of one minute, told in OpenAI's headers."""

from __future__ import annotations

import math
from collections.abc import Callable

from serinus.sim.chat import WireError

_WINDOW_S = 60.0


class Quota:
    """`limit` requests per minute (0: none is enforced and no header sent), on a monotonic clock in seconds."""

    def __init__(self, limit: int, mono_s: Callable[[], float]) -> None:
        self._limit = limit
        self._mono_s = mono_s
        self._began_s = -math.inf
        self._taken = 0

    def take(self) -> dict[str, str]:
        """Count one request: the headers that tell of it; WireError (429) with `retry-after` above the limit."""
        if self._limit == 0:
            return {}
        now_s = self._mono_s()
        if now_s - self._began_s >= _WINDOW_S:
            self._began_s, self._taken = now_s, 0
        self._taken += 1
        left_s = _WINDOW_S - (now_s - self._began_s)
        headers = {
            "x-ratelimit-limit-requests": str(self._limit),
            "x-ratelimit-remaining-requests": str(max(0, self._limit - self._taken)),
            "x-ratelimit-reset-requests": f"{left_s:.3f}s",
        }
        if self._taken > self._limit:
            headers["retry-after"] = str(math.ceil(left_s))
            raise WireError(
                429,
                f"Rate limit reached: {self._limit} requests per minute.",
                type_="requests",
                code="rate_limit_exceeded",
                headers=headers,
            )
        return headers
