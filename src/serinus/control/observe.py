"""Look at a release: read sums, rollups and host reports from the stores, and fold them into what was seen before.

No network but the stores', and no work that grows with calls or units: one row per stratum, metric and arm, and a
bounded window of rollups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from serinus.control.mirror import mirror_of
from serinus.control.observe_labels import observe_labels, ripe_labels
from serinus.control.observe_live import live_window, observe_live, remeasured
from serinus.control.observe_scores import score_buckets, score_windows
from serinus.control.observe_shadow import observe_shadow
from serinus.control.observe_units import (
    HISTOGRAMS,
    asks_spreads,
    first_yardsticks,
    observe_spreads,
    yardstick_window,
)
from serinus.control.reads import Reads, Wanted, Window
from serinus.core.decision.allocation import enrolled_units
from serinus.core.decision.buckets import limit_buckets, weighed_fields
from serinus.core.decision.observations import Bucket, Fleet, Flow, Observations
from serinus.core.decision.sightings import ArmSight, HostSight, see_arm, see_host
from serinus.core.fleet import HostStatus, in_time, is_mute
from serinus.core.pipeline.app import AppState
from serinus.core.records.sums import ESCALATED_FOR, SHADOW_STRATUM, Sum, SumKey
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import SERVING
from serinus.core.routing.assignment import Arm

LATE_S = 5.0
"""A host that reports or ships nothing for so long stops every dwell."""
LEASE_MARGIN_S = 2.0
"""Beyond the lease: a host may renew it once more after the last report that the store shows."""
GROWTH_WINDOW_S = 10
LARGEST_SKEW_S = 60
"""Host clocks further apart than this are not followed when looking for new answers."""
EXTRA_BUCKETS = 10
"""How far beyond its own length a limit looks back: buckets that became complete while no round looked."""

_US = 1_000_000
_NS_PER_MS = 1_000_000

Hosts = dict[str, HostSight]


class ReleaseSight(msgspec.Struct, frozen=True, kw_only=True):
    """What this process saw of a release: both arms' answers, and when its last full round was. `awaited`: answers
    were to be expected by then, since users saw the candidate and nothing held it; `mirroring`: of shadow calls."""

    candidate: ArmSight
    control: ArmSight
    shadow: ArmSight
    round_ns: int
    awaited: bool = False
    mirroring: bool = False


def see_hosts(before: Mapping[str, HostSight], reports: Iterable[HostStatus], now_ns: int) -> Hosts:
    """All hosts that the store knows, with when they last changed."""
    return {report.host: see_host(before.get(report.host), report, now_ns) for report in reports}


def observe_ending(release: Release, hosts: Hosts, now_ns: int) -> Observations:
    """What confirms a rollback or abort: only the hosts matter."""
    flow = Flow(age_ms=0, seen=False)
    return Observations(elapsed_ms=0, candidate=flow, control=flow, fleet=_fleet(release, hosts, now_ns))


def wanted(
    release: Release, hosts: Hosts, now_ns: int, stored: Progress | None = None, before: ReleaseSight | None = None
) -> Wanted:
    """All that `observe_release` will read of a release, so that it can be read for all of them together: it is asked
    when the transaction is over."""
    live = [hosts[name].status for name in _live(release, hosts, now_ns)]
    watermark_us = min((status.shipped_until_us for status in in_time(live)), default=0)
    windows = _limit_windows(release, watermark_us)
    first = yardstick_window(release, watermark_us, before.round_ns if before else 0, now_ns)
    if first is not None:
        windows = {**windows, first: windows.get(first, frozenset()) | HISTOGRAMS}
    return Wanted(
        release=release.id,
        growth=_growth_window(live),
        limits=windows,
        spreads=asks_spreads(release.plan),
        labels=ripe_labels(release, stored, watermark_us),
        live=live_window(release, stored, watermark_us),
        scores=score_windows(release, watermark_us),
    )


def observe_release(
    reads: Reads,
    release: Release,
    app: AppState | None,
    hosts: Hosts,
    before: ReleaseSight | None,
    now_ns: int,
    stored: Progress | None = None,
    heard_ns: int | None = None,
) -> tuple[Observations, ReleaseSight]:
    """What one round sees of a serving release, and the sight to hand to the next round. Labels are read on from where
    `stored` stands. `heard_ns`: when any host reported last, or this control began to look."""
    fleet = _fleet(release, hosts, now_ns, heard_ns)
    sights = [hosts[name] for name in _live(release, hosts, now_ns)]
    live = [one.status for one in sights]
    sight = _see_arms(reads, release, before, live, now_ns)
    sums = reads.sums(release.id)
    unread = live_window(release, stored, fleet.watermark_us)
    seen = Observations(
        elapsed_ms=(now_ns - before.round_ns) // _NS_PER_MS if before else 0,
        candidate=_flow(sight.candidate, release, Arm.CANDIDATE, sights, now_ns),
        control=_flow(sight.control, release, Arm.CONTROL, sights, now_ns),
        fleet=fleet,
        units=enrolled_units(sums),
        positions=_positions(sums),
        limits=_limit_buckets(reads, release, fleet.watermark_us),
        dropped={w.instance: w.dropped for status in live for w in status.workers if w.dropped},
        override=app.override if app else None,
        spreads=observe_spreads(release.plan, reads, release.id),
        labels=observe_labels(reads, release, stored, fleet.watermark_us),
        live=observe_live(reads, release, unread),
        live_until_us=unread.to_us if unread else 0,
        remeasured=remeasured(release, app),
        yardsticks=first_yardsticks(reads, release, fleet.watermark_us, before.round_ns if before else 0, now_ns),
        shadow=observe_shadow(
            release, sums, _flow(sight.shadow, release, Arm.SHADOW, sights, now_ns), live, fleet.watermark_us
        ),
    )
    return seen, sight


def _lapsed(release: Release, beat_ns: int, now_ns: int) -> bool:
    return now_ns - beat_ns > (release.plan.lease_s + LEASE_MARGIN_S) * 1e9


def _live(release: Release, hosts: Hosts, now_ns: int) -> list[str]:
    """Hosts whose lease may still hold. A silent one's has run out: it serves no candidate and is not waited for."""
    return sorted(name for name, host in hosts.items() if not _lapsed(release, host.beat_ns, now_ns))


