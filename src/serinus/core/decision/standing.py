"""How a release stands, for people: read from the same sums and judged by the same function as the tick's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from serinus.core.decision.allocation import enrolled_units, judge_sample_ratio
from serinus.core.decision.control_health import begins_us, judge_control, sentence
from serinus.core.decision.explain import told
from serinus.core.decision.harm import Evidence, Harm, judge_harm
from serinus.core.decision.labels import by_metric, silent
from serinus.core.decision.ratios import unit_spreads
from serinus.core.decision.shadow_standing import ShadowStanding, shadow_standing
from serinus.core.fleet import HostStatus, in_time, is_off
from serinus.core.metrics import REGISTRY
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.pipeline.stages import StageResult
from serinus.core.records.label_sums import LabelSums
from serinus.core.records.labels import on_scale
from serinus.core.records.sums import ENROLLED, SHADOW_STRATUM, Sum, SumKey
from serinus.core.records.unit_measures import Spread
from serinus.core.release.release import Positions, Progress, Release
from serinus.core.release.table import SERVING
from serinus.core.routing.assignment import COMPARED, Arm

Sums = Sequence[tuple[SumKey, Sum]]
Spreads = Mapping[tuple[int, str, int], Spread]
NO_SPREADS: Spreads = MappingProxyType({})


class EventStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Units of an arm with at least one event of a metric; `rate` is None without units."""

    metric: str
    units: int
    rate: float | None


class ArmStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One compared arm. `oldest_in_flight_s` is None without any call in flight."""

    arm: str
    units: int
    events: tuple[EventStanding, ...]
    in_flight: int
    oldest_in_flight_s: float | None

    def event(self, metric: str) -> EventStanding | None:
        """What is known of one metric."""
        return next((one for one in self.events if one.metric == metric), None)


class EvidenceStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence of harm by one guardrail: the units that count (with the event, beyond the threshold, or with a value),
    and log E. `text` is all of it as a sentence; the rest as in `harm.Evidence`, values in the metric's `unit`."""

    metric: str
    role: str
    dry_run: bool
    candidate: int
    control: int
    log_e: float
    culprit: bool
    kind: str = "events"
    unit: str = "share"
    no_data: str = ""
    threshold: float | None = None
    candidate_value: float | None = None
    control_value: float | None = None
    text: str = ""


class DwellStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What the step still asks for; the units are those that count for it."""

    served_s: float
    needed_s: float
    min_units: int
    candidate_units: int
    control_units: int


class FollowersStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Which gateway workers follow `revision`; `behind` names the others as `host/instance`."""

    revision: int
    workers: int
    following: int
    leased: int
    behind: tuple[str, ...]


class SampleRatioStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Units per arm that should be equal but for chance, log E against that, and where it pauses."""

    candidate: int
    control: int
    log_e: float
    needed_log_e: float
    verdict: str


class ClockStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A host whose clock is `offset_s` off the store's (negative: behind), too far to count time by."""

    host: str
    offset_s: float


class ControlStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of the live version against its own past: see `control_health.ControlSeen`. `past_hours` with calls
    are known of it, from `past_from_us` on (µs UTC; None: unknown). `text` is all of it as a sentence."""

    metric: str
    calls: int
    events: int
    expected: float
    log_e: float
    needed_log_e: float
    ill: bool
    no_data: str
    past_hours: int
    past_from_us: int | None
    text: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the arms compare now. What nobody knows is None, never 0. `log_e` is the release's evidence of harm and
    `needed_log_e` where it rolls back; `dwell` is None when no candidate is served; `shadow` without a shadow stage.
    `clocks` are those that are wrong. `not_compared` names the metrics and monitors that
    would compare a first release, were there anything in its control arm. `control_health` is empty where no past of
    the live version is known."""

    arms: tuple[ArmStanding, ...]
    evidence: tuple[EvidenceStanding, ...]
    log_e: float
    needed_log_e: float
    dwell: DwellStanding | None
    data_age_s: float | None
    followers: FollowersStanding
    sample_ratio: SampleRatioStanding | None = None
    shadow: ShadowStanding | None = None
    clocks: tuple[ClockStanding, ...] = ()
    not_compared: tuple[str, ...] = ()
    control_health: tuple[ControlStanding, ...] = ()


def standing(
    release: Release,
    progress: Progress | None,
    sums: Sums,
    hosts: Sequence[HostStatus],
    revision: int,
    now_us: int,
    results: Sequence[StageResult] = (),
    spreads: Spreads = NO_SPREADS,
) -> Standing:
    """The standing of a release now; `revision` is the newest snapshot's, `results` those of its stages, whole, and
    `spreads` the sums over units that its guardrails on cost and tokens compare."""
    totals = _totals(sums)
    positions: Positions = {
        guardrail.metric: (totals[guardrail.metric, Arm.CANDIDATE], totals[guardrail.metric, Arm.CONTROL])
        for guardrail in release.plan.guardrails
    }
    most = progress.information if progress else {}
    scores = progress.labels if progress else ()
    renewals = progress.renewals if progress else {}
    harm = judge_harm(release, positions, unit_spreads(sums, spreads), most, scores, renewals)
    units = totals[ENROLLED, Arm.CANDIDATE], totals[ENROLLED, Arm.CONTROL]
    return Standing(
        arms=tuple(_arm(release, arm, totals, hosts) for arm in COMPARED),
        evidence=tuple(
            _evidence(one, rail, harm, units, scores)
            for one, rail in zip(harm.evidence, release.plan.guardrails, strict=True)
        ),
        log_e=harm.log_e,
        needed_log_e=harm.needed,
        dwell=_dwell(release, progress, sums),
        data_age_s=data_age_s(hosts, now_us),
        followers=_followers(release, hosts, revision),
        sample_ratio=_sample_ratio(release, sums),
        shadow=shadow_standing(release, progress, sums, hosts, results),
        clocks=tuple(ClockStanding(host=h.host, offset_s=h.clock_offset_us / 1e6) for h in hosts if is_off(h)),
        not_compared=release.plan.not_compared,
        control_health=_control_health(release, progress),
    )


