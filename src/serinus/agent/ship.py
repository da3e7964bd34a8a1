"""Ship what workers wrote: spools into sums, rollups and the event log, each record exactly once.

Offsets advance by compare-and-swap in the transaction that adds up what lies before them. Nothing in memory changes
before the commit; whatever goes wrong, the next round reads the same bytes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set

import msgspec

from serinus.agent.log_calls import CallLog
from serinus.agent.reap import reap_segments, reap_worker
from serinus.agent.report import HostReport
from serinus.agent.resume import resume
from serinus.agent.trail import Advance, Trail, judged_id, look_ahead, told_id
from serinus.core.errors import Conflict, Contended
from serinus.core.records.categories import counted_categories, known_categories
from serinus.core.records.in_flight import OpenCall, apply
from serinus.core.records.labels import Awaiting, awaited_units
from serinus.core.records.pairs import pair_sums
from serinus.core.records.pruned import releases_of, without
from serinus.core.records.score_sums import ScoreKey, ScoreSum, score_sums
from serinus.core.records.sums import Sum, SumKey
from serinus.core.records.tally import Measures, Read, Tally, rollups_of, sums_of, tally
from serinus.ports.clock import Clock
from serinus.ports.event_log import EventLog
from serinus.ports.host import Host, Presence
from serinus.ports.telemetry_store import TelemetryStore, TelemetryTx


class ShipSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`batch_bytes`: how much of one worker's spool a round takes; `flush_s` and `flush_rows`: when calls go to the
    event log; `report_s`: how often the host reports when nothing else happens."""

    batch_bytes: int = 1 << 20
    flush_s: float = 2.0
    flush_rows: int = 20_000
    report_s: float = 1.0


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What a round did. `complete`: everything written before it is in the store; `acked`: the lowest snapshot
    revision a living worker follows (None: no worker); `faults`: spools that cannot be read on."""

    records: int
    complete: bool
    acked: int | None
    faults: tuple[str, ...] = ()


class Shipper:
    """The ship loop's body for one host; for one thread."""

    def __init__(
        self,
        host_id: str,
        host: Host,
        store: TelemetryStore,
        log: EventLog,
        clock: Clock,
        settings: ShipSettings,
        measures: Callable[[], Measures] = dict,
        awaiting: Callable[[], Awaiting] = dict,
    ) -> None:
        """`measures` tells, for each round, what the newest snapshot wants measured of units, and `awaiting` which
        labels it wants of them."""
        self._measures = measures
        self._awaiting = awaiting
        self._host_id = host_id
        self._host = host
        self._store = store
        self._log = CallLog(log, host_id)
        self._clock = clock
        self._settings = settings
        self._report = HostReport(host_id, settings.report_s)
        self._trails: dict[str, Trail] = {}
        self._gone: list[str] = []
        self._flushed_mono_ns = clock.mono_ns()
        self.shipped_mono_ns = 0  # monotonic time before the newest round that left nothing unshipped; 0: none yet

    def round(self) -> Round:
        """Read, add up, commit, log, delete. Raises what the store, the disk or the event log raise; nothing is lost
        by calling again."""
        at_us, mono_ns = self._clock.now_us(), self._clock.mono_ns()
        self._flush(mono_ns)
        present = self._host.workers()
        dropped = {p.instance: p.status.dropped if p.status else 0 for p in present if p.alive}
        self._take_up(present)
        advances = [look_ahead(self._host, trail, self._settings.batch_bytes) for trail in self._trails.values()]
        complete = all(advance.complete for advance in advances)
        measures, awaiting = self._measures(), self._awaiting()
        counted = tally(self._host_id, [_to_read(one, dropped, mono_ns) for one in advances], at_us, measures, awaiting)
        self._report.observe(present, sum(advance.spool_bytes for advance in advances), at_us if complete else None)
        if self._has_news(advances, counted) or self._report.is_due(mono_ns):
            self._commit(advances, counted, mono_ns, self._still_open(dropped.keys(), counted), measures, awaiting)
            if complete:
                self.shipped_mono_ns = mono_ns
        self._reap(advances, dropped.keys())
        return Round(
            records=sum(len(step.frames) for advance in advances for step in advance.steps),
            complete=complete,
            acked=min((p.status.acked if p.status else 0 for p in present if p.alive), default=None),
            faults=tuple(f"{advance.trail.instance}: {advance.fault}" for advance in advances if advance.fault),
        )

    def finish(self) -> None:
        """Ship and log all that can be read. Takes the host off the list when it has no worker left."""
        while (last := self.round()).records and not last.complete:
            pass
        self._log.flush()
        self.round()
        if not self._trails:
            with self._store.tx() as tx:
                tx.forget_offsets(self._gone)
                tx.drop_host(self._host_id)

    def _take_up(self, present: Sequence[Presence]) -> None:
        if not self._report.is_begun:
            with self._store.tx() as tx:
                self._report.begin(tx.host(self._host_id))
        for presence in present:
            if presence.instance not in self._trails:
                self._trails[presence.instance] = resume(self._host, self._store, self._log, presence.instance)

    def _has_news(self, advances: Iterable[Advance], counted: Tally) -> bool:
        return any(advance.steps for advance in advances) or any(counted.overdue.values())

    def _commit(
        self,
        advances: Sequence[Advance],
        counted: Tally,
        mono_ns: int,
        open_calls: list[OpenCall],
        measures: Measures,
        awaiting: Awaiting,
    ) -> None:
        try:
            with self._store.tx() as tx:
                self._report.check(tx.host(self._host_id), mono_ns)
                status = self._report.status(open_calls, mono_ns, _clock_offset_us(tx, self._clock))
                _advance_offsets(tx, advances, counted, mono_ns)
                add_up(tx, counted, self._host_id, self._clock.now_us(), measures, awaiting)
                if self._gone:
                    tx.forget_offsets(self._gone)
                tx.put_host(status)
        except Contended:
            raise
        except Conflict:
            self._start_over()
            raise
        self._gone.clear()
        self._report.sent(status, mono_ns)
        for advance in advances:
            self._carry(advance, counted, mono_ns)

    def _carry(self, advance: Advance, counted: Tally, mono_ns: int) -> None:
        trail = advance.trail
        apply(trail.open, counted.changes[trail.instance])
        if counted.overdue[trail.instance]:
            trail.judged_until_ns = mono_ns
        trail.told = counted.told.get(trail.instance, trail.told)
        trail.number, trail.offset = advance.number, advance.offset
        trail.done |= advance.done
        for step in advance.steps:
            self._log.add(step.spool, step.frames)

    def _start_over(self) -> None:
        """Another agent ships this host as well, or a commit went through that looked cut: believe the store only."""
        self._trails.clear()
        self._log.clear()

    def _still_open(self, alive: Set[str], counted: Tally) -> list[OpenCall]:
        calls: list[OpenCall] = []
        for instance in alive & self._trails.keys():
            changes = counted.changes[instance]
            calls += [call for key, call in self._trails[instance].open.items() if key not in changes]
            calls += [call for call in changes.values() if call is not None]
        return calls

    def _flush(self, mono_ns: int) -> None:
        due = mono_ns - self._flushed_mono_ns >= self._settings.flush_s * 1e9
        if (due and self._log.waiting) or self._log.waiting >= self._settings.flush_rows:
            self._log.flush()
            self._flushed_mono_ns = mono_ns

    def _reap(self, advances: Iterable[Advance], alive: Set[str]) -> None:
        for advance in advances:
            trail, gone = advance.trail, list[str]()
            if trail.instance in alive or advance.fault:
                gone = reap_segments(self._host, self._log, trail)
            elif advance.complete:
                gone = reap_worker(self._host, self._log, trail)
                del self._trails[trail.instance]
            self._log.forget(gone)
            self._gone += gone


