"""`serinus release watch`."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Callable, Iterator
from typing import Annotated

import typer
from rich.live import Live

from serinus.adapters.clock import SystemClock
from serinus.cli.api_client import ApiClient, Document, connect
from serinus.cli.failures import REFUSED, Refused
from serinus.cli.options import Json, Key, Url
from serinus.cli.output import console
from serinus.cli.release_table import release_line, release_table
from serinus.cli.releases import ReleaseArgument, fetch
from serinus.files.units import duration_s
from serinus.ports.clock import Clock

PROMOTED = "promoted"


def watch(
    release: ReleaseArgument,
    every: Annotated[str, typer.Option("--every", help="How often to look.")] = "1s",
    within: Annotated[str, typer.Option("--within", help="Give up after so long; by default never.")] = "",
    until_approval: Annotated[
        bool, typer.Option("--until-approval", help="Come back, with exit code 0, when it waits for a signature.")
    ] = False,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Follow a release until it ends: a live table on a terminal, a line for each change elsewhere.

    Exit code 0 when it was promoted, 1 when it was rejected, rolled back or aborted. With --json one document a line.

    Example: serinus release watch support-bot --every 2s
    """
    every_s, within_s = max(0.05, duration_s(every)), duration_s(within) if within else None
    with connect(url, key) as api:
        looks = _looks(api, release, every_s, within_s, SystemClock())
        last = _shown(_to_approval(looks) if until_approval else looks, json)
    if last["state"] != PROMOTED and (last["final"] or not until_approval):
        raise typer.Exit(REFUSED)


def _shown(looks: Iterator[Document], json: bool) -> Document:
    """The last look, after each was shown."""
    if json:
        return _follow(looks, lambda seen: print(json_text.dumps(seen, ensure_ascii=False), flush=True))
    if not sys.stdout.isatty():
        return _follow(looks, _print_changes())
    with Live(console=console(), auto_refresh=False) as screen:
        return _follow(looks, lambda seen: screen.update(release_table(seen), refresh=True))


def _looks(api: ApiClient, release: str, every_s: float, within_s: float | None, clock: Clock) -> Iterator[Document]:
    """The release again and again, the ended one last."""
    end_ns = None if within_s is None else clock.mono_ns() + int(within_s * 1e9)
    seen = fetch(api, release)
    while True:
        yield seen
        if seen["final"]:
            return
        if end_ns is not None and clock.mono_ns() >= end_ns:
            what = f"the release is still {seen['state']} after {within_s:g} s"
            raise Refused("not_ended", what, where=seen["id"], mend="watch on, or look why: `serinus release status`")
        clock.sleep(every_s)
        seen = api.get(f"/releases/{seen['id']}")


def _to_approval(looks: Iterator[Document]) -> Iterator[Document]:
    """The looks up to the first at which somebody is asked to sign."""
    for seen in looks:
        yield seen
        if seen["signing"]:
            return


def _follow(looks: Iterator[Document], show: Callable[[Document], object]) -> Document:
    last: Document = {}
    for last in looks:
        show(last)
    return last


def _print_changes() -> Callable[[Document], None]:
    """Prints a line whenever the release has changed."""
    told: list[int] = []

    def show(seen: Document) -> None:
        if told[-1:] != [seen["seq"]]:
            told.append(seen["seq"])
            line = release_line(seen)
            print("".join(char if char.isprintable() else " " for char in line), flush=True)

    return show
