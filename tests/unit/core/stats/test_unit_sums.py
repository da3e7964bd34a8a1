"""Sums over units and over hash buckets: exact, mergeable, checked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.stats import unit_sums
from serinus.core.stats.unit_sums import Buckets, Moments

UNITS = st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 10**6)), max_size=8)
PLACES = st.lists(st.integers(0, 10**12), min_size=4, max_size=4).map(tuple)
BUCKETS = st.builds(
    lambda units, x, y: Buckets(units=units, events=units, x=x, y=y), st.integers(0, 10**8), PLACES, PLACES
)


def moments(units: list[tuple[int, int]]) -> Moments:
    """The moments of these (x, y)."""
    return unit_sums.of_units([x for x, _ in units], [y for _, y in units])


@given(UNITS, UNITS, UNITS)
def test_moments_merge_in_any_order(
    a: list[tuple[int, int]], b: list[tuple[int, int]], c: list[tuple[int, int]]
) -> None:
    """Merging is commutative and associative and equals the sums of all units, to the last digit."""
    x, y, z = moments(a), moments(b), moments(c)
    assert x.plus(y).plus(z) == z.plus(y.plus(x)) == moments(a + b + c)


@given(BUCKETS, BUCKETS, BUCKETS)
def test_buckets_merge_in_any_order(a: Buckets, b: Buckets, c: Buckets) -> None:
    """Hosts and batches add to buckets in any order, without reading them."""
    assert a.plus(b).plus(c) == c.plus(b.plus(a))


def test_a_returning_unit_is_one_cluster_in_its_bucket() -> None:
    """Two visits of one unit are squared together in a bucket: (3 + 4)² and not 3² + 4²."""
    first = Buckets(units=1, events=1, x=(3, 0), y=(1, 0))
    again = Buckets(units=0, events=0, x=(4, 0), y=(1, 0))
    found = first.plus(again).moments()
    assert (found.x, found.xx, found.yy, found.xy) == (7, 49, 4, 14)
    assert (found.clusters, found.units) == (2, 1)


def test_means_count_each_unit_once() -> None:
    """Without y every unit weighs one on y's scale."""
    found = unit_sums.of_units([5, 0, 7], y_scale=1)
    assert (found.units, found.events, found.x, found.y, found.xx, found.yy) == (3, 2, 12, 3, 74, 3)


def test_one_unit_is_capped_in_value_and_in_requests() -> None:
    """The first three requests count, each up to the cap: nobody owns the estimate."""
    assert unit_sums.unit_total([50, 900, 10, 10_000], cap=100, most=3) == (160, 3)
    assert unit_sums.unit_total([], cap=100, most=3) == (0, 0)
    with pytest.raises(InvalidInput):
        unit_sums.unit_total([5, -1], cap=100, most=3)


@pytest.mark.parametrize(
    "fields",
    [
        {"units": -1},
        {"clusters": 2, "x": 3, "y": 3, "xx": 1, "yy": 1, "xy": 9},
        {"x_scale": 0},
        {"xx": -4},
    ],
)
def test_sums_that_no_units_have_are_refused(fields: dict[str, int]) -> None:
    """Counters below 0 and products beyond Cauchy and Schwarz are corrupt, not evidence."""
    with pytest.raises(InvalidInput):
        Moments(**fields)


@pytest.mark.parametrize(
    "bad", [{"units": -1}, {"events": -1}, {"y": (5, -1)}, {"x": (1, 2, 3)}, {"x": (1,), "y": (1,)}, {"units": 1.5}]
)
def test_buckets_that_went_backwards_are_refused(bad: dict[str, Any]) -> None:
    """Counters below 0 and layouts that do not fit are corrupt, not evidence."""
    with pytest.raises(InvalidInput):
        Buckets(**({"units": 3, "events": 2, "x": (4, 5), "y": (1, 2)} | bad))


def test_sums_of_unlike_scale_or_layout_do_not_merge() -> None:
    """Dollars are not added to cents, nor 4 buckets to 2."""
    with pytest.raises(InvalidInput):
        unit_sums.of_units([1], x_scale=100).plus(unit_sums.of_units([1]))
    with pytest.raises(InvalidInput):
        Buckets(units=0, events=0, x=(0, 0), y=(0, 0)).plus(Buckets(units=0, events=0, x=(0,) * 4, y=(0,) * 4))
    with pytest.raises(InvalidInput):
        Buckets(units=0, events=0, x=(0, 0), y=(0, 0, 0))
