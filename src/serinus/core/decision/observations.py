"""What one round of the tick saw of a release: all that `decide` may use, and all that is stored as evidence."""

from __future__ import annotations

import msgspec

from serinus.core.decision.monitors import MonitorSeen
from serinus.core.decision.ratios import UnitSpread
from serinus.core.pipeline.stages import StageResult
from serinus.core.records.label_sums import LabelSums
from serinus.core.records.live_calls import LiveMinute
from serinus.core.records.pair_totals import PairTotals
from serinus.core.release.approval import Approval
from serinus.core.release.release import Positions
from serinus.core.release.suspicion import Suspicion
from serinus.core.release.yardstick import Yardstick

LONGEST_ROUND_MS = 2000
"""A round adds at most this to a dwell: an interval in which nobody looked was not served in health."""


class Units(msgspec.Struct, frozen=True, array_like=True):
    """Units enrolled in one stratum, per arm."""

    stratum: int
    candidate: int
    control: int


class Bucket(msgspec.Struct, frozen=True, array_like=True):
    """One complete time bucket as a limit weighs it, per arm: the calls that its metric counts, and what adds up over
    buckets: calls with the event; calls above the bound of a quantile; or the numerator of a ratio, whose denominator
    is the `base`. `value`: the quantile or ratio itself in the metric's unit, for people; None: there is none."""

    start_us: int
    candidate: int
    candidate_bad: int
    control: int = 0
    control_bad: int = 0
    candidate_base: int = 0
    control_base: int = 0
    candidate_value: float | None = None
    control_value: float | None = None


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """How an arm's answered calls come in. `age_ms`: how long none has come, on the monotonic clock, counted at most
    since this control began to look, users first saw the candidate, or a pause ended; `seen`: whether one came since
    then. `in_flight` calls have begun and not ended, the oldest `oldest_ms` ago."""

    age_ms: int
    seen: bool
    in_flight: int = 0
    oldest_ms: int = 0


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """The hosts. `live` may serve the candidate; with none of them, `awaited` says that a host may just be starting
    again: one reported, or this control began to look, no longer ago than the lease. `late` of the live ones
    reported or shipped nothing for some seconds, `stuck` shipped nothing for longer than the plan's freshness.
    `unconfirmed` hosts may still serve a candidate that was taken out; `mute` ones cannot say the message that a first
    release needs. `watermark_us` (0: none): all records framed before it, on all live hosts, are in the sums."""

    live: int
    awaited: bool = False
    watermark_us: int = 0
    late: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()


class Gates(msgspec.Struct, frozen=True, kw_only=True):
    """What stages without traffic are decided by: all results and approvals of the release, and who pushed the
    candidate. Empty while a rollout takes its steps."""

    results: tuple[StageResult, ...] = ()
    approvals: tuple[Approval, ...] = ()
    author: str = ""


class RuleBroken(msgspec.Struct, frozen=True, kw_only=True):
    """A rule with zero tolerance that an answer of the candidate broke: in which call, by which version (its name, or
    its digest where it has none)."""

    rule: str
    call: str
    version: str


class ShadowSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A shadow stage: what all pairs of the release say, how answers of shadow calls come in, and the copies that live
    workers sent and dropped since they started. `peak_since_us`: since when the peak window lasts (0: it does not)."""

    totals: PairTotals
    flow: Flow
    sent: int = 0
    dropped: int = 0
    peak_since_us: int = 0


class Observations(msgspec.Struct, frozen=True, kw_only=True):
    """`elapsed_ms` since the last round on the monotonic clock (0 for the first), `positions` the first bad events
    per metric, `limits` the complete buckets for each of the plan's limits, in its order, oldest first. `dropped`:
    records each worker dropped since it started. `override`: the digest that pins all traffic, if any.
    `frozen`: why no step may be taken now, if so.
    `spreads`: sums of cost and tokens over units. `yardsticks`: those of the control that the release lacks and that
    could be taken now. `labels`: what somebody has said of matured units. `live`: minutes of the live version that no
    round has read, of those before `live_until_us` (0: none were looked for). `remeasured`: metrics whose rule an app
    changed since the release began. `gates`: what was measured and
    signed. `suspicions`: those that keep the release from going on, oldest first. `shadow`: None outside of shadow
    stages. `broken`: the rules with zero tolerance that the candidate's newest answer of that kind broke."""

    elapsed_ms: int
    candidate: Flow
    control: Flow
    fleet: Fleet
    units: tuple[Units, ...] = ()
    positions: Positions = {}
    limits: tuple[tuple[Bucket, ...], ...] = ()
    dropped: dict[str, int] = {}
    override: str | None = None
    frozen: str = ""
    gates: Gates = Gates()
    monitors: tuple[MonitorSeen, ...] = ()
    shadow: ShadowSeen | None = None
    spreads: tuple[UnitSpread, ...] = ()
    yardsticks: tuple[Yardstick, ...] = ()
    labels: tuple[LabelSums, ...] = ()
    live: tuple[LiveMinute, ...] = ()
    live_until_us: int = 0
    remeasured: tuple[str, ...] = ()
    suspicions: tuple[Suspicion, ...] = ()
    broken: tuple[RuleBroken, ...] = ()

    def enrolled(self, stratum: int | None = None) -> tuple[int, int]:
        """Units (candidate, control) of one stratum, or of all."""
        chosen = [u for u in self.units if stratum in (None, u.stratum)]
        return sum(u.candidate for u in chosen), sum(u.control for u in chosen)
