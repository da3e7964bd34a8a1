"""Log-space beta integrals against exact rational arithmetic."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from math import factorial

import numpy as np
import pytest

from serinus.core.stats import beta


def exact(a: int, b: int, theta: Fraction) -> tuple[Decimal, Decimal]:
    """(W, log(1 − I_θ)) for whole a, b by the binomial sum, in 60 digits: no shared step with the code under test."""
    with localcontext() as context:
        context.prec = 60
        t = Decimal(theta.numerator) / Decimal(theta.denominator)
        n = a + b - 1
        term, total = (1 - t) ** n, Decimal(0)
        for j in range(a):
            total += term
            term = term * (n - j) / (j + 1) * t / (1 - t)
        log_b = (Decimal(factorial(a - 1)) * Decimal(factorial(b - 1)) / Decimal(factorial(n))).ln()
        return log_b - a * t.ln() - b * (1 - t).ln(), total.ln()


@pytest.mark.parametrize("theta", [Fraction(1, 2), Fraction(5, 9), Fraction(2, 3)])
@pytest.mark.parametrize(("a", "b"), [(1, 1), (7, 3), (5, 60), (3, 800), (900, 950), (10, 3000), (2500, 1000)])
def test_agrees_with_exact_sums(a: int, b: int, theta: Fraction) -> None:
    """Weight, tail and their sum are exact to 1e-11, also where the tail itself is below 1e-1000."""
    weight, upper = exact(a, b, theta)
    x, y = np.array([float(a)]), np.array([float(b)])
    assert beta.log_weight(x, y, float(theta))[0] == pytest.approx(float(weight), rel=1e-12, abs=1e-11)
    assert beta.log_upper(x, y, float(theta))[0] == pytest.approx(float(upper), rel=1e-12, abs=1e-11)
    assert beta.log_weight_above(x, y, float(theta))[0] == pytest.approx(float(weight + upper), abs=1e-11)


@pytest.mark.parametrize("n", [1e6, 1e8])
def test_no_jump_where_the_deep_tail_takes_over(n: float) -> None:
    """Across the border between both evaluations the weight above θ falls smoothly, at up to 1e8 counts."""
    theta = 5 / 9
    width = 36 * np.sqrt(theta * (1 - theta) / n)
    share = theta - np.linspace(0.9 * width, 1.1 * width, 201)
    values = beta.log_weight_above(share * n, (1 - share) * n, theta)
    deep = beta.log_upper(share * n, (1 - share) * n, theta) < np.log(1e-280)
    assert deep.any()
    assert not deep.all()
    falls = np.diff(values)
    assert np.all(falls < 0)
    assert np.max(np.abs(np.diff(falls))) < 1e-4


def test_balanced_counts_of_1e8_keep_nine_digits() -> None:
    """Where plain log-gamma differences lose digits at 1e8, the weight still follows its asymptotic expansion."""
    n = 1e8
    x = np.array([n / 2])
    expected = 0.5 * np.log(2 * np.pi) - 0.5 * np.log(n) + np.log(2.0) + (1 / 12) * (2 / n + 2 / n - 1 / n)
    assert beta.log_weight(x, x, 0.5)[0] == pytest.approx(expected, abs=1e-9)