def _control_health(release: Release, progress: Progress | None) -> tuple[ControlStanding, ...]:
    found = judge_control(release, progress.live if progress else ())
    if found is None:
        return ()
    return tuple(
        ControlStanding(
            metric=one.metric,
            calls=one.calls,
            events=one.events,
            expected=one.expected,
            log_e=one.log_e,
            needed_log_e=found.needed,
            ill=one.metric in found.ill,
            no_data=one.no_data,
            past_hours=past.usual.hours,
            past_from_us=begins_us(past) or None,
            text=sentence(one, past, release.plan.control_ratio),
        )
        for one, past in zip(found.seen, release.past, strict=True)
    )


def data_age_s(hosts: Sequence[HostStatus], now_us: int) -> float | None:
    """Age of the watermark: all records before it are counted; None without hosts."""
    watermark_us = min((host.shipped_until_us for host in in_time(hosts)), default=None)
    return None if watermark_us is None else max(0, now_us - watermark_us) / 1e6


def _sample_ratio(release: Release, sums: Sums) -> SampleRatioStanding | None:
    if not release.exposed or release.plan.first:
        return None
    found = judge_sample_ratio(release, enrolled_units(sums))
    return SampleRatioStanding(
        candidate=found.candidate,
        control=found.control,
        log_e=found.log_e,
        needed_log_e=found.needed,
        verdict=found.verdict.label,
    )


def _evidence(
    one: Evidence, rail: Guardrail, harm: Harm, units: tuple[int, int], scores: Sequence[LabelSums]
) -> EvidenceStanding:
    unsaid = silent(rail, by_metric(scores)) if rail.kind == "events" else ""
    return EvidenceStanding(
        metric=one.metric,
        role=one.role,
        dry_run=one.dry_run,
        candidate=one.candidate,
        control=one.control,
        log_e=one.log_e,
        culprit=one.metric in (*harm.culprits, *harm.signals),
        kind=one.kind,
        unit=REGISTRY[one.metric].unit,
        no_data=one.no_data or unsaid,
        threshold=one.threshold,
        candidate_value=on_scale(one.metric, one.candidate_value),
        control_value=on_scale(one.metric, one.control_value),
        text=told(one, rail, harm.needed, units),
    )


def _totals(sums: Sums) -> Counter[tuple[str, int]]:
    totals: Counter[tuple[str, int]] = Counter()
    for key, value in sums:
        if key.stratum != SHADOW_STRATUM:
            totals[key.metric, key.arm] += value.total
    return totals


def _arm(release: Release, arm: Arm, totals: Counter[tuple[str, int]], hosts: Sequence[HostStatus]) -> ArmStanding:
    units = totals[ENROLLED, arm]
    flights = [f for host in hosts for f in host.in_flight if f.release == release.id and f.arm == arm]
    watched = {guardrail.metric for guardrail in release.plan.guardrails}
    watched |= {limit.metric for limit in release.plan.limits if REGISTRY[limit.metric].event}
    watched |= {metric for metric, _ in totals if metric != ENROLLED}
    watched -= {name for name, found in REGISTRY.items() if found.kind in ("ratio", "score")}
    return ArmStanding(
        arm=arm.label,
        units=units,
        events=tuple(
            EventStanding(metric=metric, units=totals[metric, arm], rate=totals[metric, arm] / units if units else None)
            for metric in sorted(watched)
        ),
        in_flight=sum(f.count for f in flights),
        oldest_in_flight_s=max((f.oldest_ms for f in flights), default=0) / 1000 if flights else None,
    )


def _dwell(release: Release, progress: Progress | None, sums: Sums) -> DwellStanding | None:
    if release.state not in SERVING or release.step < 0:
        return None
    step = release.plan.steps[release.step]
    served_ms = progress.dwell_ms if progress and progress.step == release.step else 0
    # The comparison closes at the watch: no unit enrols there, so all count.
    strata = range(-1, release.step + 1) if release.plan.is_watch(release.step) else (release.step,)
    enrolled = {
        arm: sum(v.total for k, v in sums if k.metric == ENROLLED and k.arm == arm and k.stratum in strata)
        for arm in COMPARED
    }
    return DwellStanding(
        served_s=served_ms / 1000,
        needed_s=step.dwell_s,
        min_units=step.min_units,
        candidate_units=enrolled[Arm.CANDIDATE],
        control_units=enrolled[Arm.CONTROL],
    )


def _followers(release: Release, hosts: Sequence[HostStatus], revision: int) -> FollowersStanding:
    needed = release.final_revision or revision
    workers = [(host.host, worker) for host in hosts for worker in host.workers]
    return FollowersStanding(
        revision=needed,
        workers=len(workers),
        following=sum(worker.acked >= needed for _, worker in workers),
        leased=sum(worker.leased for _, worker in workers),
        behind=tuple(f"{host}/{worker.instance}" for host, worker in workers if worker.acked < needed),
    )
