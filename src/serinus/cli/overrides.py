"""`serinus override …`."""

from __future__ import annotations

from serinus.cli.api_client import connect, part
from serinus.cli.apps import AppArgument
from serinus.cli.options import Json, Key, Reason, Url
from serinus.cli.output import console, name_of, plain, print_json
from serinus.cli.versions import VersionArgument


def set_override(
    app: AppArgument,
    version: VersionArgument,
    reason: Reason = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Pin all traffic of an app to a version that was live before, at once, until cleared.

    Example: serinus override set support-bot support-bot-2026-W46-2 -m "provider incident"
    """
    with connect(url, key) as api:
        document = api.put(f"/apps/{part(app)}/override", {"version": version, "reason": reason})
    if json:
        print_json(document)
        return
    console().print(f"{plain(app)} is pinned to {plain(name_of(document['override']))}")


def clear_override(app: AppArgument, reason: Reason = "", url: Url = "", key: Key = "", json: Json = False) -> None:
    """Take the pin off.

    Example: serinus override clear support-bot
    """
    with connect(url, key) as api:
        document = api.delete(f"/apps/{part(app)}/override", {"reason": reason})
    if json:
        print_json(document)
        return
    console().print(f"{plain(app)} serves {plain(name_of(document['live']))}")
