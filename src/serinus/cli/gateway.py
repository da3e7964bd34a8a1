"""`serinus gateway`: passes its arguments on."""

from __future__ import annotations

import typer

from serinus.bootstrap import gateway as process


def gateway(context: typer.Context) -> None:
    """Gateway workers and the host agent; `--help` lists the options."""
    raise typer.Exit(process.main(context.args))
