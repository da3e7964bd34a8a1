"""The chance of each event for each call: base rate, drift, outage, and what the candidate does."""

from __future__ import annotations

import numpy as np

from serinus.rehearsal.population import Floats
from serinus.rehearsal.scenario import DAY_S, Drift, Effect, Scenario


def base_chance(scenario: Scenario, name: str, at_s: Floats) -> Floats:
    """On both arms, before any user's own proneness; outages are not in it."""
    rate = next(rate for rate in scenario.rates if rate.metric == name)
    chance = np.full(len(at_s), rate.chance)
    for drift in scenario.drift:
        if drift.metric == name:
            chance = chance * _moved(drift, at_s)
    return chance


def outage_chance(scenario: Scenario, name: str, at_s: Floats) -> Floats:
    """The least chance on both arms: 0 while the provider is well."""
    least = np.zeros(len(at_s))
    for outage in scenario.outages:
        if outage.metric == name:
            within = (at_s >= outage.from_s) & (at_s < outage.from_s + outage.for_s)
            least = np.where(within, np.maximum(least, outage.chance), least)
    return least


def effect_ratio(effect: Effect, begun_s: float, at_s: Floats) -> Floats:
    """How many times the control's chance the candidate's is, for users of the segment, when it began at `begun_s`."""
    since = at_s - begun_s
    grown = np.clip(since / effect.over_s, 0, 1) if effect.over_s else (since >= 0).astype(float)
    return np.asarray(1 + (effect.ratio - 1) * np.where(since >= 0, grown, 0.0))


def _moved(drift: Drift, at_s: Floats) -> Floats:
    since = at_s - drift.from_s
    if drift.kind == "step":
        part = (since >= 0).astype(float)
    elif drift.kind == "linear":
        part = np.clip(since / drift.over_s, 0, 1)
    else:
        part = np.where(since >= 0, (1 - np.cos(2 * np.pi * since / DAY_S)) / 2, 0.0)
    return np.asarray(1 + (drift.factor - 1) * part)
