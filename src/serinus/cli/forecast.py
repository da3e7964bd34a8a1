"""`serinus forecast`, and what `serinus check --traffic` prints."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from serinus.cli.api_client import connect, part
from serinus.cli.apps import AppArgument
from serinus.cli.failures import REFUSED
from serinus.cli.options import Json, Key, Url
from serinus.cli.output import console, plain, print_json, print_table
from serinus.control.forecast_release import Outlook
from serinus.core.metrics import REGISTRY

_STYLES = {"error": "bold red", "warning": "yellow", "info": "dim"}


def forecast(
    app: AppArgument,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="Of the app's own calls.")] = 28,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """What the app's plan would see of its own traffic: for each step users, hours, and the smallest harm that is seen;
    exit code 1 when a release would have to be acknowledged.

    Example: serinus forecast support-bot --days 14
    """
    with connect(url, key) as api:
        document = api.get(f"/apps/{part(app)}/forecast", days=days)
    if json:
        print_json(document)
    else:
        print_forecast(document)
    if any(one["level"] == "error" for one in document["findings"]):
        raise typer.Exit(REFUSED)


def outlook_document(found: Outlook) -> dict[str, Any]:
    """An outlook as the API tells it, for plans that are checked where they lie."""
    return {
        "steps": msgspec.to_builtins(found.forecast.steps),
        "harms": msgspec.to_builtins(found.forecast.harms),
        "drops": msgspec.to_builtins(found.forecast.drops),
        "hours": found.forecast.hours,
        "false_stops": msgspec.to_builtins(found.false_stops),
        "findings": msgspec.to_builtins(found.findings),
    }


def print_forecast(document: dict[str, Any]) -> None:
    """The tables and sentences of a forecast."""
    traffic = document.get("traffic")
    if traffic:
        console().print(
            f"From {traffic['days']:.1f} days of calls: {traffic['calls_per_hour']:,.0f} an hour "
            f"({traffic['quietest_hour']:,.0f} to {traffic['busiest_hour']:,.0f}), "
            f"{traffic['units_per_day']:,.0f} users a day"
        )
    columns = ("step", "time", "users per arm", "so far", "guardrail", "their rate", "smallest harm seen")
    print_table(columns, list(_rows(document)), "The plan has no step.")
    hours = document["hours"]
    console().print(f"Live after {_hours(hours)} of traffic at the earliest" if hours else "It never gets live")
    for one in document["findings"]:
        style = _STYLES[one["level"]]
        mend = f"\n  → {plain(one['mend'])}" if one["mend"] else ""
        console().print(f"[{style}]{one['level']}[/] {plain(one['where'])}: {plain(one['what'])}{mend}")


def _rows(document: dict[str, Any]) -> list[list[str]]:
    rows = []
    for step in document["steps"]:
        first = [f"{100 * step['share']:.3g} %", _hours(step["hours"])]
        first += [f"{step['units']:,.0f}", f"{step['units_so_far']:,.0f}"]
        told = [
            [
                m["metric"],
                _rate(m),
                _smallest(m),
            ]
            for m in step["metrics"]
        ] or [["", "", ""]]
        rows += [[*(first if i == 0 else [" "] * 4), *one] for i, one in enumerate(told)]
    return rows


def _rate(one: dict[str, Any]) -> str:
    found = REGISTRY.get(one["metric"])
    if found and found.kind == "ratio":
        return "too few users" if one["error"] is None else f"± {100 * one['error']:.2g} %"
    return f"{100 * one['unit_rate']:.2g} %" + (" graded" if one["graded"] is not None else "")


def _smallest(one: dict[str, Any]) -> str:
    if one["graded"] is not None:
        found = REGISTRY.get(one["metric"])
        worse = "higher" if found and found.direction == "lower" else "lower"
        return f"{100 * one['smallest_drop']:.1f} points {worse}" if one["smallest_drop"] else "none"
    return f"{one['smallest_harm']:.2f} ×" if one["smallest_harm"] else "none"


def _hours(hours: float | None) -> str:
    if hours is None:
        return "never"
    return f"{hours:.3g} h" if hours < 48 else f"{hours / 24:.3g} days"
