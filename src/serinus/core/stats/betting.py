"""Betting against H0: the mean gain is at most 0 (statistics 4.3), for gains with a known worst loss.

Somebody who stakes the share b of what they can lose multiplies their capital by 1 + b g/c at each gain g, c being the
worst loss, known beforehand. Under H0 no bet can be expected to win, so capital is an e-process. The mean capital over
a grid of bets follows the best constant bet in hindsight, the growth-optimal one of about mean over second moment,
without a start-up in which that bet is guessed from few gains. Sources: Waudby-Smith & Ramdas 2024, diversified Kelly
betting; Cover 1991.

    log E = logsumexp_j [ log w_j + Σ_i log(1 + b_j g_i/c_i) ],   w_j ∝ b_j^{3/2} (1 − b_j) on a geometric grid

that is, bets are beta(3/2, 2): most on what drops of .03 to .1 ask for, some on every smaller one.

Capital is kept in whole nano-nats, each step rounded down: exact to merge in any order, and never too much.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from serinus.core.errors import InvalidInput

SCALE = 1_000_000
"""Gains and scores are stored in millionths."""
NANO = 1_000_000_000
BETS = tuple(0.95 * (0.02 / 0.95) ** (1 - j / 23) for j in range(24))
"""Shares of the worst loss, geometric from 0.02 to 0.95: none can lose all."""
_WEIGHTS = tuple(bet * math.sqrt(bet) * (1.0 - bet) for bet in BETS)
LOG_WEIGHTS = tuple(math.log(weight / math.fsum(_WEIGHTS)) for weight in _WEIGHTS)

Growth = npt.NDArray[np.int64]


class Capital(msgspec.Struct, frozen=True, kw_only=True):
    """What the bets of the grid have become after `count` gains, from which `margin` (millionths) was taken off.

    `nano` is log capital per bet in 1e-9; `total` and `squares` are the sums of the gains and of their squares.
    """

    margin: int
    nano: tuple[int, ...] = (0,) * len(BETS)
    count: int = 0
    total: int = 0
    squares: int = 0

    def __post_init__(self) -> None:
        """Refuse capital of another grid."""
        if len(self.nano) != len(BETS) or self.count < 0 or self.squares < 0:
            raise InvalidInput("capital of another grid of bets", where="capital", mend="restart this evidence")

    def plus(self, other: Capital) -> Capital:
        """The capital after the gains of both: commutative and associative."""
        if self.margin != other.margin:
            raise InvalidInput(
                f"capital at margins of {self.margin} and {other.margin}", where="capital", mend="add those of one"
            )
        return Capital(
            margin=self.margin,
            nano=tuple(a + b for a, b in zip(self.nano, other.nano, strict=True)),
            count=self.count + other.count,
            total=self.total + other.total,
            squares=self.squares + other.squares,
        )

    def after(self, gains: Sequence[int], worst: Sequence[int]) -> Capital:
        """The capital after these gains too, of which each could have been as bad as −`worst` (> 0) of its place.

        InvalidInput for a gain that is worse: it would make capital negative, and E no e-value.
        """
        return self.grown(gains, log_growth(gains, worst)) if gains else self

    def grown(self, gains: Sequence[int], growth: Growth) -> Capital:
        """The capital after these gains too, of which the `log_growth` is known."""
        squares = sum(gain * gain for gain in gains)
        nano = tuple(growth.sum(axis=1).tolist())
        return self.plus(Capital(margin=self.margin, nano=nano, count=len(gains), total=sum(gains), squares=squares))

    @property
    def log_e(self) -> float:
        """log of the mean capital over the grid; 0 before the first gain."""
        return mean_log_e(self.nano) if self.count else 0.0


def log_growth(gains: Sequence[int], worst: Sequence[int]) -> Growth:
    """What each gain adds to the log capital of each bet, (bets, gains), in whole nano-nats, rounded down; InvalidInput
    as for `Capital.after`."""
    new, loss = np.array(gains, np.int64), np.array(worst, np.int64)
    if new.shape != loss.shape or int(loss.min()) <= 0 or bool((new < -loss).any()):
        raise InvalidInput("a gain worse than its worst", where="gains", mend="scale scores to [0, 1]")
    shares = new / loss
    return np.stack([np.floor(np.log1p(bet * shares) * NANO).astype(np.int64) for bet in BETS])


def mean_log_e(nano: Sequence[int]) -> float:
    """log of the weighted mean over the grid of these log capitals."""
    logs = [one / NANO + weight for one, weight in zip(nano, LOG_WEIGHTS, strict=True)]
    most = max(logs)
    return most + math.log(math.fsum(math.exp(log - most) for log in logs))


def scaled(name: str, value: float) -> int:
    """A score in [0, 1] in millionths, to the nearest; InvalidInput for NaN and anything outside."""
    if not 0.0 <= value <= 1.0:
        raise InvalidInput(f"{value} is not in [0, 1]", where=name, mend="scale scores to [0, 1]")
    return round(value * SCALE)
