"""How likely so many bad calls are by chance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serinus.core.stats.binomial import tail


@pytest.mark.parametrize(("calls", "share"), [(1, 0.5), (7, 0.025), (50, 0.025), (60, 0.3)])
def test_the_tail_is_the_sum_of_its_terms(calls: int, share: float) -> None:
    """Against the binomial coefficients, one by one."""
    terms = [math.comb(calls, b) * share**b * (1 - share) ** (calls - b) for b in range(calls + 1)]
    for bad in range(calls + 1):
        assert float(tail(bad, calls, share)) == pytest.approx(math.fsum(terms[bad:]), rel=1e-9)


def test_the_ends_are_certain() -> None:
    """Nothing bad is never rare; and what tolerates nothing is never broken by chance."""
    assert tail([0, 0], [0, 100], 0.025).tolist() == [1.0, 1.0]
    assert tail([1, 3], [1, 100], 0.0).tolist() == [0.0, 0.0]
    assert np.all(np.diff(tail(np.arange(101), np.full(101, 100), 0.1)) < 0)
