"""One traffic level of a rollout."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.pipeline.population import Population

Require = Literal["no_harm", "non_inferior"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One traffic level: `share` of the app's traffic in (0, 0.5] or 1.0 (the watch: all but the holdback).

    `dwell_s`: seconds with data in both arms and no breach; `min_units`: enrolled units that each arm needs.
    `require` is what must hold to leave it (H5a): `no_harm`, or `non_inferior`: every guardrail shown to be inside its
    margin. `population`: who takes part from this step on, besides those of the steps before (None: everyone);
    `opted_in` names the app's lists whose units get the candidate from this step on, outside the comparison.
    """

    share: float
    dwell_s: float
    min_units: int = 0
    require: Require = "no_harm"
    population: Population | None = None
    opted_in: tuple[str, ...] = ()
