"""One traffic level of a rollout."""

from __future__ import annotations

from typing import Literal

import msgspec

Require = Literal["no_harm", "non_inferior"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One traffic level: `share` in (0, 0.5] or 1.0 (the watch: all but the holdback).

    `dwell_s`: seconds with data in both arms and no breach; `min_units`: enrolled units that each arm needs.
    `require` is what must hold to leave it (H5a): `no_harm`, or `non_inferior`: every guardrail shown to be inside its
    margin.
    """

    share: float
    dwell_s: float
    min_units: int = 0
    require: Require = "no_harm"
