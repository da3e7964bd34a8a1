"""What charts are drawn from, read once every few seconds for all who look."""

from __future__ import annotations

import threading

import msgspec

from serinus.console.charts.bins import Bin, Grid, bins, grid
from serinus.console.charts.series import EVIDENCE, Series, evidence, names, series
from serinus.console.charts.spec import Mark
from serinus.console.parts import Parts
from serinus.control.lookup import release_of
from serinus.core.audit.entry import Action, Entry
from serinus.core.decision.wording import percent
from serinus.core.release.release import Release
from serinus.core.release.table import FINAL
from serinus.ports.control_store import Page

FRESH_S = 3.0
KEPT = 32
LONGEST_S = 14 * 86400
_ENTRIES = 200
_MARKED = {
    Action.RELEASE_PAUSED: "paused", Action.TICK_PAUSED: "paused", Action.RELEASE_RESUMED: "resumed",
    Action.TICK_RESUMED: "resumed", Action.RELEASE_ROLLED_BACK: "rolled back", Action.TICK_ROLLED_BACK: "rolled back",
    Action.RELEASE_ABORTED: "aborted", Action.TICK_PROMOTED: "promoted",
}  # fmt: skip


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A release's bins over its grid, what it was judged by when (µs, log E, log E needed), and its moments.
    `read_at_ns` is on the monotonic clock."""

    release: Release
    over: Grid
    bins: tuple[Bin, ...]
    judged: tuple[tuple[int, float, float], ...]
    marks: tuple[Mark, ...]
    read_at_ns: int

    def series(self, name: str) -> Series:
        """The chart of this name."""
        if name == EVIDENCE and self.judged:
            return evidence(self.judged)
        return series(name, self.release.plan, self.bins, self.over.width_s)

    def all(self) -> list[Series]:
        """Every chart of the release."""
        judged = (EVIDENCE,) if self.judged else ()
        return [self.series(name) for name in (*judged, *names(self.release.plan))]


class ChartSource:
    """Reads rollups for charts, and keeps the last few releases for some seconds."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._kept: dict[str, Drawn] = {}

    def drawn(self, id: str) -> Drawn:
        """What the charts of a release show now; NotFound when there is none."""
        now_ns = self._parts.clock.mono_ns()
        with self._lock:
            known = self._kept.get(id)
        if known is not None and now_ns - known.read_at_ns < FRESH_S * 1e9:
            return known
        found = self._read(id, now_ns)
        with self._lock:
            self._kept.pop(id, None)
            self._kept[id] = found
            while len(self._kept) > KEPT:
                self._kept.pop(next(iter(self._kept)))
        return found

    def _read(self, id: str, now_ns: int) -> Drawn:
        with self._parts.control.tx() as tx:
            release = release_of(tx, id)
            entries, _ = tx.audit_newest(id, Page(limit=_ENTRIES))
        until_us = entries[0].at_us if release.state in FINAL and entries else self._parts.clock.now_us()
        over = grid(max(release.created_at_us, until_us - LONGEST_S * 1_000_000), until_us + 1)
        with self._parts.telemetry.tx() as telemetry:
            rollups = telemetry.rollups(id, over.rollup_s, over.from_us, over.to_us)
        found = bins(rollups, over)
        return Drawn(
            release=release,
            over=over,
            bins=tuple(found),
            judged=_judged(release, entries),
            marks=_marks(release, entries, found),
            read_at_ns=now_ns,
        )


def _marks(release: Release, entries: list[Entry], found: list[Bin]) -> tuple[Mark, ...]:
    """The moments within the chart, oldest first: steps by their share, and what stopped or went on."""
    if not found:
        return ()
    # A plan that begins with traffic takes its first step at the start.
    marks, step = [], 0 if release.plan.steps_of(0) else -1
    for entry in reversed(entries):
        label = _MARKED.get(Action(entry.action)) if entry.action in set(Action) else None
        if entry.action == Action.TICK_ADVANCED:
            step += 1
            label = percent(release.plan.steps[min(step, len(release.plan.steps) - 1)].share)
        if label and entry.at_us >= found[0].start_us:
            marks.append(Mark(at_ms=entry.at_us // 1000, label=label))
    return tuple(marks)


class _Harm(msgspec.Struct):
    log_e: float
    needed: float


class _Evidence(msgspec.Struct):
    harm: _Harm | None = None


def _judged(release: Release, entries: list[Entry]) -> tuple[tuple[int, float, float], ...]:
    """The evidence of harm that each decision kept, oldest first, from the start on; empty without any decision."""
    found = []
    for entry in reversed(entries):
        harm = _harm(entry) if entry.evidence else None
        if harm is not None:
            found.append((entry.at_us, harm.log_e, harm.needed))
    return ((release.created_at_us, 0.0, found[0][2]), *found) if found else ()


def _harm(entry: Entry) -> _Harm | None:
    try:
        return msgspec.json.decode(entry.evidence, type=_Evidence).harm
    except msgspec.MsgspecError:
        return None  # what another Serinus kept is no reason to show no page
