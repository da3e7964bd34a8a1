"""The mix of what users are handed over to people for: told when it shifts, and nothing else follows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import msgspec

from serinus.core.decision.wording import percent, rarity
from serinus.core.records.categories import OTHERS
from serinus.core.records.sums import ESCALATED_FOR, SHADOW_STRATUM, Sum, SumKey
from serinus.core.release.release import Release
from serinus.core.routing.assignment import Arm
from serinus.core.stats import mix

ALPHA = 0.001
"""Chance of a false alarm in a release."""
DIGITS = 6


class Mix(msgspec.Struct, frozen=True, kw_only=True):
    """Units (candidate, control) by category, the more frequent first, and log E against one mix in both arms. `text`
    says how it has shifted; empty: it has not, as far as is known."""

    categories: tuple[tuple[str, int, int], ...]
    log_e: float
    needed: float
    text: str = ""


def judge_mix(release: Release, sums: Sequence[tuple[SumKey, Sum]]) -> Mix:
    """Of users first handed over while the arms were compared. Each user's first hand-over counts."""
    arms: dict[int, Counter[str]] = {Arm.CANDIDATE: Counter(), Arm.CONTROL: Counter()}
    for key, value in sums:
        name = key.metric.removeprefix(ESCALATED_FOR)
        if name != key.metric and key.arm in arms and key.stratum != SHADOW_STRATUM:
            arms[key.arm][name] += value.total
    candidate, control = (_folded(own, arms[Arm.CANDIDATE] + arms[Arm.CONTROL]) for own in arms.values())
    names = sorted(candidate.keys() | control.keys(), key=lambda name: (-candidate[name] - control[name], name))
    log_e = round(mix.shifted([candidate[name] for name in names], [control[name] for name in names]), DIGITS)
    needed = round(math.log(1 / ALPHA), DIGITS)
    categories = tuple((name, candidate[name], control[name]) for name in names)
    text = _text(categories, log_e) if log_e >= needed else ""
    return Mix(categories=categories, log_e=log_e, needed=needed, text=text)


def _folded(own: Counter[str], both: Counter[str]) -> Counter[str]:
    """By category; those beyond the cells there are, the rarer ones of both arms together, as one."""
    kept = both
    if len(both) > mix.CELLS:
        kept = Counter(dict(sorted(both.items(), key=lambda one: (-one[1], one[0]))[: mix.CELLS - 1]))
    found: Counter[str] = Counter()
    for name, count in own.items():
        found[name if name in kept else OTHERS] += count
    return found


def _text(categories: Sequence[tuple[str, int, int]], log_e: float) -> str:
    candidates, controls = sum(one[1] for one in categories), sum(one[2] for one in categories)

    def shares(one: tuple[str, int, int]) -> tuple[float, float]:
        return one[1] / max(1, candidates), one[2] / max(1, controls)

    most = max(categories, key=lambda one: abs(shares(one)[0] - shares(one)[1]))
    candidate, control = shares(most)
    return (
        f"What users are handed over to people for has shifted: {most[0]} is {percent(candidate)} of the candidate's "
        f"{candidates:,} hand-overs, but {percent(control)} of control's {controls:,}; so unlike in fewer than "
        f"{rarity(log_e)} releases by chance"
    )
