"""Logarithms of beta integrals, exact to about 1e-9 up to counts of 1e8, where the plain functions underflow.

With W(A, B; θ) = log B(A, B) − A log θ − B log(1−θ), a posterior mixture weight is a difference of two W: the large
parts of log B and of the log-likelihood cancel inside W by Stirling's formula instead of in floating point.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

_HALF_LOG_2PI = 0.9189385332046727
_TINY = 1e-280  # below this the regularised integral loses digits to denormal numbers
_ROUNDS = 400
_CONVERGED = 4e-16


def log_weight(a: Floats, b: Floats, theta: float) -> Floats:
    """W(a, b; θ) = log[B(a, b) θ^−a (1−θ)^−b] for a, b > 0 and θ in (0, 1).

    DLMF 5.11.1 for log Γ; the correction series is cut where it is below 1e-17.
    """
    n = a + b
    off = a * (1.0 - theta) - b * theta  # a − nθ, without cancellation for a ≈ nθ
    weight: Floats = (
        _HALF_LOG_2PI
        + (a - 0.5) * np.log1p(off / (n * theta))
        + (b - 0.5) * np.log1p(-off / (n * (1.0 - theta)))
        - 0.5 * (np.log(n) + np.log(theta) + np.log1p(-theta))
        + _stirling(a)
        + _stirling(b)
        - _stirling(n)
    )
    return weight


def log_upper(a: Floats, b: Floats, theta: float) -> Floats:
    """log(1 − I_θ(a, b)): the log-probability that a Beta(a, b) variable exceeds θ. Never underflows.

    In the deep tail (a far below (a+b)θ) by the continued fraction of I_{1−θ}(b, a), DLMF 8.17.22.
    """
    upper = special.betaincc(a, b, theta)
    with np.errstate(divide="ignore"):
        result = np.where(upper < 0.5, np.log(upper), np.log1p(-special.betainc(a, b, theta)))
    deep = upper < _TINY
    if np.any(deep):
        result = np.array(result)
        result[deep] = -_deep(b[deep], a[deep], 1.0 - theta) - log_weight(a[deep], b[deep], theta)
    return np.asarray(result)


def log_weight_above(a: Floats, b: Floats, theta: float) -> Floats:
    """W(a, b; θ) + log(1 − I_θ(a, b)): the weight of the part of the mixture above θ. In the deep tail both are huge
    and cancel exactly, leaving a continued fraction."""
    upper = special.betaincc(a, b, theta)
    deep = upper < _TINY
    result: Floats = np.empty_like(upper)
    plain = ~deep
    result[plain] = log_weight(a[plain], b[plain], theta) + log_upper(a[plain], b[plain], theta)
    if np.any(deep):
        result[deep] = -_deep(b[deep], a[deep], 1.0 - theta)
    return result


def _stirling(x: Floats) -> Floats:
    """log Γ(x) − [(x − ½) log x − x + ½ log 2π]."""
    small = np.minimum(x, 16.0)
    direct = special.gammaln(small) - ((small - 0.5) * np.log(small) - small + _HALF_LOG_2PI)
    y = 1.0 / np.maximum(x, 16.0)
    z = y * y
    series = y * (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z * (1 / 1188 - z * 691 / 360360)))))
    return np.asarray(np.where(x < 16.0, direct, series))


def _deep(p: Floats, q: Floats, x: float) -> Floats:
    """log of p times the fraction f with I_x(p, q) = x^p (1−x)^q / (p B(p, q) f), for x far below p/(p+q).

    Modified Lentz evaluation; deep in the tail it settles within tens of rounds.
    """
    c = np.ones_like(p)
    d = 1.0 / (1.0 - (p + q) * x / (p + 1.0))
    f = d.copy()
    for m in range(1, _ROUNDS):
        even = m * (q - m) * x / ((p + 2 * m - 1) * (p + 2 * m))
        odd = -(p + m) * (p + q + m) * x / ((p + 2 * m) * (p + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / (1.0 + term * d)
            c = 1.0 + term / c
            f = f * (d * c)
        if np.all(np.abs(d * c - 1.0) < _CONVERGED):
            break
    return np.asarray(np.log(p) - np.log(f))
