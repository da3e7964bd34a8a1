"""`serinus worker`: passes its arguments on."""

from __future__ import annotations

import typer

from serinus.bootstrap import evaluation_worker as process


def worker(context: typer.Context) -> None:
    """A worker that runs the offline stages of releases; `--help` lists the options."""
    raise typer.Exit(process.main(context.args))
