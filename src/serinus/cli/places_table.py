"""Each metric offline, in shadow and live beside each other, as a table."""

from __future__ import annotations

from rich.table import Table

from serinus.cli.api_client import Document
from serinus.cli.output import NONE, plain
from serinus.core.decision.wording import amount

PLACES = ("offline", "shadow", "live")


def places_table(rows: list[Document]) -> Table:
    """Candidate and baseline in each place that has seen the metric, with the candidate's ratio; gaps below."""
    table = Table(box=None, pad_edge=False, header_style="bold", caption_justify="left", caption_style="yellow")
    table.add_column("candidate : baseline")
    for place in PLACES:
        table.add_column(place, justify="right", no_wrap=True)
    for row in rows:
        cells = (_cell(row[place], row["unit"]) for place in PLACES)
        table.add_row(plain(row["metric"]), *cells, style="yellow" if row["gap"] else "")
    table.caption = "\n".join(f"gap: {plain(row['gap'])}" for row in rows if row["gap"]) or None
    return table


def _cell(seen: Document | None, unit: str) -> str:
    if seen is None:
        return NONE
    ratio = "" if seen["ratio"] is None else f"{seen['ratio']:.3g}×"
    if seen["candidate"] is None:
        return ratio or NONE
    values = f"{_amount(seen['candidate'], unit)} : {_amount(seen['baseline'], unit)}"
    return f"{values}  {ratio}".rstrip()


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return NONE
    return f"{value:.3g}" if unit == "score" else amount(unit, value)
