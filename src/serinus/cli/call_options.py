"""Options that say which calls, and what the API is asked then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from serinus.core.errors import InvalidInput
from serinus.files.units import duration_s

App = Annotated[str, typer.Option("--app", help="Only this app's.")]
Release = Annotated[str, typer.Option("--release", help="Only within this release, by its id.")]
Arm = Annotated[str, typer.Option("--arm", help="Only those assigned to this arm.")]
Version = Annotated[
    str, typer.Option("--version", help="Only what it served: a digest, or with --app a name or its beginning.")
]
User = Annotated[str, typer.Option("--user", help="Only this user's, by the name that calls give.")]
Unit = Annotated[str, typer.Option("--unit", help="Only of the unit with this pseudonym.")]
Conversation = Annotated[str, typer.Option("--conversation", help="Only of this conversation, or of this token.")]
Event = Annotated[str, typer.Option("--event", help="Only with this event metric, such as call.error.")]
Error = Annotated[str, typer.Option("--error", help="Only those that failed so, such as upstream_timeout.")]
Rule = Annotated[str, typer.Option("--rule", help="Only answers that broke this policy rule.")]
Rung = Annotated[
    str, typer.Option("--fallback", help="Fell back so: retry, baseline, cache, message, hand_off; none: not at all.")
]
Worse = Annotated[
    bool | None,
    typer.Option("--worse/--not-worse", help="Only shadow calls that were worse than the user's; or were not."),
]
Status = Annotated[int | None, typer.Option("--status", help="Only with this HTTP status.")]
MinLatency = Annotated[str, typer.Option("--min-latency", help="Only those that took so long, such as 2.5s.")]
Scored = Annotated[
    bool | None, typer.Option("--scored/--not-scored", help="Only those that users said something of; or nothing.")
]
Since = Annotated[str, typer.Option("--since", help="Ended after: how long ago (2h), or a time with its offset.")]
Until = Annotated[str, typer.Option("--until", help="Ended before: how long ago, or a time with its offset.")]


def asked(now_us: int, since: str, until: str, min_latency: str, **equal: Any) -> dict[str, Any]:
    """The query of the API for these options. InvalidInput for a time or duration that is none."""
    return {
        **{name: str(value).lower() if isinstance(value, bool) else value for name, value in equal.items()},
        "min_latency_s": duration_s(min_latency) if min_latency else None,
        "from": _moment(since, now_us, "--since"),
        "to": _moment(until, now_us, "--until"),
    }


def _moment(text: str, now_us: int, where: str) -> str:
    """RFC 3339 for a time, or for how long ago."""
    if not text:
        return ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            ago = timedelta(seconds=duration_s(text))
            return (datetime.fromtimestamp(now_us / 1e6, UTC) - ago).isoformat()
        except (InvalidInput, OverflowError):
            what, mend = "neither a duration nor a time", "write `2h`, or `2026-11-20T09:00:00+01:00`"
            raise InvalidInput(what, where=where, mend=mend) from None
    if found.tzinfo is None:
        raise InvalidInput("a time without its offset", where=where, mend="end it with `Z` or `+01:00`")
    return found.isoformat()
