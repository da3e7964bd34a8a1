"""Log-histograms: error bound, merging, bytes."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import FormatError
from serinus.core.records import histogram

GOLDEN = Path(__file__).parents[3] / "golden" / "histogram.json"
VALUES = st.lists(st.integers(min_value=0, max_value=10**10), max_size=60)


@given(VALUES.filter(bool), st.floats(min_value=0, max_value=1))
def test_a_quantile_is_within_one_percent_of_the_exact_order_statistic(values: list[int], q: float) -> None:
    """The value of rank ⌊q (n − 1)⌋ comes back with at most 1 % relative error."""
    exact = sorted(values)[int(q * (len(values) - 1))]
    found = histogram.of(values).quantile(q)
    assert found is not None
    assert abs(found - exact) <= 0.01 * exact * (1 + 1e-9)


@given(VALUES, VALUES, VALUES)
def test_merging_is_commutative_and_associative_and_equals_the_whole(a: list[int], b: list[int], c: list[int]) -> None:
    """Any order of merging gives the bytes of the histogram of all values."""
    x, y, z = histogram.of(a), histogram.of(b), histogram.of(c)
    whole = histogram.of(a + b + c).encode()
    assert x.merge(y).merge(z).encode() == whole
    assert z.merge(x.merge(y)).encode() == whole
    assert histogram.merge_encoded(histogram.merge_encoded(z.encode(), y.encode()), x.encode()) == whole


@given(VALUES)
def test_encoding_round_trips(values: list[int]) -> None:
    """Decoded bytes give an equal histogram and equal bytes."""
    whole = histogram.of(values)
    assert histogram.decode(whole.encode()) == whole
    assert histogram.decode(whole.encode()).count == len(values)


@given(st.lists(st.integers(0, 10**8), min_size=1, max_size=50), st.integers(0, 10**8), st.floats(0, 1))
def test_a_quantile_is_above_a_bound_when_enough_values_are(values: list[int], bound: int, q: float) -> None:
    """Counting what is above decides as the quantile does: so counts of several histograms may be added instead."""
    found = histogram.of(values)
    quantile = found.quantile(q)
    assert quantile is not None
    assert (found.count - found.above(bound) <= histogram.rank(q, found.count)) == (quantile > bound)


def test_the_empty_histogram_has_no_quantile_and_no_bytes() -> None:
    """No data is an outcome of its own, not zero."""
    assert histogram.EMPTY.quantile(0.5) is None
    assert histogram.EMPTY.encode() == b""
    assert histogram.decode(b"") == histogram.EMPTY


@pytest.mark.parametrize("raw", [b"\xc1", msgspec.msgpack.encode((2, 0, ())), msgspec.msgpack.encode((1, 0, (5,)))])
def test_foreign_bytes_are_refused(raw: bytes) -> None:
    """Garbage, a newer format and an odd list are format errors."""
    with pytest.raises(FormatError):
        histogram.decode(raw)


def test_a_negative_value_is_refused() -> None:
    """Latencies are never negative; one that is points at a fault."""
    with pytest.raises(ValueError, match="zero and more"):
        histogram.of([-1])


def test_golden_vectors() -> None:
    """Bytes and quantiles of fixed values never change within the format."""
    for vector in json.loads(GOLDEN.read_text()):
        made = histogram.of(vector["values"])
        assert made.encode().hex() == vector["encoded"]
        assert [round(made.quantile(q) or 0.0, 6) for q in (0.0, 0.5, 0.99)] == vector["quantiles"]


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_boundary_parts_buckets(value: int, other: int) -> None:
    """Whole numbers above the boundary of a value's bucket lie in higher buckets, and no others do."""
    assert histogram.boundary(value) >= value
    assert (other > histogram.boundary(value)) == (histogram.index_of(other) > histogram.index_of(value))


@given(VALUES, st.one_of(st.integers(0, 10**10), st.sampled_from(sorted(range(1, 60)))))
def test_what_is_above_a_bound_is_counted_in_the_bytes_as_in_the_histogram(values: list[int], bound: int) -> None:
    """For every bound, that of an empty histogram and of values within it too."""
    made = histogram.of(values)
    assert histogram.count_above(made.encode(), bound) == (made.count, made.above(bound))
    for value in values[:5]:
        assert histogram.count_above(made.encode(), value) == (made.count, made.above(value))


@pytest.mark.parametrize("raw", [b"\xc1", msgspec.msgpack.encode((2, 0, ())), msgspec.msgpack.encode((1, 0, (5,)))])
def test_foreign_bytes_are_not_counted(raw: bytes) -> None:
    """As they are not decoded."""
    with pytest.raises(FormatError):
        histogram.count_above(raw, 5)
