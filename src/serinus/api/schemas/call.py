"""Calls and what was said of them, on the wire."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from serinus.api.schemas.times import when
from serinus.core.records.call import Call
from serinus.core.records.record import Rung
from serinus.core.records.score import LoggedScore

_US = 1e6
RUNGS = tuple(rung.name.lower() for rung in Rung)


class ScoreView(BaseModel):
    """Something said of a call, or of its conversation."""

    score: str = Field(description="Its name: the same feedback sent twice has the same.")
    about: str = Field(description="`call` or `conversation`.")
    at: datetime
    metric: str
    value: float
    source: str = Field(description="Who says so: `feedback` of users.")
    key: str
    text: str = Field(description="What the user wrote.")

    @classmethod
    def of(cls, score: LoggedScore) -> "ScoreView":
        """The view of a score."""
        return cls(
            score=score.score,
            about="call" if score.call else "conversation",
            at=when(score.at_us),
            metric=score.metric,
            value=score.value_micro / 1e6,
            source=score.source,
            key=score.key,
            text=score.text,
        )


class CallView(BaseModel):
    """One call. What nobody knows is null."""

    id: str
    app: str
    release: str = Field(description="Empty outside a release.")
    arm: str = Field(description="The arm it was assigned to.")
    stratum: int = Field(description="−1 outside a comparison.")
    version: str = Field(
        description="Digest of the version that served it: another one than assigned after a fallback. 64 zeros: "
        "nothing was live, and the app's message answered."
    )
    revision: int = Field(description="The routing snapshot's.")
    unit: str = Field(description="The unit's pseudonym.")
    conversation: str
    host: str
    begun_at: datetime
    at: datetime = Field(description="Its end.")
    status: int = Field(description="HTTP status; 499: the caller left, 0: its worker died.")
    error: str = Field(description="Whose fault a failure was; `none` without one.")
    events: list[str] = Field(description="Names of event metrics.")
    rules: list[str] = Field(description="Policy rules that the answer broke.")
    finish: str = Field(description="The provider's finish reason.")
    rung: str = Field(description="Which rung of the fallback ladder answered; `none`: no fallback.")
    latency_s: float
    first_token_s: float | None
    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int | None
    cost_nano_usd: int | None = Field(description="Nano-USD, by the prices of `price_table`.")
    price_table: str = Field(description="Where its price is from; empty: unknown.")
    estimated: bool = Field(description="Tokens were counted here: the provider did not tell.")
    stream: bool
    held: bool
    attempts: int
    upstream_status: int | None
    model: str = Field(description="As the provider names it.")
    finished: bool = Field(description="False: its worker died, and only its beginning is known.")
    scores: list[ScoreView] = Field(description="What was said of it or of its conversation, oldest first.")

    @classmethod
    def of(cls, call: Call, scores: Sequence[LoggedScore]) -> "CallView":
        """The view of a call; `scores` may be about others too."""
        about = (s for s in scores if s.call == call.call or s.conversation == call.conversation)
        return cls(
            id=call.call,
            app=call.app,
            release=call.release,
            arm=call.arm,
            stratum=call.stratum,
            version=call.version,
            revision=call.revision,
            unit=call.unit,
            conversation=call.conversation,
            host=call.host,
            begun_at=when(call.begun_at_us),
            at=when(call.at_us),
            status=call.status,
            error=call.error,
            events=list(call.events),
            finish=call.finish,
            rung=call.rung,
            latency_s=call.latency_us / _US,
            first_token_s=call.ttft_us / _US if call.ttft_us else None,
            tokens_in=call.tokens_in,
            tokens_out=call.tokens_out,
            tokens_cached=call.tokens_cached,
            cost_nano_usd=call.cost_nano,
            price_table=call.price_table,
            rules=list(call.rules),
            estimated=call.estimated,
            stream=call.stream,
            held=call.held,
            attempts=call.attempts,
            upstream_status=call.upstream_status or None,
            model=call.model,
            finished=call.finished,
            scores=[ScoreView.of(score) for score in about],
        )


class FallbacksView(BaseModel):
    """Who answered an app's calls."""

    app: str
    hours: int
    calls: dict[str, int] = Field(description="By rung of the fallback ladder; `none`: the version that was asked.")
