"""How latencies lie between the quantiles that are known."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from serinus.core.lint.shape import Shape

LOG_NORMAL = stats.lognorm(s=0.6, scale=900.0)
KNOWN = Shape([(share, float(LOG_NORMAL.ppf(share))) for share in (0.5, 0.95, 0.99)])


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.9, 0.97, 0.999])
def test_a_log_normal_is_met_everywhere(share: float) -> None:
    """Between and beyond the quantiles, both ways."""
    assert KNOWN.value(share) == pytest.approx(LOG_NORMAL.ppf(share), rel=1e-6)
    assert KNOWN.above(float(LOG_NORMAL.ppf(share))) == pytest.approx(1 - share, rel=1e-6)


def test_known_quantiles_are_met_whatever_lies_between_them() -> None:
    """A long tail stays one."""
    long = Shape([(0.5, 100.0), (0.9, 150.0), (0.99, 9000.0)])
    assert [long.value(q) for q in (0.5, 0.9, 0.99)] == pytest.approx([100, 150, 9000])
    assert long.above(9000.0) == pytest.approx(0.01)


def test_more_calls_beyond_the_margin_mean_so_much_longer_ones() -> None:
    """Twice 5 % beyond 1.1 times the p95: the candidate's p90 is there, the control's lies below; the definition of a
    quantile, by the log-normal's own numbers."""
    longer = 1.1 * LOG_NORMAL.ppf(0.95) / LOG_NORMAL.ppf(0.90)
    assert KNOWN.slower(0.95, 1.1, 2.0) == pytest.approx(longer)
    assert float(LOG_NORMAL.sf(1.1 * LOG_NORMAL.ppf(0.95) / longer)) == pytest.approx(0.10)


def test_without_quantiles_it_is_the_usual_spread() -> None:
    """In medians: the p95 is exp(0.6 · 1.645) of them."""
    assert not Shape().known
    assert Shape().value(0.95) == pytest.approx(math.exp(0.6 * stats.norm.ppf(0.95)))
    assert Shape([(0.5, 900.0)]).value(0.95) == pytest.approx(LOG_NORMAL.ppf(0.95))
