"""`serinus monitors APP`: what is watched, where it stands, what it was, and what it would say now."""

from __future__ import annotations

from typing import Annotated

import typer

from serinus.cli.api_client import Document, connect, part
from serinus.cli.apps import AppArgument
from serinus.cli.options import Cursor, Json, Key, Limit, Url
from serinus.cli.output import moment, print_json, print_table

_COLUMNS = ("monitor", "on", "level", "since", "read", "why")


def monitors(
    app: AppArgument,
    history: Annotated[str, typer.Option("--history", help="The readings of this monitor, newest first.")] = "",
    try_: Annotated[str, typer.Option("--try", help="Read this monitor once, now; nothing is kept.")] = "",
    limit: Limit = 50,
    cursor: Cursor = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """An app's monitors with their levels; the history of one; or what one would say now.

    Example: serinus monitors support-bot
    """
    with connect(url, key) as api:
        path = f"/apps/{part(app)}/monitors"
        if try_:
            document = api.get(f"{path}/{part(try_)}/try")
        elif history:
            document = api.get(f"{path}/{part(history)}/readings", limit=limit, cursor=cursor)
        else:
            document = api.get(path)
    if json:
        print_json(document)
        return
    if try_ or history:
        rows = [_row(one) for one in document["items"]]
    else:
        rows = [row for monitor in document["items"] for row in _rows(monitor)]
    print_table(_COLUMNS, rows, "No reading yet." if try_ or history else "No monitor: declare some in the app's file.")


def _rows(monitor: Document) -> list[list[object]]:
    if not monitor["readings"]:
        return [[monitor["name"], "", "no-data", "", "", "not read yet"]]
    return [_row(reading) for reading in monitor["readings"]]


def _row(reading: Document) -> list[object]:
    since, at = moment(reading["since"]), moment(reading["at"])
    return [reading["monitor"], reading["subject"], reading["level"], since, at, reading["text"]]
