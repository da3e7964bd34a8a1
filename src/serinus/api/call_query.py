"""Which calls a request asks for: its query, checked and in the words of the event log."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import AwareDatetime

from serinus.control.lookup import version_of
from serinus.core.errors import InvalidInput
from serinus.core.metrics import event_metric
from serinus.core.records.score import conversation_text
from serinus.core.routing.conversation import LENGTHS, number_of, pseudonym
from serinus.ports.control_store import ControlTx, Page
from serinus.ports.event_log import CallQuery, ScoreQuery

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_HEX16 = re.compile(r"[0-9a-f]{16}")
_CURSOR = re.compile(r"(\d{1,18})\.(call_[A-Za-z0-9_-]{64})")
_NOT_OF_SCORES = ("version", "conversation", "error", "status", "rule", "rung", "min_latency_s", "scored", "worse")

ArmName = Literal["rest", "candidate", "control", "shadow", "pinned", "override"]
RungName = Literal["none", "retry", "baseline", "cache", "message", "hand_off"]
ErrorName = Literal[
    "none",
    "upstream_status",
    "upstream_timeout",
    "upstream_cut",
    "upstream_garbage",
    "upstream_connect",
    "rate_limited",
    "caller",
    "caller_left",
    "infrastructure",
    "template",
    "breaker_open",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when calls ended; None: without an end."""

    from_us: int | None
    to_us: int | None


def span(
    start: Annotated[AwareDatetime | None, Query(alias="from", description="Ended at this time or later.")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="Ended before this time.")] = None,
) -> Span:
    """The dependency that reads the time range."""
    return Span(from_us=_us(start), to_us=_us(end))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The conditions of a request, as they came."""

    app: Annotated[str | None, Query(max_length=100, description="Calls of this app.")] = None
    release: Annotated[str | None, Query(max_length=100, description="Calls within this release.")] = None
    arm: Annotated[ArmName | None, Query(description="Calls assigned to this arm.")] = None
    version: Annotated[
        str | None,
        Query(max_length=200, description="Served by it: a digest; or, with `app`, a name or its beginning."),
    ] = None
    unit: Annotated[str | None, Query(max_length=100, description="Calls of the unit with this pseudonym.")] = None
    user: Annotated[str | None, Query(max_length=1000, description="Calls of the unit with this name.")] = None
    conversation: Annotated[
        str | None, Query(max_length=100, description="As in a call, or the token of the conversation.")
    ] = None
    event: Annotated[
        str | None, Query(max_length=100, description="With this event, of the call or of what was said of it.")
    ] = None
    error: Annotated[ErrorName | None, Query(description="Whose fault it was.")] = None
    rule: Annotated[str | None, Query(max_length=64, description="Whose answer broke this policy rule.")] = None
    rung: Annotated[RungName | None, Query(description="Answered by this rung of the fallback ladder.")] = None
    status: Annotated[int | None, Query(ge=0, le=999, description="The HTTP status.")] = None
    min_latency_s: Annotated[float | None, Query(ge=0, le=1e6, description="At least so slow.")] = None
    scored: Annotated[bool | None, Query(description="Whether something was said of it.")] = None
    worse: Annotated[bool | None, Query(description="Shadow calls that were worse than the baseline's.")] = None
    time: Annotated[Span, Depends(span)]

    def calls(self, tx: ControlTx) -> CallQuery:
        """The query for calls. InvalidInput names the field that is not meant so, NotFound an unknown version."""
        return CallQuery(
            app=self.app,
            release=self.release,
            arm=self.arm,
            version=self._digest(tx),
            unit=self._pseudonym(tx),
            conversation=self._number(),
            event=_event(self.event) if self.event else None,
            error=self.error,
            status=self.status,
            rule=self.rule,
            rung=self.rung,
            min_latency_us=None if self.min_latency_s is None else round(self.min_latency_s * 1e6),
            scored=self.scored,
            worse=self.worse,
            from_us=self.time.from_us,
            to_us=self.time.to_us,
        )

    def scores(self, tx: ControlTx) -> ScoreQuery:
        """The query for scores. InvalidInput also for conditions that only calls have."""
        foreign = [name for name in _NOT_OF_SCORES if getattr(self, name) is not None]
        if foreign:
            raise InvalidInput("scores do not have it", where=foreign[0], mend="leave it out, or export calls")
        return ScoreQuery(
            app=self.app,
            release=self.release,
            arm=self.arm,
            unit=self._pseudonym(tx),
            metric=self.event,
            from_us=self.time.from_us,
            to_us=self.time.to_us,
        )

    def _digest(self, tx: ControlTx) -> str | None:
        if self.version is None or _DIGEST.fullmatch(self.version):
            return self.version
        if self.app is None:
            raise InvalidInput("a name without its app", where="version", mend="give `app` too, or the whole digest")
        return version_of(tx, self.app, self.version).digest

    def _pseudonym(self, tx: ControlTx) -> str | None:
        if self.user is None:
            return self.unit
        if self.unit is not None:
            raise InvalidInput("both unit and user", where="user", mend="give one of them")
        return pseudonym(bytes.fromhex(tx.secrets().pseudonym_key), self.user).hex()

    def _number(self) -> str | None:
        given = self.conversation
        if given is None or _HEX16.fullmatch(given):
            return given
        if len(given) not in LENGTHS:
            raise InvalidInput("not a conversation", where="conversation", mend="as in a call, or its token")
        return conversation_text(number_of(given))


def behind(at: Page) -> tuple[int, str] | None:
    """(end in µs, call) that a page of calls begins behind; InvalidInput when the cursor is not one of ours."""
    if not at.cursor:
        return None
    found = _CURSOR.fullmatch(at.cursor)
    if found is None:
        raise InvalidInput("not a cursor of calls", where="cursor", mend="use next_cursor as given")
    return int(found[1]), found[2]


def cursor(at_us: int, call: str) -> str:
    """The cursor of the page behind a call."""
    return f"{at_us}.{call}"


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _US


def _event(name: str) -> str:
    """InvalidInput names the parameter, not what it names."""
    try:
        return event_metric(name).name
    except InvalidInput as error:
        raise InvalidInput(error.what, where="event", mend=error.mend) from None
