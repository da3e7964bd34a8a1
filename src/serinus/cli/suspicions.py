"""`serinus suspicions …`."""

from __future__ import annotations

from typing import Annotated

import typer

from serinus.cli.api_client import ApiClient, Document, connect, part
from serinus.cli.options import Cursor, Json, Key, Limit, Reason, Url
from serinus.cli.output import console, moment, plain, print_json, print_table
from serinus.cli.releases import Seq, resolved
from serinus.cli.suspicion_text import answer_text, kind_text

IdArgument = Annotated[str, typer.Argument(metavar="SUSPICION", help="Its id: `sus_…`.")]
Why = Annotated[str, typer.Option("--reason", "-m", help="What you saw; kept with the audit entry.")]


def list_suspicions(
    release: Annotated[str, typer.Option("--release", help="Only of this release, or of an app's newest one.")] = "",
    app: Annotated[str, typer.Option("--app", help="Only of this app.")] = "",
    pending: Annotated[bool, typer.Option("--pending", help="Only those that wait for an answer.")] = False,
    limit: Limit = 20,
    cursor: Cursor = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """What is suspected of answers, newest first, and what was answered.

    Example: serinus suspicions --release support-bot --pending
    """
    with connect(url, key) as api:
        of = resolved(api, release) if release else None
        document = api.get("/suspicions", release=of, app=app, pending=pending or None, limit=limit, cursor=cursor)
    if json:
        print_json(document)
        return
    rows = (
        [
            one["id"],
            moment(one["raised_at"]),
            kind_text(one),
            f"{one['app']} {one['arm']}",
            " and ".join(one["by"]),
            answer_text(one),
            one["call"],
        ]
        for one in document["items"]
    )
    print_table(("id", "raised", "what", "of", "by", "answer", "call"), rows, "Nothing is suspected.", "id")


def suspect(
    call: Annotated[str, typer.Argument(metavar="CALL", help="The call id: `call_…`.")],
    category: Annotated[str, typer.Option("--category", help="A word such as medical_advice.")] = "",
    pattern: Annotated[
        bool, typer.Option("--pattern", help="It is a new adversarial pattern, for the red team to review.")
    ] = False,
    reason: Reason = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Suspect that an answer breaks the policy. A candidate that gave it is paused at once.

    Example: serinus suspicions raise call_AgGg… --category medical_advice -m "it gives a dose"
    """
    kind = "adversarial_pattern" if pattern else "suspected_violation"
    with connect(url, key) as api:
        document = api.post("/suspicions", {"call": call, "kind": kind, "category": category, "reason": reason})
    _told(document, json)


def confirm(id: IdArgument, reason: Why, seq: Seq = None, url: Url = "", key: Key = "", json: Json = False) -> None:
    """Confirm a suspected violation: its release rolls back at once.

    Example: serinus suspicions confirm sus_0a1b… -m "it gives a dose"
    """
    with connect(url, key) as api:
        document = _answered(api, id, "confirm", reason, seq)
    _told(document, json)


def dismiss(
    ids: Annotated[list[str], typer.Argument(metavar="SUSPICION…", help="Their ids: `sus_…`.")],
    reason: Why,
    seq: Seq = None,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Say that they are none. The release stays paused until somebody resumes it.

    Neither the author of the version nor who started the release can.

    Example: serinus suspicions dismiss sus_0a1b… -m "a cookery question"
    """
    with connect(url, key) as api:
        for id in ids:
            _told(_answered(api, id, "dismiss", reason, seq), json)


def review(id: IdArgument, reason: Why, seq: Seq = None, url: Url = "", key: Key = "", json: Json = False) -> None:
    """Record the red team's review of an adversarial pattern, without which its release does not go on.

    Example: serinus suspicions review sus_0a1b… -m "known; filtered since Monday"
    """
    with connect(url, key) as api:
        document = _answered(api, id, "review", reason, seq)
    _told(document, json)


def _answered(api: ApiClient, id: str, verb: str, reason: str, seq: int | None) -> Document:
    return api.post(f"/suspicions/{part(id)}/{verb}", {"reason": reason}, seq)


def _told(document: Document, json: bool) -> None:
    if json:
        print_json(document)
        return
    console().print(f"{plain(document['id'])} is {plain(answer_text(document))}")
