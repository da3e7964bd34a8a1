"""`serinus freeze …`, and releases that wait."""

from __future__ import annotations

from serinus.cli.api_client import Document, connect, part
from serinus.cli.apps import AppArgument
from serinus.cli.options import Json, Key, Reason, Url
from serinus.cli.output import console, plain, print_json, print_table


def freeze_on(reason: Reason = "", url: Url = "", key: Key = "", json: Json = False) -> None:
    """Freeze all releases: none starts, takes a step or is promoted. Rollbacks go on.

    Example: serinus freeze on -m "the provider has an incident"
    """
    with connect(url, key) as api:
        _told(api.put("/freeze", {"reason": reason}), json)


def freeze_off(reason: Reason = "", url: Url = "", key: Key = "", json: Json = False) -> None:
    """Let releases go on.

    Example: serinus freeze off
    """
    with connect(url, key) as api:
        _told(api.delete("/freeze", {"reason": reason}), json)


def freeze_status(url: Url = "", key: Key = "", json: Json = False) -> None:
    """Whether all releases are frozen, by whom and why.

    Example: serinus freeze status
    """
    with connect(url, key) as api:
        _told(api.get("/freeze"), json)


def list_waiting(url: Url = "", key: Key = "", json: Json = False) -> None:
    """Releases that wait for the end of a freeze or of another release.

    Example: serinus release waiting
    """
    with connect(url, key) as api:
        document = api.get("/waiting")
    if json:
        print_json(document)
        return
    rows = ((one["app"], one["name"], one["why"], one["created_by"], one["reason"]) for one in document["items"])
    print_table(("app", "version", "waits until", "asked for by", "reason"), rows, "No release waits.")


def unqueue(app: AppArgument, reason: Reason = "", url: Url = "", key: Key = "", json: Json = False) -> None:
    """Take out the release that waits for an app.

    Example: serinus release unqueue support-bot
    """
    with connect(url, key) as api:
        document = api.delete(f"/apps/{part(app)}/waiting", {"reason": reason})
    if json:
        print_json(document)
        return
    console().print(f"No release of {plain(app)} waits any more.")


def _told(document: Document, json: bool) -> None:
    if json:
        print_json(document)
    elif document["on"]:
        why = f": {document['reason']}" if document["reason"] else ""
        console().print(plain(f"All releases are frozen by {document['by']}{why}"))
    else:
        console().print("Releases are not frozen.")
