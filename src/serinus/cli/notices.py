"""`serinus notices …`."""

from __future__ import annotations

from typing import Annotated

import typer

from serinus.cli.api_client import Document, connect, part
from serinus.cli.apps import AppArgument
from serinus.cli.options import Cursor, Json, Key, Limit, Reason, Url
from serinus.cli.output import console, moment, plain, print_json, print_table


def list_notices(
    app: Annotated[str, typer.Option("--app", help="Only of this app.")] = "",
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that nobody has acknowledged yet.")] = False,
    limit: Limit = 20,
    cursor: Cursor = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """What was told to whom, newest first, and what still has to be acknowledged.

    Example: serinus notices --waiting
    """
    with connect(url, key) as api:
        document = api.get("/notices", app=app, waiting=waiting or None, limit=limit, cursor=cursor)
    if json:
        print_json(document)
        return
    rows = (
        [one["id"], moment(one["at"]), one["title"], one["app"], _seen(one), _told(one), one["reason"]]
        for one in document["items"]
    )
    print_table(("id", "at", "what", "app", "seen", "told", "reason"), rows, "No notice.")


def ack(
    id: Annotated[int, typer.Argument(metavar="ID", help="The notice's number.", min=1)],
    reason: Reason = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Acknowledge a notice: you have seen it and look into it, so it does not escalate.

    Example: serinus notices ack 12 -m "looking at the provider"
    """
    with connect(url, key) as api:
        document = api.post(f"/notices/{id}/acknowledge", {"reason": reason})
    if json:
        print_json(document)
        return
    by, at = plain(document["acknowledged_by"]), moment(document["acknowledged_at"])
    console().print(f"notice {id} was acknowledged by {by} at {at}")


def send_test(app: AppArgument, url: Url = "", key: Key = "", json: Json = False) -> None:
    """Send a test notice to all targets of an app; `serinus notices` tells how it went.

    Example: serinus notices test support-bot
    """
    with connect(url, key) as api:
        document = api.post(f"/apps/{part(app)}/notifications/test", {})
    if json:
        print_json(document)
        return
    console().print(f"notice {document['id']} is on its way")


def _seen(notice: Document) -> str:
    if notice["acknowledged_at"]:
        return str(notice["acknowledged_by"])
    if notice["escalated_at"]:
        return "no: escalated"
    return f"no: by {moment(notice['acknowledge_by'])}" if notice["acknowledge_by"] else ""


def _told(notice: Document) -> str:
    return "\n".join(_delivery(one) for one in notice["deliveries"]) or "nobody"


def _delivery(delivery: Document) -> str:
    head = f"{delivery['target']} {delivery['state']}"
    if delivery["state"] == "delivered":
        return head
    attempts = delivery["attempts"]
    return f"{head} after {attempts} attempts: {delivery['fault']}" if attempts and delivery["fault"] else head
