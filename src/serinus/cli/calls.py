"""`serinus calls …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serinus.adapters.clock import SystemClock
from serinus.cli import call_options as which
from serinus.cli.api_client import Document, connect, part
from serinus.cli.apps import AppArgument
from serinus.cli.local_files import written
from serinus.cli.options import Cursor, Json, Key, Limit, Url
from serinus.cli.output import console, moment, plain, print_facts, print_json, print_table
from serinus.core.decision.wording import usd

_APART = ("scores", "texts")
_RUNG_WORDS = {
    "none": "the version asked", "retry": "the same version, asked again", "baseline": "the baseline instead",
    "cache": "a cached answer", "message": "the fallback message", "hand_off": "the words of a hand-off",
}  # fmt: skip


def list_calls(
    context: typer.Context,
    app: which.App = "",
    release: which.Release = "",
    arm: which.Arm = "",
    version: which.Version = "",
    user: which.User = "",
    unit: which.Unit = "",
    conversation: which.Conversation = "",
    event: which.Event = "",
    error: which.Error = "",
    rule: which.Rule = "",
    fallback: which.Rung = "",
    status: which.Status = None,
    min_latency: which.MinLatency = "",
    scored: which.Scored = None,
    worse: which.Worse = None,
    since: which.Since = "",
    until: which.Until = "",
    worst_first: Annotated[
        bool, typer.Option("--worst-first", help="Shadow calls that were worse than the user's, the worst first.")
    ] = False,
    limit: Limit = 20,
    cursor: Cursor = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Calls, newest first, with what users said of them. All conditions hold at once.

    Example: serinus calls --app support-bot --event feedback.thumbs_down --since 2h
    """
    if context.invoked_subcommand:
        return
    query = which.asked(
        SystemClock().now_us(),
        since,
        until,
        min_latency,
        app=app,
        release=release,
        arm=arm,
        version=version,
        user=user,
        unit=unit,
        conversation=conversation,
        event=event,
        error=error,
        rule=rule,
        rung=fallback,
        status=status,
        scored=scored,
        worse=worse,
    )
    with connect(url, key) as api:
        order = "worst" if worst_first else "newest"
        document = api.get("/calls", limit=limit, cursor=cursor, order=order, **query)
    if json:
        print_json(document)
        return
    rows = (
        [
            moment(call["at"]),
            call["app"],
            call["arm"],
            call["status"],
            f"{call['latency_s']:.2f} s",
            _cost(call),
            _what(call),
            _said(call),
            call["id"],
        ]
        for call in document["items"]
    )
    print_table(
        ("at", "app", "arm", "status", "latency", "cost", "what", "said", "call"),
        rows,
        "No call fits; a call is here some seconds after it ended.",
        whole="call",
    )


