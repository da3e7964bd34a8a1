"""The cyclic garbage collector of a process that serves."""

from __future__ import annotations

import gc

_THRESHOLDS = (50_000, 20, 100)


def settle_collector() -> None:
    """Call it when all that stays is there: it is looked at no more. What comes later makes hardly any cycles, so that
    rare collections suffice; a usual number of them would cost a round of the tick over many releases a fifth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
