"""The demo's last screen: what each release cost and showed, and whether every statement holds."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serinus.demo.checks import Outcome
from serinus.demo.facts import Facts, Side

TITLES = {"good": "good change", "bad": "bad change", "bad, no shadow": "the same, no shadow"}


def show(console: Console, facts: Sequence[Facts], found: Sequence[Outcome]) -> None:
    """Print the summary table and the statements."""
    console.print(_table(facts))
    console.print()
    for outcome in found:
        mark = "[bold green]✔[/]" if outcome.holds else "[bold red]✘[/]"
        console.print(f"{mark} {outcome.statement}. [dim]{escape(outcome.numbers)}[/]", highlight=False)


def rows_of(facts: Sequence[Facts]) -> list[tuple[str, list[str]]]:
    """The rows of the summary: a name, and a cell for each release."""
    columns = [_cells(one) for one in facts]
    return [(name, [column[name] for column in columns]) for name in columns[0]]


def _table(facts: Sequence[Facts]) -> Table:
    table = Table(title="What happened", title_justify="left", header_style="bold")
    table.add_column("")
    for one in facts:
        table.add_column(TITLES[one.title], justify="right")
    for name, cells in rows_of(facts):
        table.add_row(name, *cells)
    return table


def _cells(facts: Facts) -> dict[str, str]:
    return {
        "outcome": facts.state.replace("_", " "),
        "time to decision": "never" if facts.decided_s is None else f"{facts.decided_s:.0f} s",
        "requests of all users meanwhile": f"{facts.requests:,}",
        "mirrored, seen by nobody": f"{facts.mirrored:,}",
        "answered by the candidate": f"{facts.served:,}",
        "users exposed to it": f"{facts.exposed:,}",
        "users who saw a bad answer of it": f"{facts.saw_bad:,}",
        "broken formats, against the live version": _against(facts, "broken"),
        "invented refunds, against the live version": _against(facts, "refunds"),
        "false alarms": str(facts.alarms) if facts.title == "good" else "–",
    }


def _against(facts: Facts, name: str) -> str:
    return f"{_percent(facts.candidate_side, name)} / {_percent(facts.other_side, name)}"


def _percent(side: Side, name: str) -> str:
    share: float | None = getattr(side, name)
    return "no data" if share is None else f"{share:.1%}"