def show(
    id: Annotated[str, typer.Argument(metavar="CALL", help="The call's id: x-request-id of its answer.")],
    texts: Annotated[bool, typer.Option("--texts", help="Also what was asked and answered, redacted.")] = False,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """One call with all that is known of it; with --texts, what was asked and answered, if that is kept.

    Example: serinus calls show call_AgGg… --texts
    """
    with connect(url, key) as api:
        document = api.get(f"/calls/{part(id)}")
        if texts:
            document["texts"] = api.get(f"/texts/{part(id)}")
    if json:
        print_json(document)
        return
    print_facts((name.replace("_", " "), value) for name, value in document.items() if name not in _APART)
    for name in ("request", "answer") if texts else ():
        console().print(plain(f"{name}: {document['texts'][name]}"))
    for one in document["texts"]["judged"] if texts else ():
        unsaid = f"{one['state']} {one['reason']}"
        said = f"{one['label']}: {one['evidence']}" if one["state"] == "scored" else unsaid
        console().print(plain(f"{one['metric']}: {said}"))
    for score in document["scores"]:
        line = f"{moment(score['at'])}  {score['about']}  {score['metric']} = {score['value']:g}  {score['text']}"
        console().print(plain(line))


def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write; `-`: standard output.")],
    format: Annotated[str, typer.Option("--format", help="jsonl or parquet.")] = "jsonl",
    scores: Annotated[bool, typer.Option("--scores", help="What users said, instead of the calls.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    app: which.App = "",
    release: which.Release = "",
    arm: which.Arm = "",
    version: which.Version = "",
    user: which.User = "",
    unit: which.Unit = "",
    conversation: which.Conversation = "",
    event: which.Event = "",
    error: which.Error = "",
    rule: which.Rule = "",
    fallback: which.Rung = "",
    status: which.Status = None,
    min_latency: which.MinLatency = "",
    scored: which.Scored = None,
    worse: which.Worse = None,
    since: which.Since = "",
    until: which.Until = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """All calls of a query as JSON lines or Parquet, in order of time. The file appears when it is whole.

    Example: serinus calls export --app support-bot --since 24h --format parquet --out calls.parquet
    """
    query = which.asked(
        SystemClock().now_us(),
        since,
        until,
        min_latency,
        app=app,
        release=release,
        arm=arm,
        version=version,
        user=user,
        unit=unit,
        conversation=conversation,
        event=event,
        error=error,
        rule=rule,
        rung=fallback,
        status=status,
        scored=scored,
        worse=worse,
    )
    table = "scores" if scores else "calls"
    with connect(url, key) as api, written(out, force) as file:
        size = api.download("/calls/export", file, format=format, table=table, **query)
    if str(out) == "-":
        return
    if json:
        print_json({"file": str(out), "bytes": size})
    else:
        console().print(plain(f"{out}: {size:,} bytes"))


def fallbacks(
    app: AppArgument,
    hours: Annotated[int, typer.Option("--hours", min=1, max=720, help="That ended within so many hours.")] = 24,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """How many of an app's calls each rung of the fallback ladder answered.

    Example: serinus calls fallbacks support-bot --hours 72
    """
    with connect(url, key) as api:
        document = api.get("/calls/fallbacks", app=app, hours=hours)
    if json:
        print_json(document)
        return
    total = sum(document["calls"].values())
    rows = (
        [_RUNG_WORDS[rung], f"{calls:,}", f"{100 * calls / total:.2f} %"]
        for rung, calls in document["calls"].items()
        if calls
    )
    print_table(("answered by", "calls", "share"), rows, f"No call of {plain(app)} ended within {hours} hours.")


def erase(
    reason: Annotated[str, typer.Option("-m", "--reason", help="Who asked for it, without their name.")],
    user: Annotated[str, typer.Option("--user", help="Whose, by the name that calls give.")] = "",
    unit: Annotated[str, typer.Option("--unit", help="Whose, by the pseudonym that calls show.")] = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Delete the kept texts of all calls of a user, for good. The calls themselves and the audit trail stay.

    Example: serinus calls erase --user ada -m "request 4711"
    """
    with connect(url, key) as api:
        done = api.post("/texts/erase", {"user": user, "unit": unit, "reason": reason})
    if json:
        print_json(done)
    else:
        console().print(plain(f"{done['unit']}: texts of {done['calls']:,} calls erased"))


def _cost(call: Document) -> str:
    """In dollars; empty when nobody knows."""
    nano = call["cost_nano_usd"]
    return "" if nano is None else usd(nano / 1e9)


def _what(call: Document) -> str:
    """What was special about a call."""
    found = [call["error"]] if call["error"] != "none" else []
    found += [event for event in call["events"] if event != "call.error"]
    found += [f"rule: {rule}" for rule in call["rules"]]
    found += [f"fallback: {call['rung']}"] if call["rung"] != "none" else []
    return ", ".join(found)


def _said(call: Document) -> str:
    """What users said of it, in short."""
    words = []
    for score in call["scores"]:
        name = score["metric"].removeprefix("feedback.")
        words.append(score["text"][:40] if score["text"] else f"{name} {score['value']:g}")
    return ", ".join(words)