def _fleet(release: Release, hosts: Hosts, now_ns: int, heard_ns: int | None = None) -> Fleet:
    live = _live(release, hosts, now_ns)
    quiet_s = {name: (now_ns - min(hosts[name].beat_ns, hosts[name].shipped_ns)) / 1e9 for name in live}
    unshipped_s = {name: (now_ns - hosts[name].shipped_ns) / 1e9 for name in live}
    ending = release.state not in SERVING
    return Fleet(
        live=len(live),
        awaited=not live and heard_ns is not None and not _lapsed(release, heard_ns, now_ns),
        watermark_us=min((one.shipped_until_us for one in in_time([hosts[name].status for name in live])), default=0),
        late=tuple(name for name in live if quiet_s[name] > LATE_S),
        stuck=tuple(name for name in live if unshipped_s[name] > release.plan.freshness_s),
        mute=tuple(n for n in live if release.plan.first and is_mute(hosts[n].status)),
        unconfirmed=tuple(n for n in live if ending and not _follows(hosts[n].status, release.final_revision)),
    )


def _follows(status: HostStatus, revision: int) -> bool:
    return all(worker.acked >= revision for worker in status.workers)


def _growth_window(live: list[HostStatus]) -> Window | None:
    """Where new answers are looked for; nowhere without hosts."""
    if not live:
        return None
    marks_us = [status.shipped_until_us for status in in_time(live)]
    newest_s, oldest_s = max(marks_us) // _US, min(marks_us) // _US
    from_s = max(oldest_s, newest_s - LARGEST_SKEW_S) - GROWTH_WINDOW_S
    return Window(1, from_s * _US, (newest_s + LARGEST_SKEW_S) * _US)


