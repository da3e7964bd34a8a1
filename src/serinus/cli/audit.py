"""`serinus audit …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from serinus.cli.api_client import Document, connect
from serinus.cli.failures import REFUSED
from serinus.cli.local_files import read_file, written
from serinus.cli.options import Cursor, Json, Key, Limit, Url
from serinus.cli.output import console, moment, plain, print_json, print_table
from serinus.core.audit.entry import Entry, faults
from serinus.core.errors import InvalidInput


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


def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write; `-`: standard output.")],
    subject: Annotated[str, typer.Option("--subject", help="Only this app, version, release or key.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """The trail as JSON lines with all evidence, to be kept where nobody here can change it. The file appears when it
    is whole.

    Example: serinus audit export --out audit.jsonl
    """
    with connect(url, key) as api, written(out, force) as file:
        size = api.download("/audit/export", file, subject=subject)
    if str(out) == "-":
        return
    if json:
        print_json({"file": str(out), "bytes": size})
    else:
        console().print(plain(f"{out}: {size:,} bytes"))


def verify(
    file: Annotated[
        Path | None, typer.Option("--file", help="A trail that was exported whole: no server is asked.")
    ] = None,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Check the whole chain for edits, deletions and reordering; exit code 1 when it is broken.

    Example: serinus audit verify
    """
    document = _verified(read_file(file)) if file else _asked(url, key)
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


def entries_of(raw: bytes) -> list[Entry]:
    """The entries of an exported trail; InvalidInput names the line that is none."""
    found = []
    for number, line in enumerate(raw.splitlines(), 1):
        try:
            found.append(msgspec.json.decode(line, type=Entry))
        except msgspec.MsgspecError as error:
            raise InvalidInput(
                f"not an entry of the audit trail: {error}", where=f"line {number}", mend="export it anew"
            ) from None
    return found


def _asked(url: str, key: str) -> Document:
    with connect(url, key) as api:
        return api.post("/audit/verify", {})


def _verified(raw: bytes) -> Document:
    entries = entries_of(raw)
    found = list(faults(entries))
    return {"checked": len(entries), "whole": not found, "faults": [{"seq": f.seq, "what": f.what} for f in found]}
