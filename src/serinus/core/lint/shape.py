"""How an app's latencies lie: from a few of its quantiles, between which their logarithm grows with the normal's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from scipy import special

USUAL_SPREAD = 0.6
"""Standard deviation of the logarithm where nothing is known: the 95th percentile is 2.7 times the median."""
_LEAST = 1e-9
_Point = tuple[float, float]


class Shape:
    """The distribution with these quantiles (share, ms), both growing; log-normal beyond them, and of the usual spread
    where fewer than two are known."""

    def __init__(self, quantiles: Sequence[tuple[float, float]] = ()) -> None:
        self.known = len(quantiles) >= 2
        points = [(float(special.ndtri(share)), math.log(ms)) for share, ms in quantiles]
        if not points:
            points = [(0.0, 0.0)]
        if len(points) == 1:
            points.append((points[0][0] + 1.0, points[0][1] + USUAL_SPREAD))
        self._points = points

    def value(self, share: float) -> float:
        """What a share of calls in (0, 1) does not exceed, in ms; without any known quantile in medians."""
        z = float(special.ndtri(min(max(share, _LEAST), 1 - _LEAST)))
        (z0, v0), (z1, v1) = self._around(lambda point: point[0] < z)
        return math.exp(v0 + (v1 - v0) * (z - z0) / (z1 - z0))

    def above(self, value: float) -> float:
        """The share of calls that take longer."""
        wanted = math.log(value)
        (z0, v0), (z1, v1) = self._around(lambda point: point[1] < wanted)
        if v1 <= v0:
            return float(special.ndtr(-z1 if wanted > v1 else -z0))
        return float(special.ndtr(-(z0 + (z1 - z0) * (wanted - v0) / (v1 - v0))))

    def slower(self, q: float, margin: float, ratio: float) -> float:
        """So many times longer take the calls of a candidate of which `ratio` times as many are beyond `margin` times
        the control's `q` quantile as of the control are beyond that itself."""
        return margin * self.value(q) / self.value(1 - min(1 - _LEAST, ratio * (1 - q)))

    def _around(self, below: Callable[[_Point], bool]) -> tuple[_Point, _Point]:
        left = sum(1 for point in self._points if below(point))
        left = min(max(left, 1), len(self._points) - 1)
        return self._points[left - 1], self._points[left]
