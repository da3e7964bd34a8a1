"""Look at a shadow stage: what its pairs say, how its calls come in, and whether the peak window lasts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from serinus.control.peak_hours import peak_since_us
from serinus.core.decision.observations import Flow, ShadowSeen
from serinus.core.decision.shadow_dwell import shadow_stage
from serinus.core.fleet import HostStatus
from serinus.core.records.pair_totals import pair_totals
from serinus.core.records.sums import Sum, SumKey
from serinus.core.release.release import Release


def observe_shadow(
    release: Release, sums: Sequence[tuple[SumKey, Sum]], flow: Flow, live: Iterable[HostStatus], watermark_us: int
) -> ShadowSeen | None:
    """What one round sees of it; None outside of shadow stages. Copies are counted since each worker started."""
    stage = shadow_stage(release)
    if stage is None:
        return None
    workers = [worker for status in live for worker in status.workers]
    return ShadowSeen(
        totals=pair_totals(sums),
        flow=flow,
        sent=sum(worker.mirror_sent for worker in workers),
        dropped=sum(worker.mirror_dropped for worker in workers),
        peak_since_us=peak_since_us(stage, watermark_us) if watermark_us else 0,
    )
