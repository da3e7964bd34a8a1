"""The telemetry store: shipped offsets, enrolments, sums, rollups and host reports; one writer transaction a batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from serinus.core.fleet import HostStatus
from serinus.core.records.labels import AwaitedUnit, Label, LabelKey
from serinus.core.records.pairs import PairedUnit
from serinus.core.records.sums import Cost, Enrolment, Rollup, Sum, SumKey
from serinus.core.records.unit_measures import UnitKey, UnitSum
from serinus.ports.broken_rules import BrokenRuleTx
from serinus.ports.judgements import JudgementTx
from serinus.ports.pruning import PruningTx
from serinus.ports.score_sums import ScoreSumTx
from serinus.ports.suspicions import RaisedTx
from serinus.ports.tick_reads import TickReads


class Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """What an enrolment changed: `events` are the bits set for the first time; `is_new`: the unit's first appearance.
    `arm` and `stratum` are those stored, whatever the batch said."""

    enrolment: Enrolment
    is_new: bool


class TelemetryTx(TickReads, PruningTx, ScoreSumTx, RaisedTx, BrokenRuleTx, JudgementTx, Protocol):
    """What one transaction offers."""

    def clock_us(self) -> int | None:
        """The store's own wall clock at this moment, which may pass within a transaction; None when it has none but
        that of the process that asks."""
        ...

    def offset(self, spool: str) -> int:
        """Bytes of a spool segment (`instance-number`) already shipped; 0 for an unknown one."""
        ...

    def advance_offset(self, spool: str, expected: int, new: int) -> None:
        """Compare and swap; Conflict when another agent shipped meanwhile (the batch must be rolled back)."""
        ...

    def forget_offsets(self, spools: Collection[str]) -> None:
        """Drop offsets of segments whose files are gone."""
        ...

    def enrol(self, batch: Sequence[Enrolment]) -> list[Fresh]:
        """Insert units once and set first-event bits; returns only what changed. Batch may repeat units. At most once
        in a transaction and before the sums: hosts lock units in one order, and that is what rules out deadlocks."""
        ...

    def pair(self, units: Collection[PairedUnit]) -> set[PairedUnit]:
        """Note that these units have a pair, and return those that had none before. At most once in a transaction,
        between `enrol` and the sums, for the same reason."""
        ...

    def add_sums(self, batch: Sequence[tuple[SumKey, Sum]]) -> None:
        """Add to what is there; keys may repeat. All of a transaction in one call, after `enrol`: hosts lock keys
        in one order within a call. `count` and `total` are 64-bit, `squares` may be wider."""
        ...

    def sums(self, release: str) -> list[tuple[SumKey, Sum]]: ...

    def add_unit_sums(self, batch: Mapping[UnitKey, UnitSum]) -> None:
        """Add to the buckets, and to the spreads over them what that widens them by. At most once in a transaction,
        after the sums, for the same reason."""
        ...

    def label(self, awaited: Sequence[AwaitedUnit], labels: Mapping[LabelKey, Label]) -> None:
        """Note whose labels are awaited, each once, then the first label of each; what is not awaited has none. At most
        once in a transaction, after `enrol` of the same units and the sums, for the same reason."""
        ...

    def forget_labels(self, active: Collection[str], before_us: int, most: int) -> int:
        """Forget up to `most` units first exposed before that time whose labels are awaited for other releases than the
        `active` ones; how many."""
        ...

    def note(self, keys: Collection[bytes], at_us: int) -> set[bytes]:
        """Note that these keys came, and return those that had not come before. At most once in a transaction and
        before `enrol`, for the same reason."""
        ...

    def forget_notes(self, before_us: int) -> int:
        """Forget keys noted before that time; how many."""
        ...

    def add_rollups(self, batch: Sequence[Rollup]) -> None:
        """Add counts, merge histograms, per (host, identity, bucket)."""
        ...

    def rollups(self, release: str, width_s: int, from_us: int, to_us: int) -> list[Rollup]:
        """Buckets with from_us ≤ start < to_us, merged over hosts and versions (host and version empty), in order."""
        ...

    def costs(self, release: str) -> dict[int, Cost]:
        """What a release's calls cost, by arm, from all minutes that are kept."""
        ...

    def app_rollups(self, app: str, width_s: int, from_us: int, to_us: int) -> list[Rollup]:
        """As above for all traffic of an app, by arm and version, merged over hosts, releases and strata."""
        ...

    def prune_rollups(self, width_s: int, before_us: int) -> int:
        """Delete expired buckets; how many."""
        ...

    def put_host(self, status: HostStatus) -> None:
        """Insert or replace a host's report."""
        ...

    def host(self, host: str) -> HostStatus | None:
        """A host's report, kept as it is by others until the end of the transaction."""
        ...

    def hosts(self) -> list[HostStatus]: ...
    def drop_host(self, host: str) -> None: ...


class TelemetryStore(Protocol):
    """The store itself."""

    def tx(self) -> AbstractContextManager[TelemetryTx]:
        """One transaction: commits at the end, rolls back on any exception; never nested. Contended when the database
        gave way to another one (do it again); StoreUnavailable when it cannot be reached."""
        ...

    def close(self) -> None: ...
