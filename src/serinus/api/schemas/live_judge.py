"""Live judges on the wire: what is declared, and how they stand."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from serinus.api.schemas.declared import Declared
from serinus.api.schemas.times import when
from serinus.core.judging.judgement import Trouble
from serinus.core.judging.standing import ArmJudged, JudgeStanding
from serinus.core.pipeline.live_judge import AT_LEAST, SHARE


class JudgePriceBody(Declared):
    """US dollars for a million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class LiveJudgeBody(Declared):
    """A judge of a sample of the app's live answers."""

    metric: str = Field(description="The score that its grades are.")
    judge: dict[str, Any] = Field(description="As in the reference of suites: criterion, endpoint, model, grades, ….")
    calibration: dict[str, Any] | None = Field(
        default=None, description="As `serinus judge calibrate` writes it; without it nothing may act on the metric."
    )
    share: float = Field(default=SHARE, description="Of the calls, by the hash of their ids; a floor.")
    at_least: int = Field(
        default=AT_LEAST, description="While a release runs: judged calls of each arm in an hour, from kept texts."
    )
    limit_usd_per_day: float = Field(default=0.0, description="0: none.")
    price: JudgePriceBody | None = Field(default=None, description="null: the endpoint's, or the list's.")
    concurrency: int = Field(default=8, description="Requests at a time, of one worker.")
    requests_per_minute: float = Field(default=0.0, description="Of one worker; 0: as fast as it goes.")
    timeout_s: float = 60.0
    tries: int = Field(default=4, description="How often a request is sent before the call goes back to the queue.")


class ArmJudgedView(BaseModel):
    """One arm of the active release; calls that began within 24 hours."""

    arm: str
    scored: int
    unscored: int
    waiting: int
    queued_this_hour: int = Field(description="Judged or waiting, of calls that began in this hour.")
    mean: float | None = Field(description="Of the grades, in [0, 1]; null without any.")

    @classmethod
    def of(cls, found: ArmJudged) -> "ArmJudgedView":
        """The view of an arm."""
        return cls(
            arm=found.arm.label,
            scored=found.scored,
            unscored=found.unscored,
            waiting=found.waiting,
            queued_this_hour=found.queued_this_hour,
            mean=found.mean,
        )


class JudgingErrorView(BaseModel):
    """What a judge did not answer, or why nothing was asked of it."""

    what: str
    at: datetime

    @classmethod
    def of(cls, found: Trouble) -> "JudgingErrorView":
        """The view of an error."""
        return cls(what=found.what, at=when(found.at_us))


class JudgingView(BaseModel):
    """How a live judge stands; counts are of calls that began within 24 hours."""

    metric: str
    model: str
    endpoint: str
    judge: str = Field(description="Digest of the judge: it is the key of its scores.")
    acts: bool = Field(description="Whether something may act on its grades.")
    dry: str = Field(description="Why nothing may; empty when something may.")
    share: float = Field(description="Of the calls, the floor.")
    at_least: int
    raised_to: float | None = Field(description="The share of both arms of the active release now; null: no release.")
    scored: int
    unscored: int
    reasons: dict[str, int] = Field(description="Why calls are unscored, and how many.")
    waiting: int
    lag_s: float | None = Field(description="Age of the oldest call that waits, or may wait; null: none does.")
    idle: str = Field(description="Why nobody knows what waits: no worker looks for calls; empty: one does.")
    delay_s: float | None = Field(description="So long after their calls 95 % of the scores came; null: there is none.")
    late: str = Field(description="Why scores come too late for what waits for them; empty: they do not.")
    cost_today_usd: float | None = Field(description="Since midnight, UTC; null: nobody knows the price.")
    estimated_today_usd: float = Field(
        description="Of today's cost, what is estimated from bytes: the endpoint did not say how many tokens."
    )
    limit_usd_per_day: float = Field(description="0: none.")
    held_back: bool = Field(description="Today's limit is spent.")
    last_error: JudgingErrorView | None = Field(description="Within 24 hours; it may be over.")
    arms: list[ArmJudgedView] = Field(description="Of the active release.")

    @classmethod
    def of(cls, found: JudgeStanding) -> "JudgingView":
        """The view of a standing."""
        return cls(
            metric=found.metric,
            model=found.live.judge.model,
            endpoint=found.live.judge.endpoint,
            judge=found.digest,
            acts=not found.dry,
            dry=found.dry,
            share=found.live.share,
            at_least=found.live.at_least,
            raised_to=found.raised_to,
            scored=found.scored,
            unscored=found.unscored,
            reasons=dict(found.reasons),
            waiting=found.waiting,
            lag_s=found.lag_s,
            idle=found.idle,
            delay_s=found.delay_s,
            late=found.late,
            cost_today_usd=None if found.cost_today_nano is None else found.cost_today_nano / 1e9,
            estimated_today_usd=found.estimated_today_nano / 1e9,
            limit_usd_per_day=found.live.limit_usd_per_day,
            held_back=found.held_back,
            last_error=JudgingErrorView.of(found.trouble) if found.trouble else None,
            arms=[ArmJudgedView.of(one) for one in found.arms],
        )
