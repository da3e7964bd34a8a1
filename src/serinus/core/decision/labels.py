"""Labels of units as they mature (statistics 2.8), and scores among them judged by betting (4.3).

A label enters when its unit's maturation time has passed, in the order in which units were first exposed: not when it
arrives, or else the arm that answers sooner would be judged on other units. At that moment it is there, or missing for
good. Bets are on how good a score is: of one that is better when lower, on what is left of its scale. A unit's arm is
a fair coin in every step, so that units of all strata are one game; that which is restarted at a
step is played with the units enrolled from that step on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.records.label_sums import Game, LabelSums, Place, StratumLabels
from serinus.core.records.labels import SCALE, AwaitedUnit
from serinus.core.routing.assignment import Arm
from serinus.core.stats import bounded, renewed_bets
from serinus.core.stats.betting import Capital
from serinus.core.stats.bounded import Cursor, Score, Scores
from serinus.core.stats.estimate import Effect
from serinus.core.stats.evidence import NoData

Known = Mapping[str, LabelSums]
"""By metric."""
NONE_KNOWN: Known = MappingProxyType({})

_US = 1_000_000


def by_metric(sums: Sequence[LabelSums]) -> Known:
    """The sums of each metric."""
    return {one.metric: one for one in sums}


def read_on(
    known: LabelSums, rail: Guardrail, restarts: int, units: Sequence[AwaitedUnit], renews: bool = True
) -> LabelSums:
    """With these matured units too, which follow in order. It does not matter in which batches they come. `renews`:
    bets on all units begin anew on the way."""
    if not units:
        return known
    strata = {one.stratum: one for one in known.strata}
    for unit in units:
        strata[unit.stratum] = _counted(strata.get(unit.stratum, StratumLabels(unit.stratum)), unit, rail)
    last = units[-1]
    games = known.games
    if rail.kind == "score":
        newest = max(unit.stratum for unit in units)
        games += tuple(_opened(rail) for _ in range(len(games), min(newest + 1, restarts)))
        games = tuple(_played(game, since, rail, units, renews) for since, game in enumerate(games))
    return LabelSums(
        metric=known.metric,
        at=Place(last.exposed_at_us, last.key.unit),
        strata=tuple(strata[stratum] for stratum in sorted(strata)),
        games=games,
    )


def harm_log_e(found: LabelSums, since: int) -> float:
    """log E against H0: the candidate's mean is worse by at most what is tolerated; 0 without scores in both arms."""
    return bounded.harm(_scores(found.games[since])).log_e if since < len(found.games) else 0.0


def renewed_log_e(found: LabelSums) -> tuple[float, float]:
    """log of the weighted sum of the bets on harm that began anew, of weights that sum to 1 over all there will be, and
    the weight of those to come."""
    game = found.games[0] if found.games else None
    if game is None:
        return -math.inf, 1.0
    return renewed_bets.log_e(game.renewed), 1.0 - renewed_bets.spent(game.candidate + game.control)


def no_harm_log_e(found: LabelSums) -> float:
    """The mirror: log E against H0: it is worse by as much or more."""
    return bounded.no_harm(_scores(found.games[0])).log_e if found.games else 0.0


def change(found: LabelSums) -> Effect | NoData:
    """How much better the candidate is than the control, as a share of the scale: for the eye."""
    return bounded.change(_scores(found.games[0])) if found.games else NoData(reason="no score yet")


def unscored(found: LabelSums | None) -> str:
    """Why no score can be compared yet, or empty."""
    units = found.labelled() if found else (0, 0)
    for arm, number in zip(("the candidate", "control"), units, strict=True):
        if not number:
            return f"no score in {arm} yet"
    return ""


def silent(rail: Guardrail, known: Known) -> str:
    """Why an event that somebody has to tell says nothing yet: nobody has told anything of an arm; or empty."""
    if not rail.awaits_labels:
        return ""
    found = known.get(rail.metric)
    return "" if found and min(found.labelled()) else "nobody has said anything of users in both arms yet"


def label_of(unit: AwaitedUnit, rail: Guardrail) -> int | None:
    """The label that counts, in millionths; None: it came too late, or not at all."""
    label = unit.label
    if label is None or label.at_us > unit.exposed_at_us + rail.awaited_s * _US:
        return None
    return label.value


def _counted(before: StratumLabels, unit: AwaitedUnit, rail: Guardrail) -> StratumLabels:
    value, candidate = label_of(unit, rail), unit.arm == Arm.CANDIDATE
    arm = "candidate" if candidate else "control"
    if value is None:
        name = f"{arm}_missing"
        return msgspec.structs.replace(before, **{name: getattr(before, name) + 1})
    total = f"{arm}_total"
    return msgspec.structs.replace(before, **{arm: getattr(before, arm) + 1, total: getattr(before, total) + value})


def _opened(rail: Guardrail) -> Game:
    return _game(bounded.opened(rail.drop))


def _played(game: Game, since: int, rail: Guardrail, units: Sequence[AwaitedUnit], renews: bool) -> Game:
    scores = []
    for unit in units:
        value = label_of(unit, rail) if unit.stratum >= since else None
        if value is not None:
            at = Cursor(unit.exposed_at_us, unit.key.unit)
            scores.append(Score(at, unit.arm == Arm.CANDIDATE, SCALE - value if rail.rises else value))
    return _game(bounded.advanced(_scores(game), scores, renews and since == 0)) if scores else game


def _scores(game: Game) -> Scores:
    count = game.candidate + game.control
    return Scores(
        harm=Capital(margin=game.margin, nano=game.harm, count=count, total=game.total, squares=game.squares),
        no_harm=Capital(margin=game.margin, nano=game.no_harm, count=count, total=-game.total, squares=game.squares),
        centre=game.centre,
        candidate_units=game.candidate,
        control_units=game.control,
        cursor=Cursor(game.at.exposed_at_us, game.at.unit),
        renewed=game.renewed,
    )


def _game(scores: Scores) -> Game:
    return Game(
        margin=scores.harm.margin,
        harm=scores.harm.nano,
        no_harm=scores.no_harm.nano,
        candidate=scores.candidate_units,
        control=scores.control_units,
        total=scores.harm.total,
        squares=scores.harm.squares,
        centre=scores.centre,
        at=Place(scores.cursor.exposed_at_us, scores.cursor.unit),
        renewed=scores.renewed,
    )
