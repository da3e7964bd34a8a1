"""Sequential tests on first bad events (statistics 4.1), from counts alone.

Among units with a bad event, the next one is the candidate's with probability θ(r) = πr / (1 − π + πr), where r is
the rate ratio of candidate to control and π the candidate's share of the compared units. E-values: their mean is at
most 1 while r is tolerated, at every time one may look, so that P(E ever ≥ 1/α) ≤ α.
Sources: Lindon & Malek 2022; Lindon, Sanden & Shirikian 2022. Conservative for a tolerated ratio above 1.

Counts are numbers or arrays of them (S1 candidate, S0 control; ≥ 0, exact up to 1e8 and beyond); results are log E.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from serinus.core.stats.beta import Floats, log_upper, log_weight, log_weight_above

Counts = npt.ArrayLike

PRIOR_EVENTS = 10.0
"""k: how many events the prior is worth."""
GRID_POINTS = 40
GRID_RATIO = 6.0


class Margin(NamedTuple):
    """The tolerated ratio r0 and the design ratio r* > r0, the harm for which the test is quickest."""

    max_ratio: float
    design_ratio: float


def candidate_chance(ratio: float, share: float = 0.5) -> float:
    """θ(r): the chance that a bad event is the candidate's."""
    return share * ratio / (1.0 - share + share * ratio)


def harm(candidate: Counts, control: Counts, margin: Margin, prior_events: float = PRIOR_EVENTS) -> Floats:
    """log E against H0: r ≤ r0, for equal shares: the one-sided closed form.

    log E = betaln(a+S1, b+S0) + log(1 − I_θ0(a+S1, b+S0)) − betaln(a, b) − log(1 − I_θ0(a, b))
            − S1 log θ0 − S0 log(1 − θ0),   a = kθ*, b = k(1 − θ*), θ0 = θ(r0), θ* = θ(r*).
    """
    if not 0 < margin.max_ratio < margin.design_ratio:
        raise ValueError(f"design ratio {margin.design_ratio} must be above the tolerated {margin.max_ratio}")
    return _above(candidate, control, margin, prior_events)


def no_harm(candidate: Counts, control: Counts, max_ratio: float, prior_events: float = PRIOR_EVENTS) -> Floats:
    """log E against H0: r ≥ r0, the mirror image: grows as the data show the candidate inside the margin.

    The design ratio is 1: quickest for a candidate as good as the control. `max_ratio` must be above 1; inside a
    margin of 0 nothing can be shown.
    """
    if max_ratio <= 1:
        raise ValueError(f"nothing can be shown inside a margin of {max_ratio}; it must be above 1")
    return _above(control, candidate, Margin(1 / max_ratio, 1.0), prior_events)


def difference(candidate: Counts, control: Counts, ratio: float = 1.0, prior_events: float = PRIOR_EVENTS) -> Floats:
    """log E against H0: r = `ratio`, two-sided, for equal shares.

    log E = betaln(a+S1, b+S0) − betaln(a, b) − S1 log θ0 − S0 log(1 − θ0), a = b = k/2.
    """
    theta = candidate_chance(ratio)
    s1, s0 = _counts(candidate, control)
    half = np.asarray(prior_events / 2)
    return log_weight(half + s1, half + s0, theta) - log_weight(half, half, theta)


def ratio_interval(candidate: int, control: int, alpha: float) -> tuple[float, float]:
    """Confidence sequence of the rate ratio at 1 − α: all r that `difference` has not refuted. For the eye.

    (0, inf) until events are in; holds at all times at once.
    """
    limit = math.log(1 / alpha)
    top = math.log((candidate + 0.5) / (control + 0.5))

    def over(log_ratio: float) -> float:
        return float(difference(candidate, control, math.exp(log_ratio))) - limit

    low = 0.0 if candidate == 0 else math.exp(_root(over, top, -1.0))
    high = math.inf if control == 0 else math.exp(_root(over, top, 1.0))
    return low, high


def harm_in_strata(candidate: Counts, control: Counts, shares: Counts, max_ratio: float) -> float:
    """log E against H0: r ≤ r0 where the candidate's share π_s differs between strata (holdback, several arms).

    Grid mixture over log-ratios g_j, 40 points in (log r0, log max(6, 3 r0)]; a grid that reached below log r0 would
    not be a test of H0:

    log E = logsumexp_j Σ_s [x1_s log(θ_s(g_j)/θ_s(log r0)) + x0_s log((1−θ_s(g_j))/(1−θ_s(log r0)))] − log 40
    """
    return _grid(candidate, control, shares, math.log(max_ratio), math.log(max(GRID_RATIO, 3 * max_ratio)))


def no_harm_in_strata(candidate: Counts, control: Counts, shares: Counts, max_ratio: float) -> float:
    """log E against H0: r ≥ r0 where shares differ: the grid of `harm_in_strata` mirrored below log r0."""
    log_r0 = math.log(max_ratio)
    return _grid(candidate, control, shares, log_r0, log_r0 - math.log(max(GRID_RATIO, 3 * max_ratio)))


def _above(events: Counts, others: Counts, margin: Margin, prior_events: float) -> Floats:
    theta, design = candidate_chance(margin.max_ratio), candidate_chance(margin.design_ratio)
    a, b = np.asarray(prior_events * design), np.asarray(prior_events * (1 - design))
    s1, s0 = _counts(events, others)
    prior = log_weight(a, b, theta) + log_upper(a, b, theta)
    return log_weight_above(a + s1, b + s0, theta) - prior


def _counts(candidate: Counts, control: Counts) -> tuple[Floats, Floats]:
    s1, s0 = np.broadcast_arrays(np.asarray(candidate, float), np.asarray(control, float))
    if np.any(s1 < 0) or np.any(s0 < 0):
        raise ValueError("counts of events are not below 0")
    return s1, s0


def _root(over: Callable[[float], float], inside: float, direction: float) -> float:
    """Where the convex function `over` crosses 0 on one side of `inside`, a point where it is below 0."""
    step = 1.0
    while over(inside + direction * step) < 0:
        step *= 2
    ends = sorted((inside, inside + direction * step))
    return float(optimize.brentq(over, *ends, xtol=1e-9))


def _grid(candidate: Counts, control: Counts, shares: Counts, log_r0: float, log_end: float) -> float:
    x1, x0 = _counts(candidate, control)
    odds = special.logit(np.asarray(shares, float))[:, None]
    points = np.linspace(log_r0, log_end, GRID_POINTS + 1)[1:]
    gain1 = special.log_expit(odds + points) - special.log_expit(odds + log_r0)
    gain0 = special.log_expit(-odds - points) - special.log_expit(-odds - log_r0)
    per_point = np.sum(x1[:, None] * gain1 + x0[:, None] * gain0, axis=0)
    return float(special.logsumexp(per_point) - math.log(GRID_POINTS))
