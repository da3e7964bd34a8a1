"""`serinus key …`."""

from __future__ import annotations

from typing import Annotated

import typer

from serinus.cli.api_client import connect, part
from serinus.cli.options import Json, Key, Reason, Url
from serinus.cli.output import console, moment, plain, print_json, print_table


def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    role: Annotated[list[str] | None, typer.Option("--role", help="A role in the API; may be repeated.")] = None,
    app: Annotated[
        list[str] | None, typer.Option("--app", help="An app it may call; may be repeated; by default all.")
    ] = None,
    no_calls: Annotated[bool, typer.Option("--no-calls", help="It may call no app.")] = False,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Make a key. Without a role it can only call. Its text is shown once.

    Example: serinus key create ci --role editor --no-calls
    """
    apps = [] if no_calls else (app or ["*"])
    with connect(url, key) as api:
        document = api.post("/keys", {"name": name, "roles": role or [], "apps": apps})
    if json:
        print_json(document)
        return
    if document["secret"] is None:
        console().print(f"{document['key']['id']} was made, but its text was lost on the way; revoke it, make another")
        return
    print(document["secret"])
    typer.echo(f"This is shown once. It is {document['key']['id']}.", err=True)


def list_keys(url: Url = "", key: Key = "", json: Json = False) -> None:
    """All keys, revoked ones included.

    Example: serinus key list
    """
    with connect(url, key) as api:
        document = api.get("/keys")
    if json:
        print_json(document)
        return
    rows = (
        [one["id"], one["name"], one["roles"], one["apps"], moment(one["created_at"]), moment(one["revoked_at"])]
        for one in document["items"]
    )
    print_table(("id", "name", "roles", "apps", "made", "revoked"), rows, "No key.")


def revoke(
    id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, `key_…`.")],
    reason: Reason = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Revoke a key: it opens nothing any more.

    Example: serinus key revoke key_0191e3… -m "left the team"
    """
    with connect(url, key) as api:
        document = api.delete(f"/keys/{part(id)}", {"reason": reason})
    if json:
        print_json(document)
        return
    console().print(f"{plain(document['name'])} ({document['id']}) is revoked")
