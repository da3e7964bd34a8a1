"""`serinus judging APP`: how the live judges of an app stand."""

from __future__ import annotations

from serinus.cli.api_client import Document, connect, part
from serinus.cli.apps import AppArgument
from serinus.cli.options import Json, Key, Url
from serinus.cli.output import NONE, console, moment, plain, print_json, print_table
from serinus.core.decision.wording import percent
from serinus.core.judging.standing import hour_text
from serinus.files.units import duration_text

_COLUMNS = ("metric", "judge", "share", "scored", "unscored", "waiting", "lag", "today", "acts")
_ARMS = ("metric", "arm", "mean", "scored", "unscored", "taken this hour")


def judging(app: AppArgument, url: Url = "", key: Key = "", json: Json = False) -> None:
    """An app's live judges: what they judged in the last 24 hours, what waits and for how long, and what it cost.

    Example: serinus judging support-bot
    """
    with connect(url, key) as api:
        document = api.get(f"/apps/{part(app)}/judging")
    if json:
        print_json(document)
        return
    items = document["items"]
    print_table(_COLUMNS, map(_row, items), "No live judge: declare some with `live_judges` in the app's file.")
    arms = [_arm(one, arm) for one in items for arm in one["arms"]]
    if arms:
        print_table(_ARMS, arms, "")
    for one in items:
        for line in _notes(one):
            console().print(plain(f"{one['metric']}: {line}"))


def _row(one: Document) -> list[object]:
    raised = one["raised_to"]
    share = percent(one["share"]) + ("" if raised in (None, one["share"]) else f", now {percent(raised)}")
    lag = NONE if one["lag_s"] is None else duration_text(round(one["lag_s"]))
    judge = f"{one['model']} {one['judge'][:8]}"
    acts = "yes" if one["acts"] else "no"
    counts = one["scored"], one["unscored"], one["waiting"]
    return [one["metric"], judge, share, *counts, lag, _cost(one), acts]


def _cost(one: Document) -> str:
    """Of today; `~` where some of it is estimated."""
    if one["cost_today_usd"] is None:
        return "no price"
    limit = f" of ${one['limit_usd_per_day']:g}" if one["limit_usd_per_day"] else ""
    return f"{'~' if one['estimated_today_usd'] else ''}${one['cost_today_usd']:.4f}{limit}"


def _arm(one: Document, arm: Document) -> list[object]:
    mean = NONE if arm["mean"] is None else f"{arm['mean']:.3f}"
    return [one["metric"], arm["arm"], mean, arm["scored"], arm["unscored"], _this_hour(one, arm)]


def _this_hour(one: Document, arm: Document) -> str:
    return hour_text(arm["queued_this_hour"], one["at_least"])


def _notes(one: Document) -> list[str]:
    """What a reader must know, a line each."""
    found = [f"{count:,} unscored: {reason}" for reason, count in one["reasons"].items()]
    if one["idle"]:
        found.append(one["idle"])
    if one["held_back"]:
        found.append(f"held back: today's limit of ${one['limit_usd_per_day']:g} is spent")
    if one["estimated_today_usd"]:
        found.append(
            f"${one['estimated_today_usd']:.4f} of today's cost are estimated from bytes: endpoint {one['endpoint']} "
            "does not say how many tokens"
        )
    if one["delay_s"] is not None:
        found.append(f"95 % of its scores came within {duration_text(round(one['delay_s']))} of their call")
    if one["late"]:
        found.append(f"scores come too late: {one['late']}")
    if one["last_error"]:
        found.append(f"last error, {moment(one['last_error']['at'])}: {one['last_error']['what']}")
    if one["dry"]:
        found.append(f"nothing acts on it: {one['dry']}")
    return found
