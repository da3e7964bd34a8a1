"""Domains: what no test takes in."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.stats import domain


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        *((domain.level, value) for value in (0.0, 1.0, -0.1, 1.1, math.nan, math.inf)),
        *((domain.finite, value) for value in (math.nan, math.inf, -math.inf)),
        *((domain.positive, value) for value in (0.0, -1.0, math.nan, math.inf)),
        *((domain.count, value) for value in (-1, 1.5, True, "3")),
    ],
)
def test_values_outside_a_domain_are_refused_by_name(check: Callable[[str, Any], Any], bad: object) -> None:
    """The refusal names the field, the value and what would do."""
    with pytest.raises(InvalidInput) as refusal:
        check("plan.alpha", bad)
    assert refusal.value.where == "plan.alpha"
    assert refusal.value.mend


def test_values_inside_a_domain_come_back_unchanged() -> None:
    """Nothing is bent to fit."""
    assert domain.level("a", 0.05) == 0.05
    assert domain.finite("a", -3.0) == -3.0
    assert domain.positive("a", 1e-300) == 1e-300
    assert domain.at_least("a", 2, 2) == 2
    assert domain.count("a", 10**12) == 10**12
    assert domain.design_ratio(1.0, 2.0) == 2.0


@pytest.mark.parametrize(
    ("tolerated", "design"), [(1.0, 1.0), (2.0, 1.5), (0.0, 2.0), (math.nan, 2.0), (1.0, math.inf)]
)
def test_a_design_ratio_is_above_the_tolerated_one(tolerated: float, design: float) -> None:
    """Harm that is tolerated cannot be what the test is tuned to find."""
    with pytest.raises(InvalidInput):
        domain.design_ratio(tolerated, design)


def test_at_least_refuses_what_is_below() -> None:
    """The least value is itself allowed, NaN is not."""
    for value in (1.999, math.nan):
        with pytest.raises(InvalidInput):
            domain.at_least("a", value, 2)
