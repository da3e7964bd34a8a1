"""How a limit stands."""

from __future__ import annotations

import msgspec

from serinus.core.decision.observations import Bucket
from serinus.core.decision.verdict import Verdict


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """How one limit stands. FAIL: the candidate was beyond it in `run` consecutive buckets; `vetoed`: the control
    was too over the same time, all its requests taken together (by bucket, luck would decide). `over_now`: the newest
    bucket is beyond, and not by chance where the limit asks for that. NO_DATA: no bucket had enough requests."""

    index: int
    verdict: Verdict
    vetoed: bool = False
    over_now: bool = False
    run: tuple[Bucket, ...] = ()
