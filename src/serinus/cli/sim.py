"""`serinus sim …`: passes its arguments on."""

from __future__ import annotations

import typer

from serinus.bootstrap import sim_provider, sim_traffic


def provider(context: typer.Context) -> None:
    """A simulated OpenAI-compatible provider; `--help` lists its options."""
    raise typer.Exit(sim_provider.main(context.args))


def traffic(context: typer.Context) -> None:
    """Simulated users in an open loop; `--help` lists their options."""
    raise typer.Exit(sim_traffic.main(context.args))
