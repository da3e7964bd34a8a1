"""`serinus audit …`."""

from __future__ import annotations

from typing import Annotated

import typer

from serinus.cli.api_client import connect
from serinus.cli.failures import REFUSED
from serinus.cli.options import Cursor, Json, Key, Limit, Url
from serinus.cli.output import console, moment, plain, print_json, print_table


def list_audit(
    subject: Annotated[str, typer.Option("--subject", help="Only this app, version, release or key.")] = "",
    limit: Limit = 20,
    cursor: Cursor = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Audit entries, newest first.

    Example: serinus audit list --subject support-bot -n 50
    """
    with connect(url, key) as api:
        document = api.get("/audit", subject=subject, limit=limit, cursor=cursor)
    if json:
        print_json(document)
        return
    rows = (
        [entry["seq"], moment(entry["at"]), entry["actor"], entry["action"], entry["subject"], entry["reason"]]
        for entry in document["items"]
    )
    print_table(("seq", "at", "actor", "action", "subject", "reason"), rows, "No entry.")


def verify(url: Url = "", key: Key = "", json: Json = False) -> None:
    """Check the whole chain for edits, deletions and reordering; exit code 1 when it is broken.

    Example: serinus audit verify
    """
    with connect(url, key) as api:
        document = api.post("/audit/verify", {})
    if json:
        print_json(document)
    elif document["whole"]:
        console().print(f"{document['checked']} entries, the chain is whole")
    else:
        rows = ([fault["seq"], fault["what"]] for fault in document["faults"])
        print_table(("seq", "fault"), rows, "")
        console().print(plain(f"{document['checked']} entries, the chain is broken"))
    if not document["whole"]:
        raise typer.Exit(REFUSED)
