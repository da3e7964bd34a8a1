"""How live judges stand: what they have judged, what waits and for how long, what it cost, whether they may be acted
on."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from serinus.core.judging.answer import NO_COST, Cost
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.judgement import SCORED, UNSCORED, WAITING, JudgementCount, State, Trouble, Waiting, hour_of
from serinus.core.judging.lateness import too_late
from serinus.core.judging.live import raised_share, shortcoming
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.pipeline.plan import Plan
from serinus.core.routing.assignment import COMPARED, Arm

WINDOW_S = 86_400
"""How far back counts go."""
IDLE_S = 30.0
"""When no worker has looked for calls for so long, what waits is not known any more."""


class ArmJudged(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of one arm of the active release that began within `WINDOW_S`. `queued_this_hour`: judged or waiting, of
    those that began in this hour; `mean` in [0, 1], None without a score."""

    arm: Arm
    scored: int
    unscored: int
    waiting: int
    queued_this_hour: int
    mean: float | None


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the stores say of an app's judges. `costs` of today and `delays_s` (of `lateness.SHARE` of the scores) are
    by metric; `unpriced`: the metrics whose judge has no known price; `sampled_us`: when a worker last looked for
    calls."""

    counts: Collection[JudgementCount] = ()
    waiting: Collection[Waiting] = ()
    costs: Mapping[str, Cost] = {}
    delays_s: Mapping[str, float] = {}
    troubles: Collection[Trouble] = ()
    unpriced: Collection[str] = ()
    sampled_us: int = 0


class UnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """The active release of an app: its plan, and whether it has a control."""

    id: str
    plan: Plan
    has_control: bool


class JudgeStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One live judge. Counts are of calls that began within `WINDOW_S`. `dry`: why nothing may act on it (empty:
    something may); `raised_to`: the share that is judged of the active release's arms now (None: no release);
    `lag_s`: the age of the oldest call that waits, or may wait where nobody looked (None: none does); `idle`: why
    nobody knows what waits (empty: it is known); `reasons`: of unscored calls. `cost_today_nano` None: nobody knows the
    price; of it `estimated_today_nano` are estimated. `delay_s`: so long after their calls `lateness.SHARE` of the
    scores came; `late`: why that is too late (empty: it is not); `trouble`: the last error within `WINDOW_S`."""

    metric: str
    live: LiveJudge
    digest: str
    dry: str
    raised_to: float | None
    scored: int
    unscored: int
    waiting: int
    lag_s: float | None
    idle: str
    reasons: Mapping[str, int]
    cost_today_nano: int | None
    estimated_today_nano: int
    held_back: bool
    delay_s: float | None
    late: str
    trouble: Trouble | None
    arms: tuple[ArmJudged, ...] = ()


def standings(config: AppConfig, release: UnderWay | None, seen: Seen, now_us: int) -> tuple[JudgeStanding, ...]:
    """Of all live judges of an app, in the order of their declaration."""
    return tuple(_standing(config, live, release, seen, now_us) for live in config.live_judges)


def lag_of(oldest_us: Collection[int], sampled_us: int, now_us: int) -> tuple[float | None, str]:
    """How long the oldest call has waited (seconds; None: none waits), and why that is not known for sure. `oldest_us`
    are the beginnings of calls that wait. Since a time at which nobody looked calls may wait that nobody knows."""
    known_s = max(((now_us - one) / 1e6 for one in oldest_us), default=None)
    if not sampled_us:
        return known_s, "no worker has looked for calls to judge: start `serinus worker` with `--segments`"
    idle_s = (now_us - sampled_us) / 1e6
    if idle_s <= IDLE_S:
        return None if known_s is None else max(0.0, known_s), ""
    why = "no worker looks for calls to judge: start `serinus worker` with `--segments`"
    return max(idle_s, known_s or 0.0), why


def _standing(config: AppConfig, live: LiveJudge, release: UnderWay | None, seen: Seen, now_us: int) -> JudgeStanding:
    digest = judge_digest(live.judge)
    name = live.metric, digest
    mine = [one for one in seen.counts if (one.metric, one.judge) == name]
    waiting = [one for one in seen.waiting if (one.metric, one.judge) == name]
    cost, delay_s = seen.costs.get(live.metric, NO_COST), seen.delays_s.get(live.metric)
    reasons: dict[str, int] = {}
    for one in mine:
        if one.state == UNSCORED:
            reasons[one.reason] = reasons.get(one.reason, 0) + one.count
    lag_s, idle = lag_of([one.oldest_at_us for one in waiting], seen.sampled_us, now_us)
    arms, raised_to = _arms(config, live, release, mine, now_us) if release else ((), None)
    return JudgeStanding(
        metric=live.metric,
        live=live,
        digest=digest,
        dry=shortcoming(live),
        raised_to=raised_to,
        scored=_many(mine, SCORED),
        unscored=_many(mine, UNSCORED),
        waiting=sum(one.count for one in waiting),
        lag_s=lag_s,
        idle=idle,
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        cost_today_nano=None if live.metric in seen.unpriced else cost.nano,
        estimated_today_nano=cost.estimated_nano,
        held_back=bool(live.limit_usd_per_day) and cost.nano >= live.limit_usd_per_day * 1e9,
        delay_s=delay_s,
        late=too_late(release.plan if release else config.plan, live.metric, delay_s, lag_s),
        trouble=next((one for one in seen.troubles if (one.metric, one.judge) == name), None),
        arms=arms,
    )


def _arms(
    config: AppConfig, live: LiveJudge, release: UnderWay, mine: Collection[JudgementCount], now_us: int
) -> tuple[tuple[ArmJudged, ...], float]:
    of_release = [one for one in mine if one.release == release.id]
    wanted = [arm for arm in COMPARED if release.has_control or arm is Arm.CANDIDATE]
    arms = tuple(_arm(arm, [one for one in of_release if one.arm == arm], now_us) for arm in sorted(wanted))
    queued = {one.arm: one.queued_this_hour for one in arms}
    return arms, raised_share(live, config.payload_share, queued, alone=not release.has_control)


def _arm(arm: Arm, mine: Collection[JudgementCount], now_us: int) -> ArmJudged:
    scored = _many(mine, SCORED)
    now = [one for one in mine if one.hour == hour_of(now_us) and one.state != UNSCORED]
    return ArmJudged(
        arm=arm,
        scored=scored,
        unscored=_many(mine, UNSCORED),
        waiting=_many(mine, WAITING),
        queued_this_hour=sum(one.count for one in now),
        mean=sum(one.total for one in mine if one.state == SCORED) / scored if scored else None,
    )


def hour_text(queued: int, at_least: int) -> str:
    """How many calls an arm's judge has taken this hour, and whether that is as many as each hour should have."""
    if not at_least:
        return f"{queued:,}"
    return f"{queued:,} ({at_least:,} wanted: {'reached' if queued >= at_least else 'not yet'})"


def _many(counts: Collection[JudgementCount], state: State) -> int:
    return sum(one.count for one in counts if one.state == state)