def _clock_offset_us(tx: TelemetryTx, clock: Clock) -> int:
    """This host's clock minus the store's, taken to be read in the middle of the question; 0 when there is but one."""
    before_us = clock.now_us()
    store_us = tx.clock_us()
    return 0 if store_us is None else (before_us + clock.now_us()) // 2 - store_us


def _to_read(advance: Advance, dropped: Mapping[str, int], mono_ns: int) -> Read:
    """`dropped` holds the living workers. The clock judges no call whose answer may lie unread, or was dropped by a
    worker that had no room yet to tell so."""
    trail = advance.trail
    fair = advance.complete and not advance.fault and dropped.get(trail.instance, trail.told + 1) <= trail.told
    return Read(
        instance=trail.instance,
        open=trail.open,
        records=[(record, step.spool) for step in advance.steps for record, _ in step.frames],
        judge_until_ns=mono_ns if fair else None,
    )


def _advance_offsets(tx: TelemetryTx, advances: Iterable[Advance], counted: Tally, mono_ns: int) -> None:
    for advance in advances:
        for step in advance.steps:
            tx.advance_offset(step.spool, step.before, step.after)
        trail = advance.trail
        if counted.overdue[trail.instance]:
            tx.advance_offset(judged_id(trail.instance), trail.judged_until_ns, mono_ns)
        if trail.instance in counted.told:
            tx.advance_offset(told_id(trail.instance), trail.told, counted.told[trail.instance])


def add_up(tx: TelemetryTx, counted: Tally, host: str, at_us: int, measures: Measures, awaiting: Awaiting) -> None:
    """Add a tally to the store: once in a transaction, with the record of what it stands for."""
    counted = without(counted, tx.pruned(releases_of(counted)))
    rollups = counted.rollups
    scores: Mapping[ScoreKey, ScoreSum] = {}
    if counted.scored or counted.given:
        unreported = tx.note([*(one.key for one in counted.scored), *(one.key for one in counted.given)], at_us)
        scores = score_sums(one for one in counted.given if one.key in unreported)
        rollups += tuple(rollups_of(host, (one for one in counted.scored if one.key in unreported)))
    sums: list[tuple[SumKey, Sum]] = []
    awaited = []
    if counted.enrolments:
        changed = tx.enrol(counted.enrolments)
        fresh = (change.enrolment for change in changed if change.is_new)
        awaited = awaited_units(fresh, counted.exposed_at_us, awaiting)
        categories = counted_categories(counted.categories, _known_categories(tx, counted))
        sums += sums_of(((change.enrolment, change.is_new) for change in changed), measures, categories)
    if counted.pairs:
        unpaired = tx.pair(counted.pairs.keys())
        sums += pair_sums((unit, pair) for unit, pair in counted.pairs.items() if unit in unpaired)
    if sums:
        tx.add_sums(sums)
    if counted.unit_sums:
        tx.add_unit_sums(counted.unit_sums)
    if awaited or counted.labels:
        tx.label(awaited, counted.labels)
    if scores:
        tx.add_score_sums(scores)
    tx.note_broken(counted.broken)
    tx.suspect(counted.suspicions)
    if rollups:
        tx.add_rollups(rollups)


def _known_categories(tx: TelemetryTx, counted: Tally) -> dict[str, frozenset[str]]:
    """Of releases for which this round tells any."""
    releases = sorted({release for release, _ in counted.categories})
    return {release: known_categories([key for key, _ in tx.sums(release)]) for release in releases}
