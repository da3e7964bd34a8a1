"""The demo's last page: what each release cost and showed, and whether every statement holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from serinus.core.records.call import Call
from serinus.demo.checks import Collected, Outcome

_FORMAT = "call.invalid_format"


def show(console: Console, collected: Collected, found: Sequence[Outcome]) -> None:
    """Print the summary table and the statements."""
    console.print(_table(collected))
    console.print()
    for outcome in found:
        mark = "[bold green]✔[/]" if outcome.holds else "[bold red]✘[/]"
        console.print(f"{mark} {outcome.statement}. [dim]{outcome.numbers}[/]", highlight=False)


def _table(collected: Collected) -> Table:
    table = Table(title="What happened", title_justify="left", header_style="bold")
    table.add_column("")
    for title in ("good candidate", "bad candidate"):
        table.add_column(title, justify="right")
    columns = [_facts(release, collected) for release in (collected.good, collected.bad)]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    return table


def _facts(release: dict[str, Any], collected: Collected) -> dict[str, str]:
    calls = [call for call in collected.calls if call.release == release["id"]]
    served = [call for call in calls if call.arm == "candidate"]
    control = [call for call in calls if call.arm == "control"]
    bad = [call for call in served if call.events]
    return {
        "outcome": release["state"].replace("_", " "),
        "time to decision": f"{_decision_s(release, collected):.0f} s",
        "requests served by the candidate": f"{len(served):,}",
        "users exposed": f"{len({call.unit for call in served}):,}",
        "broken formats, candidate": _share(served),
        "broken formats, control": _share(control),
        "users who saw a bad answer": f"{len({call.unit for call in bad}):,}",
    }


def _share(calls: Sequence[Call]) -> str:
    broken = sum(_FORMAT in call.events for call in calls)
    return f"{broken / len(calls):.1%}" if calls else "no data"


def _decision_s(release: dict[str, Any], collected: Collected) -> float:
    ends = ("promote", "roll_back", "abort")
    entries = [e for e in collected.audit if e["subject"] == release["id"]]
    decided = [e["at_us"] for e in entries if e["action"].rpartition(":")[2] in ends]
    begun_us = datetime.fromisoformat(release["created_at"]).timestamp() * 1e6
    return (decided[0] - begun_us) / 1e6 if decided else 0.0
