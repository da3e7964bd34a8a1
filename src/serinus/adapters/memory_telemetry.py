"""The telemetry store in memory: for one process, gone with it. Ships for simulation, rehearsal and tests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from serinus.adapters import refusals, rollup_merge
from serinus.adapters.enrolment import first_of_each, sum_order
from serinus.adapters.memory_broken_rules import MemoryBrokenRules
from serinus.adapters.memory_judgements import JudgementRows, MemoryJudgements
from serinus.adapters.memory_pruning import MemoryPruning, UnitRows
from serinus.adapters.memory_score_sums import MemoryScoreSums, ScoreRows
from serinus.adapters.memory_suspicions import MemoryRaised, RaisedRows
from serinus.adapters.memory_table import Table, Turns, Undo
from serinus.adapters.memory_tick_reads import MemoryTickReads
from serinus.adapters.rollup_merge import RollupKey
from serinus.core.fleet import HostStatus
from serinus.core.records.labels import AwaitedUnit, Label, LabelKey
from serinus.core.records.pairs import PairedUnit
from serinus.core.records.sums import Cost, Enrolment, Rollup, Sum, SumKey
from serinus.core.records.unit_measures import Spread, UnitKey, UnitSum, widened
from serinus.ports.telemetry_store import Fresh, TelemetryTx
from serinus.ports.tick_reads import Place


class TelemetryRows(UnitRows):
    """The tables."""

    def __init__(self, journal: list[Undo]) -> None:
        super().__init__(journal)
        self.offsets: Table[str, int] = Table(journal)
        self.sums: Table[SumKey, Sum] = Table(journal)
        self.rollups: Table[RollupKey, Rollup] = Table(journal)
        self.notes: Table[bytes, int] = Table(journal)
        self.raised: RaisedRows = Table(journal)
        self.judgements = JudgementRows(journal)
        self.scores: ScoreRows = Table(journal)
        self.hosts: Table[str, HostStatus] = Table(journal)


class MemoryTelemetryTx(
    MemoryTickReads, MemoryPruning, MemoryScoreSums, MemoryRaised, MemoryBrokenRules, MemoryJudgements
):
    """Reads and writes the tables; the turn around it undoes or keeps."""

    _rows: TelemetryRows

    def __init__(self, rows: TelemetryRows) -> None:
        self._rows = rows
        self._units = rows
        self._scores = rows.scores
        self._raised = rows.raised
        self._judgements = rows.judgements

    def offset(self, spool: str) -> int:
        return self._rows.offsets.get(spool, 0)

    def advance_offset(self, spool: str, expected: int, new: int) -> None:
        if self.offset(spool) != expected:
            raise refusals.offset_changed(spool, expected)
        self._rows.offsets.put(spool, new)

    def forget_offsets(self, spools: Collection[str]) -> None:
        for spool in spools:
            self._rows.offsets.drop(spool)

    def enrol(self, batch: Sequence[Enrolment]) -> list[Fresh]:
        fresh = []
        for first in first_of_each(batch):
            key = (first.release, first.unit)
            stored = self._rows.enrolments.get(key)
            if stored is None:
                self._rows.enrolments.put(key, first)
                fresh.append(Fresh(enrolment=first, is_new=True))
            elif news := first.events & ~stored.events:
                self._rows.enrolments.put(key, msgspec.structs.replace(stored, events=stored.events | news))
                fresh.append(Fresh(enrolment=msgspec.structs.replace(stored, events=news), is_new=False))
        return fresh

    def pair(self, units: Collection[PairedUnit]) -> set[PairedUnit]:
        fresh = {unit for unit in units if unit not in self._rows.pairs}
        for unit in fresh:
            self._rows.pairs.put(unit, True)
        return fresh

    def add_sums(self, batch: Sequence[tuple[SumKey, Sum]]) -> None:
        for key, addend in batch:
            self._rows.sums.put(key, self._rows.sums.get(key, Sum()).plus(addend))

    def sums(self, release: str) -> list[tuple[SumKey, Sum]]:
        return sorted(
            (row for row in self._rows.sums.items() if row[0].release == release), key=lambda row: sum_order(row[0])
        )

    def _all_sums(self) -> Iterable[tuple[SumKey, Sum]]:
        return self._rows.sums.items()

    def add_unit_sums(self, batch: Mapping[UnitKey, UnitSum]) -> None:
        for key, added in batch.items():
            self._rows.unit_sums.put(key, self._rows.unit_sums.get(key, UnitSum()).plus(added))

    def spreads_of(self, releases: Collection[str]) -> dict[str, dict[Place, Spread]]:
        found: dict[str, dict[Place, Spread]] = {}
        for key, held in self._rows.unit_sums.items():
            if key.release in releases:
                spreads = found.setdefault(key.release, {})
                place = key.stratum, key.metric, key.arm
                spreads[place] = spreads.get(place, Spread()).plus(widened(held, held))
        for (release, place), spread in self._rows.spreads.items():
            if release in releases:
                spreads = found.setdefault(release, {})
                spreads[place] = spreads.get(place, Spread()).plus(spread)
        return found

    def label(self, awaited: Sequence[AwaitedUnit], labels: Mapping[LabelKey, Label]) -> None:
        for one in awaited:
            if one.key not in self._rows.labels:
                self._rows.labels.put(one.key, one)
        for key, label in labels.items():
            known = self._rows.labels.get(key)
            if known is not None and known.label is None:
                self._rows.labels.put(key, msgspec.structs.replace(known, label=label))

    def awaited(
        self, release: str, metric: str, after: tuple[int, bytes], until_us: int, most: int
    ) -> list[AwaitedUnit]:
        rows = [
            (row.exposed_at_us, key.unit, row)
            for key, row in self._rows.labels.items()
            if (key.release, key.metric) == (release, metric) and row.exposed_at_us <= until_us
        ]
        rows = sorted(one for one in rows if one[:2] > after)
        return [row for _, _, row in rows[:most]]

    def forget_labels(self, active: Collection[str], before_us: int, most: int) -> int:
        over = [k for k, row in self._rows.labels.items() if k.release not in active and row.exposed_at_us < before_us]
        for key in over[:most]:
            self._rows.labels.drop(key)
        return len(over[:most])

    def note(self, keys: Collection[bytes], at_us: int) -> set[bytes]:
        fresh = {key for key in keys if self._rows.notes.get(key) is None}
        for key in fresh:
            self._rows.notes.put(key, at_us)
        return fresh

    def forget_notes(self, before_us: int) -> int:
        expired = [key for key, at_us in self._rows.notes.items() if at_us < before_us]
        for key in expired:
            self._rows.notes.drop(key)
        return len(expired)

    def add_rollups(self, batch: Sequence[Rollup]) -> None:
        for rollup in batch:
            key = rollup_merge.key_of(rollup)
            stored = self._rows.rollups.get(key)
            self._rows.rollups.put(key, rollup_merge.added(stored, rollup) if stored else rollup)

    def _buckets(self, width_s: int, from_us: int, to_us: int) -> Iterator[Rollup]:
        for rollup in self._rows.rollups.values():
            if rollup.width_s == width_s and from_us <= rollup.start_us < to_us:
                yield rollup

    def rollups(self, release: str, width_s: int, from_us: int, to_us: int) -> list[Rollup]:
        return rollup_merge.of_release(r for r in self._buckets(width_s, from_us, to_us) if r.release == release)

    def app_rollups(self, app: str, width_s: int, from_us: int, to_us: int) -> list[Rollup]:
        return rollup_merge.of_app(r for r in self._buckets(width_s, from_us, to_us) if r.app == app)

    def costs(self, release: str) -> dict[int, Cost]:
        found: dict[int, Cost] = {}
        for one in self._rows.rollups.values():
            if one.release == release and one.width_s == 60:
                before = found.get(one.arm, Cost())
                found[one.arm] = Cost(
                    calls=before.calls + one.requests,
                    priced=before.priced + one.priced,
                    nano=before.nano + one.cost_nano,
                )
        return found

    def prune_rollups(self, width_s: int, before_us: int) -> int:
        expired = [k for k, r in self._rows.rollups.items() if r.width_s == width_s and r.start_us < before_us]
        for key in expired:
            self._rows.rollups.drop(key)
        return len(expired)

    def clock_us(self) -> int | None:
        return None

    def put_host(self, status: HostStatus) -> None:
        self._rows.hosts.put(status.host, status)

    def host(self, host: str) -> HostStatus | None:
        return self._rows.hosts.get(host)

    def hosts(self) -> list[HostStatus]:
        return sorted(self._rows.hosts.values(), key=lambda status: status.host)

    def drop_host(self, host: str) -> None:
        self._rows.hosts.drop(host)


class MemoryTelemetryStore:
    """All rows in this object; safe to use from several threads."""

    def __init__(self) -> None:
        self._turns = Turns()
        self._rows = TelemetryRows(self._turns.journal)

    @contextmanager
    def tx(self) -> Iterator[TelemetryTx]:
        with self._turns.turn():
            yield MemoryTelemetryTx(self._rows)

    def close(self) -> None:
        """Nothing is held that needs closing."""
