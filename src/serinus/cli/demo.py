"""`serinus demo`."""

from __future__ import annotations

import contextlib
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from serinus.adapters.clock import SystemClock
from serinus.cli.output import console
from serinus.core.errors import InvalidInput
from serinus.demo.run import DemoSettings, run_demo


def demo(
    traffic: Annotated[str, typer.Option("--traffic", metavar="CSV", help="Your own queries as the traffic.")] = "",
    text_column: Annotated[str, typer.Option("--text-column", help="The column of the CSV that is asked.")] = "text",
    rate: Annotated[float, typer.Option("--rate", min=50, help="Requests per second.")] = 400.0,
    seed: Annotated[int, typer.Option("--seed", help="Of the provider and its users.")] = 1,
    directory: Annotated[Path | None, typer.Option("--dir", help="Keep everything in this empty folder.")] = None,
    stay: Annotated[bool, typer.Option("--stay", help="Leave it running at the end, until Ctrl-C.")] = False,
) -> None:
    """A good candidate climbs to everybody, a bad one is rolled back by itself; then every claim is checked.

    Takes about two minutes, needs no network and no keys. Exit code 1 when a check fails.

    Example: serinus demo --traffic queries.csv --text-column question
    """
    with contextlib.ExitStack() as stack:
        if directory is None:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="serinus-demo-")))
        directory = directory.absolute()
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise InvalidInput("is not empty", where=str(directory), mend="name a new folder")
        own = str(Path(traffic).absolute()) if traffic else ""
        settings = DemoSettings(directory=directory, rate=rate, csv=own, text_column=text_column, seed=seed, stay=stay)
        code = run_demo(settings, SystemClock(), console(), signal.pause)
    raise typer.Exit(code)
