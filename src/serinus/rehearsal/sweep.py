"""A power curve: one scenario with its harm at several sizes, from none to more than anybody would miss."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.rehearsal.scenario import Scenario
from serinus.rehearsal.summary import Chance, Summary

POINTS = 7
MOST_POINTS = 50
What = Literal["ratio", "drop"]
_MEND = "write ratio=1.25..4, ratio=1.25,1.5,2,3 or drop=0.01..0.08"


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """`ratio`: of the scenario's effect; `drop`: of its judge. `values` ascend."""

    what: What
    values: tuple[float, ...]


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario at each size, in the order of `values`; fewer summaries when it was interrupted."""

    scenario: str
    title: str
    what: What
    values: tuple[float, ...]
    summaries: tuple[Summary, ...]

    @property
    def stopped(self) -> tuple[Chance, ...]:
        """The chance that a release was stopped, at each size."""
        return tuple(one.steps[-1].rolled_back for one in self.summaries)


def parse_sweep(text: str) -> Sweep:
    """From `ratio=1.25..4` (7 sizes, each as many times larger than the one before), `drop=0.01..0.08` (7 sizes,
    evenly), or sizes one by one; InvalidInput for anything else."""
    what, _, sizes = text.partition("=")
    first, dots, last = sizes.partition("..")
    try:
        found = [float(one) for one in ((first, last) if dots else sizes.split(","))]
    except ValueError:
        found = []
    if what not in ("ratio", "drop") or not found or not all(math.isfinite(one) for one in found):
        raise InvalidInput(f"{text!r} is no sweep", where="--sweep", mend=_MEND)
    if len(found) > MOST_POINTS or found != sorted(set(found)) or (what == "ratio" and found[0] <= 0):
        raise InvalidInput(
            f"{text!r}: sizes ascend, ratios are above 0, and {MOST_POINTS} are enough", where="--sweep", mend=_MEND
        )
    values = _between(found[0], found[1], what == "ratio") if dots else tuple(found)
    return Sweep(what="ratio" if what == "ratio" else "drop", values=values)


def sized(scenario: Scenario, sweep: Sweep, value: float) -> Scenario:
    """The scenario with its harm at this size."""
    name = f"{scenario.name} {sweep.what} {value:.4g}"
    if sweep.what == "drop":
        judge = msgspec.structs.replace(scenario.judge, drop=value, differs=max(scenario.judge.differs, abs(value)))
        return msgspec.structs.replace(scenario, name=name, judge=judge)
    if not scenario.effect:
        raise InvalidInput(
            f"{scenario.name} has no effect whose ratio could change",
            where="--sweep",
            mend="name a scenario with one, as `--scenario failures-x2`",
        )
    effect = (msgspec.structs.replace(scenario.effect[0], ratio=value), *scenario.effect[1:])
    return msgspec.structs.replace(scenario, name=name, effect=effect)


def _between(first: float, last: float, in_proportion: bool) -> tuple[float, ...]:
    parts = [i / (POINTS - 1) for i in range(POINTS)]
    if in_proportion:
        return tuple(round(first * (last / first) ** part, 4) for part in parts)
    return tuple(round(first + (last - first) * part, 6) for part in parts)
