"""One decision from many e-values (statistics 5): weighted means keep the guarantee, and e-Holm names culprits."""

from __future__ import annotations

import math
from collections.abc import Sequence

FIRST_RESTART = 0.5
_ENOUGH = 600.0  # a smaller e-value is one too, and this one has a float


def restart_weights(steps: int) -> tuple[float, ...]:
    """The weights v_s of the evidence restarted at each of `steps` compared steps; fixed with the plan, sum 1.

    Half goes to the process over the whole release, since a bad version is mostly bad from the start; the rest is
    shared by the later ones, which see harm that begins late.
    """
    if steps < 1:
        raise ValueError("a release compares at least one step")
    if steps == 1:
        return (1.0,)
    return (FIRST_RESTART, *([(1 - FIRST_RESTART) / (steps - 1)] * (steps - 1)))


def mixed(log_e: Sequence[float], weights: Sequence[float]) -> float:
    """log Σ w_i E_i, for weights > 0 that sum to at most 1. Missing data are E = 1, log E = 0."""
    if len(log_e) != len(weights):
        raise ValueError(f"{len(log_e)} e-values and {len(weights)} weights")
    if not log_e:
        return 0.0
    top = max(log_e)
    return top + math.log(math.fsum(w * math.exp(e - top) for e, w in zip(log_e, weights, strict=True)))


def normalised(weights: Sequence[float]) -> tuple[float, ...]:
    """The weights scaled to sum 1."""
    total = math.fsum(weights)
    return tuple(weight / total for weight in weights)


def culprits(log_e: Sequence[float], weights: Sequence[float], alpha: float) -> tuple[int, ...]:
    """Indices refuted by e-Holm at familywise level α: k is named when every weighted mean over a set that holds k
    is at least 1/α (closure of the weighted mean; Vovk & Wang 2021, section 5)."""
    values = [math.exp(min(e, _ENOUGH)) for e in log_e]
    rising = sorted(range(len(values)), key=lambda i: values[i])
    return tuple(k for k in range(len(values)) if _least_mean(k, values, weights, rising) >= 1 / alpha)


def _least_mean(k: int, values: Sequence[float], weights: Sequence[float], rising: Sequence[int]) -> float:
    total, weight = values[k] * weights[k], weights[k]
    for i in rising:
        if i == k:
            continue
        if values[i] * weight >= total:
            break
        total, weight = total + weights[i] * values[i], weight + weights[i]
    return total / weight
