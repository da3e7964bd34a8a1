"""Sums over units for ratio metrics (statistics 4.2): exact integers, merged in any order, at a fixed cost.

A ratio metric is Σx/Σy, for instance cost per request: x is a unit's cost, y how many of its requests count. With y = 1
it is the mean over units. A unit that returns belongs together, so sums are kept per unit or, without having to know a
unit's earlier requests, per hash bucket of units: each bucket is then one independent cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import mul

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.stats.domain import count


class Moments(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the clusters (units, or buckets of units) of one arm in one stratum.

    `units` are people, `clusters` the independent terms, `events` units with x ≠ 0. x is stored times `x_scale`,
    y times `y_scale`. All are exact integers; x may be negative.
    """

    units: int = 0
    clusters: int = 0
    events: int = 0
    x: int = 0
    y: int = 0
    xx: int = 0
    xy: int = 0
    yy: int = 0
    x_scale: int = 1
    y_scale: int = 1

    def __post_init__(self) -> None:
        """Refuse what no data can sum to."""
        for name in ("units", "clusters", "events", "y", "xx", "yy"):
            count(name, getattr(self, name))
        if self.x_scale < 1 or self.y_scale < 1:
            raise InvalidInput("a scale below 1", where="moments", mend="use the metric's integer scale")
        if self.xy * self.xy > self.xx * self.yy:
            raise InvalidInput("sums of products that no units have", where="moments", mend="rebuild the sums")

    def plus(self, other: Moments) -> Moments:
        """The moments of both sets of clusters, which must be disjoint: commutative and associative."""
        if (self.x_scale, self.y_scale) != (other.x_scale, other.y_scale):
            raise InvalidInput("sums of two scales", where="moments", mend="rebuild the sums with one scale")
        return Moments(
            units=self.units + other.units,
            clusters=self.clusters + other.clusters,
            events=self.events + other.events,
            x=self.x + other.x,
            y=self.y + other.y,
            xx=self.xx + other.xx,
            xy=self.xy + other.xy,
            yy=self.yy + other.yy,
            x_scale=self.x_scale,
            y_scale=self.y_scale,
        )


class Buckets(msgspec.Struct, frozen=True, kw_only=True):
    """Sums per hash bucket of units in one arm and stratum; `x` and `y` have one place per bucket.

    `units` and `events` count people exactly. Hosts and batches add to them without reading what is there.
    """

    units: int
    events: int
    x: tuple[int, ...]
    y: tuple[int, ...]
    x_scale: int = 1
    y_scale: int = 1

    def __post_init__(self) -> None:
        """Refuse x and y of unlike or senseless length, and counters that went below 0."""
        if len(self.x) != len(self.y) or len(self.x) < 2:
            raise InvalidInput(
                f"{len(self.x)} and {len(self.y)} buckets", where="buckets", mend="give 256 to 1,024 of each"
            )
        for name, value in (("units", self.units), ("events", self.events), ("y", min(self.y))):
            count(f"buckets.{name}", value)

    def plus(self, other: Buckets) -> Buckets:
        """Both added place by place: commutative and associative."""
        if (len(self.x), self.x_scale, self.y_scale) != (len(other.x), other.x_scale, other.y_scale):
            raise InvalidInput("buckets of two layouts", where="buckets", mend="rebuild the sums with one layout")
        return Buckets(
            units=self.units + other.units,
            events=self.events + other.events,
            x=tuple(a + b for a, b in zip(self.x, other.x, strict=True)),
            y=tuple(a + b for a, b in zip(self.y, other.y, strict=True)),
            x_scale=self.x_scale,
            y_scale=self.y_scale,
        )

    def moments(self) -> Moments:
        """The moments with the bucket as the cluster. An empty bucket is a cluster too: it adds nothing to the sums."""
        return Moments(
            units=self.units,
            clusters=len(self.x),
            events=self.events,
            x=sum(self.x),
            y=sum(self.y),
            xx=sum(map(mul, self.x, self.x)),
            xy=sum(map(mul, self.x, self.y)),
            yy=sum(map(mul, self.y, self.y)),
            x_scale=self.x_scale,
            y_scale=self.y_scale,
        )


def of_units(xs: Iterable[int], ys: Iterable[int] | None = None, *, x_scale: int = 1, y_scale: int = 1) -> Moments:
    """The moments of units with these x, and y or 1 for each."""
    x = list(xs)
    y = [y_scale] * len(x) if ys is None else list(ys)
    return Moments(
        units=len(x),
        clusters=len(x),
        events=sum(1 for value in x if value),
        x=sum(x),
        y=sum(y),
        xx=sum(value * value for value in x),
        xy=sum(a * b for a, b in zip(x, y, strict=True)),
        yy=sum(value * value for value in y),
        x_scale=x_scale,
        y_scale=y_scale,
    )


def unit_total(values: Sequence[int], cap: int, most: int) -> tuple[int, int]:
    """(x, y) of one unit: its first `most` values, each winsorised to `cap`, and how many they are.

    Both limits are set in the plan, the same for both arms, so that no single heavy unit owns the estimate.
    InvalidInput for a negative value: costs, tokens and times have none.
    """
    counted = values[: count("most", most)]
    return sum(min(count("value", value), cap) for value in counted), len(counted)
