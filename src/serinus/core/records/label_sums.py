"""What the labels of one metric add up to: as integers, read on in the order of exposure, replayed byte for byte."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True, array_like=True, order=True):
    """How far units were read: when the last one was first exposed, and its id."""

    exposed_at_us: int = -1
    unit: bytes = b""


class StratumLabels(msgspec.Struct, frozen=True, array_like=True):
    """The matured units of a stratum: those with a label and those without, and what the labels of an arm add up to, in
    millionths of the scale."""

    stratum: int
    candidate: int = 0
    control: int = 0
    candidate_missing: int = 0
    control_missing: int = 0
    candidate_total: int = 0
    control_total: int = 0


class Game(msgspec.Struct, frozen=True, kw_only=True):
    """Capital bet on the order of units since a restart (statistics 4.3), in nano-nats for each bet of the grid: on a
    drop of more than `margin` (millionths), and on a smaller one. `total` and `squares` are those of the gains of the
    first; those of the second are the same with the other sign. `centre` is the mean that the next unit is held to.
    `renewed` is what bets on the first have won that began later (`core.stats.renewed_bets`), in the game of all units,
    and in releases that began with statistics 3 or later."""

    margin: int
    harm: tuple[int, ...]
    no_harm: tuple[int, ...]
    candidate: int = 0
    control: int = 0
    total: int = 0
    squares: int = 0
    centre: int = 0
    at: Place = Place()
    renewed: tuple[int, ...] = ()


class LabelSums(msgspec.Struct, frozen=True, kw_only=True):
    """All that a release's guardrail on `metric` has read, up to `at`. `games[s]` is of the units enrolled from stratum
    `s` on, and of scores only."""

    metric: str
    at: Place = Place()
    strata: tuple[StratumLabels, ...] = ()
    games: tuple[Game, ...] = ()

    def labelled(self, stratum: int | None = None) -> tuple[int, int]:
        """Units with a label (candidate, control), of one stratum or of all."""
        own = [one for one in self.strata if stratum in (None, one.stratum)]
        return sum(one.candidate for one in own), sum(one.control for one in own)

    def missing(self, stratum: int | None = None) -> tuple[int, int]:
        """Matured units without one."""
        own = [one for one in self.strata if stratum in (None, one.stratum)]
        return sum(one.candidate_missing for one in own), sum(one.control_missing for one in own)

    def means(self) -> tuple[float | None, float | None]:
        """The arms' mean labels, as shares of the scale; None where there is none."""
        units = self.labelled()
        totals = sum(one.candidate_total for one in self.strata), sum(one.control_total for one in self.strata)
        candidate, control = (total / (1_000_000 * n) if n else None for total, n in zip(totals, units, strict=True))
        return candidate, control
