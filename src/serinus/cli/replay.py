"""`serinus replay`."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from serinus.cli.api_client import connect
from serinus.cli.audit import entries_of
from serinus.cli.failures import REFUSED
from serinus.cli.local_files import read_file
from serinus.cli.options import Json, Key, Url
from serinus.cli.output import console, moment, plain, print_json, print_table
from serinus.cli.releases import resolved
from serinus.core.decision.replay import Replayed, replayed
from serinus.core.errors import InvalidInput


def replay(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="Its id, or an app: its newest release.")] = "",
    file: Annotated[Path | None, typer.Option("--file", help="An exported trail instead: no server is asked.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Every question and its answer, too.")] = False,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Decide every decision of a release anew, here, from the evidence on the audit trail; exit code 1 when one comes
    out otherwise. Asks nothing of any store but the trail.

    Example: serinus replay support-bot --explain
    """
    raw = read_file(file) if file else _fetched(release, url, key)
    found = replayed(one for one in entries_of(raw) if not release or file is None or one.subject == release)
    if json:
        print_json({"decisions": msgspec.to_builtins(found), "identical": _identical(found)})
    else:
        _print(found, explain)
    if not _identical(found):
        raise typer.Exit(REFUSED)


def _fetched(release: str, url: str, key: str) -> bytes:
    if not release:
        raise InvalidInput("no release is named", where="RELEASE", mend="name one, or a trail with --file")
    trail = io.BytesIO()
    with connect(url, key) as api:
        api.download("/audit/export", trail, subject=resolved(api, release))
    return trail.getvalue()


def _identical(found: list[Replayed]) -> bool:
    return all(one.outcome == "identical" for one in found)


def _print(found: list[Replayed], explain: bool) -> None:
    rows = [
        [
            one.seq,
            moment(datetime.fromtimestamp(one.at_us / 1e6, UTC).isoformat()),
            one.action.removeprefix("tick:release:"),
            one.outcome,
            one.text or one.reason,
        ]
        for one in found
    ]
    print_table(("seq", "at", "decision", "decided anew", "why"), rows, "The tick has decided nothing yet.")
    if explain:
        for one in found:
            console().print(f"\n{one.seq} {plain(one.action)}")
            for finding in one.findings:
                console().print(f"  {plain(finding)}")
    if found:
        same = sum(one.outcome == "identical" for one in found)
        console().print(f"\n{same} of {len(found)} decisions come out identical, byte for byte")
