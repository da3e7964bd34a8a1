"""What a round reads of the telemetry store: in one question for all releases, or for one alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

import msgspec

from serinus.control.observe_scores import ScoreMemory, ScoreWindow
from serinus.core.records.label_sums import Place as LabelPlace
from serinus.core.records.labels import AwaitedUnit
from serinus.core.records.sums import ArmRollup, Rollup, Sum, SumKey
from serinus.core.records.unit_measures import Spread
from serinus.ports.score_sums import ArmScores
from serinus.ports.telemetry_store import TelemetryTx
from serinus.ports.tick_reads import Answered, Place

MOST_LABELS = 5000
"""Units read on in a round: what has piled up while no round looked is caught up with over several."""


class Window(NamedTuple):
    """Buckets of a width with from_us ≤ start < to_us."""

    width_s: int
    from_us: int
    to_us: int


class Ripe(NamedTuple):
    """The units whose label of `metric` has matured: beyond `after`, and first exposed at `until_us` or before."""

    metric: str
    after: LabelPlace
    until_us: int


class LiveWindow(NamedTuple):
    """The minutes with from_us ≤ start < to_us of a version of an app, and what of them is weighed."""

    app: str
    version: str
    from_us: int
    to_us: int
    fields: frozenset[str]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a round will ask of one release: where it looks for new answers (None: nowhere), the rollups of its limits
    with the fields that they weigh, whether it has sums over units, the labels and the minutes of the live version
    that it reads on, and the windows of its limits on scores."""

    release: str
    growth: Window | None
    limits: dict[Window, frozenset[str]]
    spreads: bool = False
    labels: tuple[Ripe, ...] = ()
    live: LiveWindow | None = None
    scores: tuple[ScoreWindow, ...] = ()


class Reads:
    """One transaction's reads. What was not read ahead is asked when it is needed; `scores` is remembered from one
    round to the next."""

    def __init__(self, tx: TelemetryTx, scores: ScoreMemory | None = None) -> None:
        self.tx = tx
        self._scores = scores or ScoreMemory()
        self._sums: dict[str, list[tuple[SumKey, Sum]]] = {}
        self._spreads: dict[str, dict[Place, Spread]] = {}
        self._answered: dict[tuple[str, Window], Answered] = {}
        self._rollups: dict[tuple[str, Window], list[ArmRollup]] = {}
        self._ripe: dict[tuple[str, Ripe], list[AwaitedUnit]] = {}
        self._live: dict[LiveWindow, list[Rollup]] = {}

    def ahead(self, wanted: Iterable[Wanted], labelled: Collection[str] | None = None) -> None:
        """Read all of this, in as many questions as there are different windows, and one for each metric whose labels
        are read on: only those of the releases `labelled`, the others' wait for their turn (None: of all)."""
        asked = list(wanted)
        growing: dict[Window, set[str]] = {}
        limited: dict[Window, tuple[set[str], set[str]]] = {}
        for one in asked:
            if one.growth:
                growing.setdefault(one.growth, set()).add(one.release)
            for window, fields in one.limits.items():
                releases, all_fields = limited.setdefault(window, (set(), set()))
                releases.add(one.release)
                all_fields |= fields
        self._read_sums({one.release for one in asked})
        self._read_spreads({one.release for one in asked if one.spreads})
        for one in asked:
            for ripe in one.labels:
                if labelled is None or one.release in labelled:
                    self._read_ripe(one.release, ripe)
                else:
                    self._ripe[one.release, ripe] = []
        self._scores.read(self.tx, {one.release: one.scores for one in asked if one.scores})
        for window, releases in growing.items():
            self._read_answered(window, releases)
        for window, (releases, all_fields) in limited.items():
            self._read_rollups(window, releases, all_fields)
        self._read_live([one.live for one in asked if one.live])

    def sums(self, release: str) -> list[tuple[SumKey, Sum]]:
        """All sums of a release."""
        if release not in self._sums:
            self._read_sums({release})
        return self._sums[release]

    def spreads(self, release: str) -> dict[Place, Spread]:
        """The sums of a release over the buckets of units."""
        if release not in self._spreads:
            self._read_spreads({release})
        return self._spreads[release]

    def answered(self, release: str, window: Window) -> Answered:
        """Answered calls by arm and second."""
        if (release, window) not in self._answered:
            self._read_answered(window, {release})
        return self._answered[release, window]

    def rollups(self, release: str, window: Window, fields: frozenset[str]) -> list[ArmRollup]:
        """Rollups with these fields at least, in any order."""
        if (release, window) not in self._rollups:
            self._read_rollups(window, {release}, set(fields))
        return self._rollups[release, window]

    def scores(self, release: str, window: ScoreWindow) -> ArmScores:
        """What scores add up to within the window of a limit, by arm."""
        self._scores.read(self.tx, {release: (window,)})
        return self._scores.of(release, window)

    def live(self, window: LiveWindow) -> list[Rollup]:
        """What the version served its users in these minutes, unmerged."""
        if window not in self._live:
            self._read_live([window])
        return self._live[window]

    def ripe(self, release: str, asked: Ripe) -> list[AwaitedUnit]:
        """Units whose label has matured, in the order of exposure, at most `MOST_LABELS` in a round."""
        if (release, asked) not in self._ripe:
            self._read_ripe(release, asked)
        return self._ripe[release, asked]

    def _read_live(self, windows: Iterable[LiveWindow]) -> None:
        together: dict[tuple[int, int], list[LiveWindow]] = {}
        for window in windows:
            if window.from_us < window.to_us:
                together.setdefault((window.from_us, window.to_us), []).append(window)
        for (from_us, to_us), same in together.items():
            fields = frozenset[str]().union(*(window.fields for window in same))
            found = self.tx.served_by({window.app: window.version for window in same}, from_us, to_us, fields)
            self._live |= {window: found[window.app] for window in same}

    def _read_ripe(self, release: str, asked: Ripe) -> None:
        after = asked.after.exposed_at_us, asked.after.unit
        self._ripe[release, asked] = self.tx.awaited(release, asked.metric, after, asked.until_us, MOST_LABELS)

    def _read_sums(self, releases: set[str]) -> None:
        found = self.tx.sums_of(releases)
        self._sums |= {release: found.get(release, []) for release in releases}

    def _read_spreads(self, releases: set[str]) -> None:
        found = self.tx.spreads_of(releases)
        self._spreads |= {release: found.get(release, {}) for release in releases}

    def _read_answered(self, window: Window, releases: set[str]) -> None:
        found = self.tx.answered(releases, window.from_us, window.to_us)
        self._answered |= {(release, window): found.get(release, {}) for release in releases}

    def _read_rollups(self, window: Window, releases: set[str], fields: set[str]) -> None:
        found = self.tx.rollups_of(releases, *window, fields)
        self._rollups |= {(release, window): found.get(release, []) for release in releases}
