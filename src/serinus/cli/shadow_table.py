"""A shadow stage as tables: pairs by side, evidence against its threshold, ratios with intervals, what is lacking."""

from __future__ import annotations

import math

from rich.console import RenderableType
from rich.table import Table

from serinus.cli.api_client import Document
from serinus.cli.output import NONE, plain
from serinus.files.units import duration_text, percent_text


def shadow_tables(shadow: Document) -> list[RenderableType]:
    """All of a shadow stage."""
    tables: list[RenderableType] = [_events(shadow)]
    if shadow["measures"]:
        tables.append(_measures(shadow))
    return [*tables, _foot(shadow)]


def shadow_line(shadow: Document) -> str:
    """A shadow stage in a few words, for logs."""
    dwell = f"{duration_text(shadow['served_s'])}/{duration_text(shadow['needed_s'])}"
    return f"pairs={shadow['units']}/{shadow['min_units']} evidence={_odds(shadow['log_e'])}:1 dwell={dwell}"


def _events(shadow: Document) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("pairs with", "candidate", "baseline", "only one", "odds", f"of {_odds(shadow['needed_log_e'])}:1"):
        table.add_column(title, justify="left" if title == "pairs with" else "right")
    for one in shadow["events"]:
        pairs = one["pairs"]
        role = pairs["role"] + (", dry run" if pairs["dry_run"] else "")
        table.add_row(
            plain(pairs["metric"]),
            _rate(one["candidate_rate"]),
            _rate(one["baseline_rate"]),
            f"{pairs['candidate_only']:,} : {pairs['baseline_only']:,}",
            f"{_odds(pairs['log_e'])}:1" if pairs["role"] else NONE,
            role or "not judged",
            style="bold red" if pairs["culprit"] else "",
        )
    for limit in shadow["limits"]:
        rates = [limit[side] / limit["units"] if limit["units"] else None for side in ("candidate", "baseline")]
        broken = ("both are beyond it" if limit["vetoed"] else "beyond it") if limit["broken"] else "inside"
        name = f"{limit['metric']} above {percent_text(limit['above'])}"
        table.add_row(plain(name), *(_rate(rate) for rate in rates), "", "", broken if limit["units"] else NONE)
    return table


def _measures(shadow: Document) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("candidate / baseline", "ratio", "interval", "tolerated", ""):
        table.add_column(title, justify="left" if title == "candidate / baseline" else "right")
    for one in shadow["measures"]:
        known = one["ratio"] is not None
        table.add_row(
            one["measure"],
            f"{one['ratio']:.2f}" if known else NONE,
            f"{one['low']:.2f} to {one['high']:.2f}" if known else f"{one['units']:,} pairs",
            f"{one['max_ratio']:g}",
            one["role"],
            style="bold red" if one["culprit"] else "",
        )
    return table


def _foot(shadow: Document) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("pairs", f"{shadow['units']:,} of {shadow['min_units']:,} users (run {shadow['attempt']})")
    table.add_row("with pairs", f"{duration_text(shadow['served_s'])}/{duration_text(shadow['needed_s'])}")
    if shadow["peak"]:
        table.add_row("at peak", f"{shadow['peak_units']:,} of {shadow['peak_needed']:,} in {plain(shadow['peak'])}")
    table.add_row("copies", f"{shadow['sent']:,} sent, {shadow['dropped']:,} dropped")
    for text in shadow["lacking"]:
        table.add_row("lacks", plain(text))
    return table


def _rate(rate: float | None) -> str:
    return NONE if rate is None else f"{rate:.2%}"


def _odds(log_e: float) -> str:
    if log_e >= math.log(10_000):
        return f"10^{log_e / math.log(10):.0f}"
    return f"{math.exp(log_e):.2g}" if log_e < math.log(10) else f"{math.exp(log_e):,.0f}"
