"""`serinus up`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from serinus.adapters.clock import SystemClock
from serinus.bootstrap.settings import API_PORT, GATEWAY_PORT
from serinus.bootstrap.up import Ready, UpSettings, run_up
from serinus.cli.options import Json


def up(
    directory: Annotated[Path, typer.Option("--dir", help="Where everything is kept.")] = Path(".serinus"),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Of the gateway; 0: a free one.")] = (
        GATEWAY_PORT
    ),
    api_port: Annotated[int, typer.Option("--api-port", min=0, max=65535, help="Of the API; 0: a free one.")] = (
        API_PORT
    ),
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="Gateway workers.")] = 2,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    drain_s: Annotated[float, typer.Option("--drain-s", min=0, help="Seconds that open calls may go on.")] = 30.0,
    public_url: Annotated[
        str, typer.Option("--public-url", help="Where people reach the console: links in notices begin with it.")
    ] = "",
    units_kept_days: Annotated[
        float | None,
        typer.Option("--units-kept-days", min=1, max=3650, help="Days that an ended release's units are known."),
    ] = None,
    spool_limit_mb: Annotated[
        float | None, typer.Option("--spool-limit-mb", min=1, help="Unshipped records that a worker keeps at most.")
    ] = None,
    segment_mb: Annotated[
        float | None, typer.Option("--segment-mb", min=0.1, help="Size of one spool segment.")
    ] = None,
    new_key: Annotated[
        bool, typer.Option("--new-admin-key", help="Make another admin key, print it and end: the first one is lost.")
    ] = False,
    json: Json = False,
) -> None:
    """Start control and gateway on this machine, with SQLite in one folder. Ctrl-C stops all of it.

    Example: serinus up --dir .serinus --workers 2
    """
    if new_key:
        # It opens the stores, whose libraries take longer to load than all that `up` itself needs.
        made = importlib.import_module("serinus.bootstrap.new_admin_key").new_admin_key(directory, SystemClock())
        _tell_key(made, json)
        return
    settings = UpSettings(
        directory=directory,
        port=port,
        api_port=api_port,
        workers=workers,
        host=host,
        drain_s=drain_s,
        public_url=public_url,
        units_kept_days=units_kept_days,
        spool_limit_mb=spool_limit_mb,
        segment_mb=segment_mb,
    )
    raise typer.Exit(run_up(settings, _tell_json if json else _tell))


def _tell_key(text: str, json: bool) -> None:
    if json:
        print(msgspec.json.encode({"admin_key": text}).decode())
        return
    print("A new admin key. It is shown this once and kept nowhere. If the old one may be in wrong hands, revoke it:")
    print(f"`serinus key list`, `serinus key revoke ID`.\n\n  export SERINUS_API_KEY={text}")


def _tell_json(ready: Ready) -> None:
    print(msgspec.json.encode({"ready": True, **msgspec.to_builtins(ready)}).decode(), flush=True)


def _tell(ready: Ready) -> None:
    lines = [
        f"Serinus is ready after {ready.took_s:.1f} s.",
        f"  gateway  {ready.gateway_url}   base_url of your OpenAI client",
        f"  console  {ready.api_url}      open it in a browser; the API is there too",
        f"  folder   {ready.directory}   log: {ready.log}",
    ]
    if ready.admin_key:
        lines += [
            "",
            "The first admin key. It is shown this once and kept nowhere; commands in another terminal need it:",
            "",
            f"  export SERINUS_API_KEY={ready.admin_key}",
        ]
    if ready.api_url != f"http://127.0.0.1:{API_PORT}":
        lines += [] if ready.admin_key else ["", "Commands in another terminal need this:", ""]
        lines.append(f"  export SERINUS_URL={ready.api_url}")
    print("\n".join([*lines, "", "Ctrl-C stops everything."]), flush=True)
