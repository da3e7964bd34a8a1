"""`serinus demo`."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from serinus.adapters.clock import SystemClock
from serinus.cli.options import Json
from serinus.cli.output import console
from serinus.core.errors import InvalidInput
from serinus.demo.run import DemoSettings, run_demo

_WIDE = 160


def demo(
    traffic: Annotated[str, typer.Option("--traffic", metavar="CSV", help="Your own queries as the traffic.")] = "",
    text_column: Annotated[str, typer.Option("--text-column", help="The column of the CSV that is asked.")] = "text",
    rate: Annotated[float, typer.Option("--rate", min=50, help="Requests per second.")] = 400.0,
    seed: Annotated[int, typer.Option("--seed", help="Of the users.")] = 1,
    directory: Annotated[Path | None, typer.Option("--dir", help="Keep everything in this empty folder.")] = None,
    report: Annotated[Path, typer.Option("--report", help="Where the report goes.")] = Path("demo-report.html"),
    stay: Annotated[bool, typer.Option("--stay", help="Leave it running at the end, until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """A good change goes through every stage to everybody; a bad one is stopped in shadow, and without shadow rolled
    back from its canary. Then every claim is checked.

    Takes about three minutes, needs no network and no keys. Exit code 1 when a check fails. With --json, what it says
    on the way goes to standard error.

    Example: serinus demo --traffic queries.csv --text-column question
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_ending_in_order())
        if directory is None:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="serinus-demo-")))
        directory = directory.absolute()
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise InvalidInput("is not empty", where=str(directory), mend="name a new folder")
        settings = DemoSettings(
            directory=directory,
            report=report.absolute(),
            rate=rate,
            csv=str(Path(traffic).absolute()) if traffic else "",
            text_column=text_column,
            seed=seed,
            stay=stay,
            as_json=json,
        )
        shown = Console(file=sys.stderr, width=_WIDE, highlight=False, emoji=False) if json else console()
        code = run_demo(settings, SystemClock(), shown, _interrupted)
    raise typer.Exit(code)


@contextlib.contextmanager
def _ending_in_order() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does: no process is left, and no folder with a key in it."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupted() -> None:
    """Comes back at Ctrl-C, which is how a stay ends."""
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
