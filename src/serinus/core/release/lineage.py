"""Attempts of one lineage: releases of nearly the same content, on the same base, of the same app (statistics 5).

Trying again until chance lets a candidate through would make every promise about chance worthless. So the k-th attempt
is shown non-inferior at β/2^(k−1), and what spoke against the one before it counts on.
"""

from __future__ import annotations

import msgspec


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """`attempt` counts from 1; `earlier` are the ids of the attempts before it, oldest first. `carried` is log E of
    harm at the end of the last of them (0: none, or set aside for the reason `set_aside` that a person gave)."""

    attempt: int = 1
    earlier: tuple[str, ...] = ()
    carried: float = 0.0
    set_aside: str = ""
