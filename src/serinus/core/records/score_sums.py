"""What scores add up to, by minute and arm: the mean of a metric over the answers that were given a score.

A score counts in the minute in which it came, since a limit looks at the newest ones, and each call or conversation
once for each metric: whatever is sent how often, the first that comes counts, and no answer weighs more than another
one. Which version was served a score does not know; its arm it does.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from serinus.core.ids import RELEASE, id_text
from serinus.core.records.labels import SCALE, scale_of
from serinus.core.records.record import Score
from serinus.core.records.score import event_key

WIDTH_S = 60
_WIDTH_US = WIDTH_S * 1_000_000


class ScoreKey(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One minute (wall time at its start) of a metric in an arm of an app, in a release or outside of one."""

    app: str
    release: str
    metric: str
    arm: int
    start_us: int


class ScoreSum(msgspec.Struct, frozen=True, array_like=True):
    """So many scores, their Σx and Σx² with x in [0, 1] on the metric's scale, both in millionths."""

    count: int = 0
    total: int = 0
    squares: int = 0

    def plus(self, other: ScoreSum) -> ScoreSum:
        """The sum of both: commutative and associative."""
        return ScoreSum(self.count + other.count, self.total + other.total, self.squares + other.squares)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A score as it counts: `key` is that of all scores of the same metric about the same thing."""

    key: bytes
    place: ScoreKey
    share: int


def given(record: Score) -> Given | None:
    """The score that a record tells; None where it tells none, or one that is not on its scale."""
    scale = scale_of(record.metric)
    share = None if scale is None else scale.share(record.value_micro / SCALE)
    if share is None:
        return None
    call = record.call
    place = ScoreKey(
        app=record.app,
        release=id_text(RELEASE, call[12:28]),
        metric=record.metric,
        arm=call[28],
        start_us=record.at_us - record.at_us % _WIDTH_US,
    )
    return Given(key=event_key(record), place=place, share=round(share * SCALE))


def score_sums(scores: Iterable[Given]) -> dict[ScoreKey, ScoreSum]:
    """What they add up to, by minute."""
    found: dict[ScoreKey, ScoreSum] = {}
    for one in scores:
        added = ScoreSum(1, one.share, round(one.share * one.share / SCALE))
        found[one.place] = found.get(one.place, ScoreSum()).plus(added)
    return found
