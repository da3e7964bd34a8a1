"""`serinus incidents …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from serinus.cli.api_client import Document, connect, part
from serinus.cli.incident_text import incident_lines
from serinus.cli.local_files import written
from serinus.cli.options import Cursor, Json, Key, Limit, Reason, Url
from serinus.cli.output import console, moment, plain, print_json, print_table

IdArgument = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, `inc_…`, or that of its release.")]
Seq = Annotated[int | None, typer.Option("--seq", help="Act only while the incident is at this sequence number.")]
Found = Annotated[str, typer.Option("--reason", "-m", help="What you found; kept with the audit entry.")]


def list_incidents(
    app: Annotated[str, typer.Option("--app", help="Only of this app.")] = "",
    open: Annotated[bool, typer.Option("--open", help="Only those that wait to be closed.")] = False,
    limit: Limit = 20,
    cursor: Cursor = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """What is to be done after candidates were taken back, newest first.

    Example: serinus incidents --app support-bot --open

    Example: serinus incidents list --limit 5
    """
    with connect(url, key) as api:
        document = api.get("/incidents", app=app, open=open or None, limit=limit, cursor=cursor)
    if json:
        print_json(document)
        return
    rows = (
        [
            one["id"],
            moment(one["opened_at"]),
            one["severity"],
            f"{one['app']} {one['version']}",
            "open" if one["open"] else f"closed by {one['closed_by']}",
            ", ".join(one["lacking"]) or "nothing",
        ]
        for one in document["items"]
    )
    print_table(("id", "opened", "severity", "of", "state", "to be signed"), rows, "There are no incidents.", "id")


def show(id: IdArgument, url: Url = "", key: Key = "", json: Json = False) -> None:
    """One incident: what triggered it, its clock, whom the candidate met, what is to be signed, what happened.

    Example: serinus incidents show inc_019f…
    """
    with connect(url, key) as api:
        document = api.get(f"/incidents/{part(id)}")
    if json:
        print_json(document)
        return
    for line in incident_lines(document):
        console().print(plain(line) if line else "", soft_wrap=True)


def confirm(
    id: IdArgument, reason: Reason = "", seq: Seq = None, url: Url = "", key: Key = "", json: Json = False
) -> None:
    """Say that on-call looks into it: that line of the clock is done.

    Example: serinus incidents confirm inc_019f… -m "on it"
    """
    with connect(url, key) as api:
        document = api.post(f"/incidents/{part(id)}/confirm", {"reason": reason}, seq)
    _told(document, json, "is confirmed")


def note(
    id: IdArgument,
    text: Annotated[str, typer.Option("--reason", "-m", help="What to write down; no texts of users.")],
    kind: Annotated[
        Literal["note", "hypothesis", "action", "review"],
        typer.Option("--kind", help="A hypothesis and the review do their line of the clock."),
    ] = "note",
    seq: Seq = None,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Write down what was found or done.

    Example: serinus incidents note inc_019f… --kind hypothesis -m "the new system prompt breaks the JSON format"
    """
    with connect(url, key) as api:
        document = api.post(f"/incidents/{part(id)}/notes", {"text": text, "kind": kind}, seq)
    _told(document, json, "has the note")


def count(id: IdArgument, seq: Seq = None, url: Url = "", key: Key = "", json: Json = False) -> None:
    """Count the users, sessions and calls that met the candidate, now. Ten minutes after a rollback it is done anyway.

    Example: serinus incidents count inc_019f…
    """
    with connect(url, key) as api:
        document = api.post(f"/incidents/{part(id)}/count", {}, seq)
    _told(document, json, "is counted")


def sign(
    id: IdArgument,
    duty: Annotated[
        Literal["root_cause", "regression", "engine", "no_impact", "reentry"],
        typer.Argument(metavar="DUTY", help="root_cause, regression, engine, no_impact or reentry."),
    ],
    reason: Found,
    cause: Annotated[
        str,
        typer.Option("--class", help="Of root_cause: candidate, configuration, data, provider or false_alarm."),
    ] = "",
    case: Annotated[str, typer.Option("--case", help="Of regression: the case that fails on the bad version.")] = "",
    monitor: Annotated[str, typer.Option("--monitor", help="Of regression: what watches for it from now on.")] = "",
    waive: Annotated[bool, typer.Option("--waive", help="Of regression: none is needed.")] = False,
    role: Annotated[str, typer.Option("--role", help="The role to sign in; else the first that fits.")] = "",
    seq: Seq = None,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Sign one of the duties without which an incident is not closed.

    Example: serinus incidents sign inc_019f… root_cause --class candidate -m "the prompt asks for prose"

    Example: serinus incidents sign inc_019f… regression --case golden/refund-17 -m "fails on v7, passes on v6"
    """
    body = {"reason": reason, "role": role, "cause": cause, "case": case, "monitor": monitor, "waive": waive}
    with connect(url, key) as api:
        document = api.post(f"/incidents/{part(id)}/duties/{part(duty)}", body, seq)
    _told(document, json, f"is signed for {duty}")


def close(id: IdArgument, reason: Found, seq: Seq = None, url: Url = "", key: Key = "", json: Json = False) -> None:
    """Close it. Refused, with what lacks, until all that its list asks for is signed.

    Example: serinus incidents close inc_019f… -m "fixed in v8"
    """
    with connect(url, key) as api:
        document = api.post(f"/incidents/{part(id)}/close", {"reason": reason}, seq)
    _told(document, json, "is closed")


def units(
    id: IdArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write; `-`: standard output.")] = Path("-"),
    jsonl: Annotated[bool, typer.Option("--jsonl", help="JSON lines; there is no other form.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    url: Url = "",
    key: Key = "",
) -> None:
    """Who met the candidate: a JSON line for each user with pseudonym, sessions, calls, first and last call.

    Example: serinus incidents units inc_019f… --jsonl --out exposed.jsonl
    """
    with connect(url, key) as api, written(out, force) as file:
        size = api.download(f"/incidents/{part(id)}/units", file)
    if str(out) != "-":
        console().print(plain(f"{out}: {size:,} bytes"))


def _told(document: Document, json: bool, what: str) -> None:
    if json:
        print_json(document)
        return
    lacking = ", ".join(document["lacking"])
    rest = f"; to be signed: {lacking}" if lacking else ""
    console().print(plain(f"{document['id']} {what}{rest}"), soft_wrap=True)
