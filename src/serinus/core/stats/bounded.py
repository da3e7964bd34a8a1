"""Bounded scores (statistics 4.3): a coin flipped for each unit, judged by betting.

A unit's arm is a fair coin, whatever its score would be and whatever the hour. With the scores y of matured units of
both arms in one (exposed_at, id) order, c the mean of those before (any value fixed beforehand will do), s = +1 in
control and −1 in the candidate, and m the tolerated drop,

    harm     gain 2s(y − c) − m, worst loss 2 max(c, 1 − c) + m, against H0: μ0 − μ1 ≤ m
    no harm  gain m − 2s(y − c), worst loss 2 max(c, 1 − c) − m, against H0: μ0 − μ1 ≥ m

The mean gain is the drop less m at every single step, so that drift which both arms share is never taken for harm, and
each unit carries as much information as half a pair. Pairing the k-th unit of one arm with the k-th of the other would
not do: one arm runs ahead of the other by about √n units, and then a drift looks like a difference.
Evidence depends on the order alone, so it does not matter in which batches the units came.
Sources: Waudby-Smith & Ramdas 2024 for the game, Horvitz & Thompson 1952 for the weighting. Scores are in [0, 1],
higher is better.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.stats import renewed_bets
from serinus.core.stats.betting import SCALE, Capital, log_growth, scaled
from serinus.core.stats.estimate import Effect
from serinus.core.stats.evidence import Evidence, NoData, nothing

MEMORY = 128
"""How many units the running mean c looks back: it follows the hour of the day, and its own noise adds 0.4 %."""


class Cursor(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A place in the order of units: when the unit was first exposed, microseconds, and its id."""

    exposed_at_us: int
    unit: bytes


START = Cursor(-1, b"")


class Score(msgspec.Struct, frozen=True, array_like=True):
    """The matured score of a unit of either arm: `value` in millionths, 0 to 1,000,000."""

    at: Cursor
    candidate: bool
    value: int

    def __post_init__(self) -> None:
        """Refuse a score outside [0, 1]."""
        if not 0 <= self.value <= SCALE:
            raise InvalidInput(f"{self.value} is not 0 to {SCALE}", where="score", mend="scale scores to [0, 1]")


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence of one stratum since one restart: capital on both sides, the running mean, and how far was read.
    `renewed` is what bets on harm have won that began later (`renewed_bets`); empty where none has, or is to.

    Both arms have the same share of the units (π = ½), as in every step up to 50 %.
    """

    harm: Capital
    no_harm: Capital
    centre: int = SCALE // 2
    candidate_units: int = 0
    control_units: int = 0
    cursor: Cursor = START
    renewed: renewed_bets.Renewed = ()


def opened(max_drop: float) -> Scores:
    """No units yet, with a tolerated drop in [0, 1) of the mean score."""
    margin = scaled("max_drop", max_drop)
    if margin >= SCALE:
        raise InvalidInput("a drop of 1 is the whole scale", where="max_drop", mend="0.02 is usual")
    return Scores(harm=Capital(margin=margin), no_harm=Capital(margin=margin))


def advanced(state: Scores, units: Sequence[Score], renews: bool = False) -> Scores:
    """The evidence after these newly matured units of both arms; `renews`: bets on harm also begin anew on the way.

    They continue after the cursor, strictly ascending, and lack no unit that matures later: read up to the watermark.
    InvalidInput for a unit that was passed already, late or given twice.
    """
    _check_order(state.cursor, units)
    if not units:
        return state
    margin = state.harm.margin
    drops, widths, centre = _drops(state, units)
    candidates = sum(unit.candidate for unit in units)
    gains = [drop - margin for drop in drops]
    growth = log_growth(gains, [width + margin for width in widths])
    return Scores(
        harm=state.harm.grown(gains, growth),
        no_harm=state.no_harm.after([margin - drop for drop in drops], [width - margin for width in widths]),
        centre=centre,
        candidate_units=state.candidate_units + candidates,
        control_units=state.control_units + len(units) - candidates,
        cursor=units[-1].at,
        renewed=renewed_bets.carried_on(state.renewed, growth, state.harm.count) if renews else state.renewed,
    )


def harm(state: Scores) -> Evidence:
    """Evidence against H0: the candidate's mean score is at most `max_drop` below control's."""
    return _evidence(state, state.harm)


def no_harm(state: Scores) -> Evidence:
    """Evidence against H0: the candidate's mean score is `max_drop` or more below control's."""
    return _evidence(state, state.no_harm)


def change(state: Scores) -> Effect | NoData:
    """μ1 − μ0 and its variance, to be drawn with `estimate.interval`; asymptotic, not what decides."""
    missing = _missing(state)
    if missing:
        return NoData(reason=missing)
    n, total, squares = state.harm.count, state.harm.total, state.harm.squares
    spread = n * squares - total * total
    if spread == 0:
        return NoData(reason="the scores do not vary")
    return Effect(value=-(total / n + state.harm.margin) / SCALE, variance=spread / (n * n * (n - 1) * SCALE**2))


def _drops(state: Scores, units: Sequence[Score]) -> tuple[list[int], list[int], int]:
    """For each unit 2s(y − c) and 2 max(c, 1 − c), and the running mean after the last."""
    centre, seen = state.centre, state.candidate_units + state.control_units
    drops, widths = [], []
    for unit in units:
        off = unit.value - centre
        drops.append(-2 * off if unit.candidate else 2 * off)
        widths.append(2 * max(centre, SCALE - centre))
        seen += 1
        centre += off // min(seen + 1, MEMORY)
    return drops, widths, centre


def _missing(state: Scores) -> str:
    """Why the units are too little to say anything, or empty."""
    for arm, units in (("the candidate", state.candidate_units), ("control", state.control_units)):
        if not units:
            return f"no score in {arm} yet"
    return ""


def _evidence(state: Scores, capital: Capital) -> Evidence:
    missing = _missing(state)
    return nothing(NoData(reason=missing)) if missing else Evidence(log_e=capital.log_e)


def _check_order(after: Cursor, units: Sequence[Score]) -> None:
    last = after
    for unit in units:
        if unit.at <= last:
            raise InvalidInput(
                f"the unit exposed at {unit.at.exposed_at_us} comes after one exposed at {last.exposed_at_us}",
                where="scores",
                mend="read matured units in (exposed_at, id) order, each once, behind the watermark",
            )
        last = unit.at
