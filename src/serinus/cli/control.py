"""`serinus control`: passes its arguments on."""

from __future__ import annotations

import typer

from serinus.bootstrap import control as process


def control(context: typer.Context) -> None:
    """A control process: tick and API; `--help` lists the options."""
    raise typer.Exit(process.main(context.args))
