"""`serinus report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serinus.cli.api_client import connect, part
from serinus.cli.local_files import written
from serinus.cli.options import Key, Url
from serinus.cli.output import console, plain, print_json
from serinus.cli.releases import resolved


def report(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="Its id, or an app: its newest release.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The HTML file to write; by default RELEASE.html here.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    url: Url = "",
    key: Key = "",
    json: Annotated[bool, typer.Option("--json", help="Print the pack as JSON instead.")] = False,
) -> None:
    """The evidence pack of a release: one HTML file that needs nothing else, with all that an auditor asks: what
    changed, what was measured, who signed, how the arms compared, every decision and its numbers.

    Example: serinus report support-bot --out evidence.html
    """
    with connect(url, key) as api:
        id = resolved(api, release)
        if json:
            print_json(api.get(f"/releases/{part(id)}/report"))
            return
        target = out or Path(f"{id}.html")
        with written(target, force) as file:
            size = api.download(f"/releases/{part(id)}/report", file, format="html")
    if str(target) != "-":
        console().print(plain(f"{target}: {size:,} bytes"))
