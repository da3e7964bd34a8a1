"""Releases and observations to judge."""

from __future__ import annotations

from typing import Any

import msgspec

from serinus.core.decision.observations import Bucket, Fleet, Flow, Observations, Units
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import State
from serinus.core.release.transitions import advanced, started

ERROR = "call.error"
PLAN = Plan(
    owner="ada@example.com",
    steps=(
        Step(share=0.05, dwell_s=60, min_units=100),
        Step(share=0.5, dwell_s=60, min_units=100),
        Step(share=1.0, dwell_s=60, min_units=100),
    ),
    guardrails=(Guardrail(metric=ERROR), Guardrail(metric="call.refusal")),
    limits=(Limit(metric=ERROR, above=0.025, buckets=3, bucket_s=60, min_requests=50),),
    alpha=0.01,
)
MINUTE_US = 60_000_000
NOW_US = 1_764_000_000_000_000


def created(plan: Plan = PLAN) -> Release:
    """A release before its start."""
    return Release(
        id="rel_1",
        app="shop",
        seq=0,
        state=State.CREATED,
        candidate="c" * 64,
        control="b" * 64,
        salt="salt",
        plan=plan,
        created_at_us=NOW_US,
        created_by="ada@example.com",
    )


def running(plan: Plan = PLAN, step: int = 0) -> Release:
    """A release on a step (of the watch: watching)."""
    release = started(created(plan), 1, "started")
    for number in range(step):
        release = advanced(release, number + 2, {}, "next")
    return release


def served(release: Release, dwell_ms: int = 60_000, **changes: Any) -> Progress:
    """Progress on the release's step."""
    return msgspec.structs.replace(Progress(release=release.id, step=release.step, dwell_ms=dwell_ms), **changes)


def seen(**changes: Any) -> Observations:
    """All is well: both arms answer, the host ships, 200 units per arm in each stratum, no bad event."""
    well = Observations(
        elapsed_ms=1000,
        candidate=Flow(age_ms=0, seen=True),
        control=Flow(age_ms=0, seen=True),
        fleet=Fleet(live=1, watermark_us=NOW_US),
        units=(Units(0, 200, 200), Units(1, 200, 200)),
        positions={},
        limits=(minutes([0.0] * 5),),
    )
    return msgspec.structs.replace(well, **changes)


def minutes(shares: list[float], control: list[float] | None = None, requests: int = 100) -> tuple[Bucket, ...]:
    """Complete minutes before NOW_US with these shares of errors."""
    first = NOW_US // MINUTE_US - len(shares)
    others = control or [0.0] * len(shares)
    return tuple(
        Bucket((first + i) * MINUTE_US, requests, round(share * requests), requests, round(other * requests))
        for i, (share, other) in enumerate(zip(shares, others, strict=True))
    )
