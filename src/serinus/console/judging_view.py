"""How live judges stand, in words for the pages of an app and of a release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from serinus.core.decision.wording import percent, span
from serinus.core.judging.lateness import SHARE
from serinus.core.judging.standing import JudgeStanding


class JudgeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One judge: how it stands, today's cost in words, and what else to know, each with whether it needs somebody."""

    standing: JudgeStanding
    cost: str
    notes: tuple[tuple[bool, str], ...]


def judge_lines(found: Sequence[JudgeStanding]) -> list[JudgeLine]:
    """A line for each, in order."""
    return [JudgeLine(standing=one, cost=_cost(one), notes=tuple(_notes(one))) for one in found]


def _cost(one: JudgeStanding) -> str:
    limit = f" of ${one.live.limit_usd_per_day:g}" if one.live.limit_usd_per_day else ""
    if one.cost_today_nano is None:
        return "no known price"
    about = "about " if one.estimated_today_nano else ""
    return f"{about}${one.cost_today_nano / 1e9:.4f}{limit} today"


def _notes(one: JudgeStanding) -> Iterator[tuple[bool, str]]:
    if one.idle:
        yield True, one.idle[:1].upper() + one.idle[1:] + "."
    if one.held_back:
        yield True, "Held back until tomorrow (UTC): today's limit is spent."
    if one.late:
        yield True, f"Scores come too late: {one.late}."
    if one.trouble is not None:
        at = datetime.fromtimestamp(one.trouble.at_us / 1e6, UTC).strftime("%d %b %H:%M:%S")
        yield True, f"Last error, {at} UTC: {one.trouble.what}."
    if one.dry:
        yield False, f"Nothing acts on it: {one.dry}."
    if one.delay_s is not None:
        yield False, f"{percent(SHARE)} of its scores came within {span(one.delay_s)} of their call."
    if one.estimated_today_nano:
        yield (
            False,
            f"${one.estimated_today_nano / 1e9:.4f} of the cost are estimated from bytes: the endpoint does not say how"
            " many tokens.",
        )
    for reason, count in one.reasons.items():
        yield False, f"{count:,} unscored: {reason}."