def _see_arms(
    reads: Reads, release: Release, before: ReleaseSight | None, live: list[HostStatus], now_ns: int
) -> ReleaseSight:
    window = _growth_window(live)
    counts = reads.answered(release.id, window) if window else {}
    from_us = window.from_us if window else 0
    awaited = release.exposed and release.hold is None
    # A silence before exposure, or in a pause that has ended, is nobody's.
    anew = before is not None and awaited and not before.awaited
    mirroring = mirror_of(release) is not None
    mirrored_anew = before is not None and mirroring and not before.mirroring
    return ReleaseSight(
        candidate=see_arm(before.candidate if before else None, counts.get(Arm.CANDIDATE, {}), from_us, now_ns, anew),
        control=see_arm(before.control if before else None, counts.get(Arm.CONTROL, {}), from_us, now_ns, anew),
        shadow=see_arm(before.shadow if before else None, counts.get(Arm.SHADOW, {}), from_us, now_ns, mirrored_anew),
        round_ns=now_ns,
        awaited=awaited,
        mirroring=mirroring,
    )


def _flow(sight: ArmSight, release: Release, arm: Arm, live: list[HostSight], now_ns: int) -> Flow:
    waiting = [host.flying[release.id, arm] for host in live if (release.id, arm) in host.flying]
    return Flow(
        age_ms=(now_ns - sight.grew_ns) // _NS_PER_MS,
        seen=sight.seen,
        in_flight=sum(count for count, _ in waiting),
        oldest_ms=max((oldest_ms for _, oldest_ms in waiting), default=0),
    )


def _positions(sums: list[tuple[SumKey, Sum]]) -> dict[str, tuple[int, int]]:
    found: dict[str, list[int]] = {}
    for key, value in sums:
        named = key.metric.startswith(ESCALATED_FOR)  # by callers, and no event that a guardrail could compare
        if not named and key.stratum != SHADOW_STRATUM and key.arm in (Arm.CANDIDATE, Arm.CONTROL):
            found.setdefault(key.metric, [0, 0])[key.arm == Arm.CONTROL] += value.total
    return {name: (pair[0], pair[1]) for name, pair in sorted(found.items())}


def _limit_windows(release: Release, watermark_us: int) -> dict[Window, frozenset[str]]:
    """The windows of the plan's limits, one for each width, and the fields of rollups that they weigh."""
    limits = [limit for limit in release.plan.limits if not limit.of_scores] if watermark_us else []
    found: dict[Window, frozenset[str]] = {}
    for width_s in {limit.bucket_s for limit in limits}:
        own = [limit for limit in limits if limit.bucket_s == width_s]
        end = watermark_us // (width_s * _US)
        start = end - max(limit.buckets for limit in own) - EXTRA_BUCKETS
        window = Window(width_s, start * width_s * _US, end * width_s * _US)
        found[window] = frozenset[str]().union(*(weighed_fields(limit) for limit in own))
    return found


def _limit_buckets(reads: Reads, release: Release, watermark_us: int) -> tuple[tuple[Bucket, ...], ...]:
    """For each limit its complete buckets behind the watermark; none when no host ships."""
    rollups = {
        window.width_s: reads.rollups(release.id, window, fields)
        for window, fields in _limit_windows(release, watermark_us).items()
    }
    windows = score_windows(release, watermark_us)
    return tuple(
        score_buckets(limit, index, windows, lambda window: reads.scores(release.id, window))
        if limit.of_scores
        else limit_buckets(limit, rollups.get(limit.bucket_s, ()))
        for index, limit in enumerate(release.plan.limits)
    )
