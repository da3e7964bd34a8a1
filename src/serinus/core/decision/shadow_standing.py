"""How a shadow stage stands, for people: judged by the same function as the tick's, or as its result has it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from serinus.core.decision.shadow import PairedEvent, PairedLimit, PairedMeasure, Shadowing, judge_shadow
from serinus.core.decision.shadow_dwell import shadow_stage
from serinus.core.decision.shadow_gate import PairEvidence, lacking
from serinus.core.fleet import HostStatus
from serinus.core.pipeline import peak
from serinus.core.pipeline.stages import ShadowStage, StageResult
from serinus.core.records.pair_totals import pair_totals
from serinus.core.records.sums import Sum, SumKey
from serinus.core.release.release import Progress, Release, ShadowProgress
from serinus.core.release.table import SERVING


class EventRates(msgspec.Struct, frozen=True, kw_only=True):
    """One event metric with the share of pairs that have it on each side; None without pairs."""

    pairs: PairedEvent
    candidate_rate: float | None
    baseline_rate: float | None


class ShadowStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A shadow stage as it stands now, or as it ended (`outcome`; empty: it runs). `lacking` are sentences with
    numbers; `sent` and `dropped` count copies of requests since the present workers started."""

    stage: str
    attempt: int
    outcome: str
    units: int
    min_units: int
    served_s: float
    needed_s: float
    peak: str
    peak_units: int
    peak_needed: int
    events: tuple[EventRates, ...]
    measures: tuple[PairedMeasure, ...]
    limits: tuple[PairedLimit, ...]
    log_e: float
    needed_log_e: float
    sent: int
    dropped: int
    lacking: tuple[str, ...] = ()


def shadow_standing(
    release: Release,
    progress: Progress | None,
    sums: Sequence[tuple[SumKey, Sum]],
    hosts: Sequence[HostStatus],
    results: Sequence[StageResult],
) -> ShadowStanding | None:
    """The stage that the release is in, or else the last one that has a result; None when there is neither."""
    stage = shadow_stage(release) if release.state in SERVING else None
    if stage is None:
        return _ended(release, results)
    workers = [worker for host in hosts for worker in host.workers]
    found = judge_shadow(release, stage, _own(release, progress, sums))
    return _shown(
        stage,
        found,
        "",
        sum(worker.mirror_sent for worker in workers),
        sum(worker.mirror_dropped for worker in workers),
        lacking(stage, found),
    )


def _own(release: Release, progress: Progress | None, sums: Sequence[tuple[SumKey, Sum]]) -> ShadowProgress:
    """The attempt with what came since the tick's last round. Before its first round nothing is known of a later
    attempt: all pairs until then are not its own."""
    totals, stored = pair_totals(sums), progress.shadow if progress else None
    stage, attempt = release.stage, release.attempt_of(release.stage)
    if stored is not None and (stored.stage, stored.attempt) == (stage, attempt):
        return msgspec.structs.replace(stored, totals=totals)
    own = ShadowProgress(stage=stage, attempt=attempt, totals=totals)
    return own if stored is None and attempt <= 1 else msgspec.structs.replace(own, floor=totals)


def _ended(release: Release, results: Sequence[StageResult]) -> ShadowStanding | None:
    for result in sorted(results, key=lambda one: (one.stage, one.attempt), reverse=True):
        stage = release.plan.stages[result.stage] if result.stage < len(release.plan.stages) else None
        if isinstance(stage, ShadowStage) and result.evidence:
            kept = msgspec.json.decode(result.evidence, type=PairEvidence)
            return _shown(kept.criteria, kept.shadow, result.outcome, kept.sent, kept.dropped, [])
    return None


def _shown(
    stage: ShadowStage, found: Shadowing, outcome: str, sent: int, dropped: int, missing: list[str]
) -> ShadowStanding:
    return ShadowStanding(
        stage=stage.name,
        attempt=found.attempt,
        outcome=outcome,
        units=found.units,
        min_units=stage.min_units,
        served_s=found.dwell_s,
        needed_s=stage.dwell_s,
        peak=peak.words(stage.peak) if stage.peak else "",
        peak_units=found.peak_units,
        peak_needed=stage.peak.min_units if stage.peak else 0,
        events=tuple(_rates(one) for one in found.events),
        measures=found.measures,
        limits=found.limits,
        log_e=found.log_e,
        needed_log_e=found.needed,
        sent=sent,
        dropped=dropped,
        lacking=tuple(missing),
    )


def _rates(one: PairedEvent) -> EventRates:
    units = one.units
    return EventRates(
        pairs=one,
        candidate_rate=(one.candidate_only + one.both) / units if units else None,
        baseline_rate=(one.baseline_only + one.both) / units if units else None,
    )
