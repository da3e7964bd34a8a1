"""Vega-Lite specifications in the console's colours. The browser and the server draw the same one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from serinus.console.charts.series import Series

Theme = Literal["light", "dark"]
DATA = "rows"
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif"
_ARMS = ("candidate", "control")
_AXIS = {"share": ".1~%", "ms": "~s", "usd": "$~g", "calls/s": "~s", "odds": ",~g"}
_TIME = (
    "utcFormat(datum.value, utcseconds(datum.value) ? '%H:%M:%S' : "
    "utchours(datum.value) || utcminutes(datum.value) ? '%H:%M' : '%-d %b')"
)
_LABEL_LINES = 3
_LABEL_HEIGHT = 11
_CHARACTER = 0.016
"""How wide a character of a label is on a small chart, as a share of it."""
_TITLES = {"share": "share of calls", "ms": "ms", "usd": "US dollars", "calls/s": "calls per second", "odds": "odds"}


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """The colours of a theme: each arm's, text, lines, and what a limit is drawn in."""

    candidate: str
    control: str
    text: str
    line: str
    limit: str


PALETTES: dict[Theme, Palette] = {
    "light": Palette(candidate="#b45309", control="#1d4ed8", text="#4b5563", line="#e5e7eb", limit="#b91c1c"),
    "dark": Palette(candidate="#fbbf24", control="#7cacf8", text="#a8b0bd", line="#2c333d", limit="#f87171"),
}


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A moment that is marked in every chart: a step was taken, or the release was stopped."""

    at_ms: int
    label: str


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A mark with where its label stands: in which line from the top, and to the left of its rule or to the right."""

    at: int
    label: str
    line: int
    left: bool


def spec(drawn: Series, marks: tuple[Mark, ...], theme: Theme, width: int | Literal["container"]) -> dict[str, Any]:
    """The specification of a chart. Its rows are the named data set `rows`, which the browser replaces."""
    palette = PALETTES[theme]
    layers = [_moments(placed(marks, drawn.rows), palette)] if marks else []
    layers += [_band(drawn)] if any("low" in row for row in drawn.rows) else []
    layers += [_lines(drawn)]
    layers += [_limit(drawn.limit, palette)] if drawn.limit is not None else []
    layers += [_hover(drawn)]
    return {
        "$schema": _SCHEMA,
        "width": width,
        "height": 180,
        "background": "transparent",
        "padding": {"left": 0, "right": 4, "top": 4, "bottom": 0},
        "autosize": {"type": "fit-x", "contains": "padding"},
        "datasets": {DATA: list(drawn.rows)},
        "data": {"name": DATA},
        "encoding": {
            "x": {"field": "at", "type": "temporal", "scale": {"type": "utc"}, "title": None, "axis": _time_axis()},
            "color": {
                "field": "arm",
                "type": "nominal",
                "legend": None,
                "scale": {"domain": list(_ARMS), "range": [palette.candidate, palette.control]},
            },
        },
        "layer": layers,
        "config": _config(palette),
        "description": f"{drawn.title}, {drawn.subtitle}. {drawn.summary}",
    }


def placed(marks: Sequence[Mark], rows: Sequence[Mapping[str, Any]]) -> tuple[Placed, ...]:
    """Labels that would cover each other stand below each other; one that finds no line is left out."""
    moments = [mark.at_ms for mark in marks] + [row["at"] for row in rows]
    first, span = min(moments), max(1, max(moments) - min(moments))
    ends = [-1.0] * _LABEL_LINES
    found = []
    for mark in sorted(marks, key=lambda mark: mark.at_ms):
        at, wide = (mark.at_ms - first) / span, _CHARACTER * (len(mark.label) + 2)
        left = at + wide > 1
        begin = at - wide if left else at
        line = next((i for i, end in enumerate(ends) if end <= begin), None)
        if line is not None:
            ends[line] = begin + wide
        found.append(Placed(at=mark.at_ms, label=mark.label if line is not None else "", line=line or 0, left=left))
    return tuple(found)


def _y(drawn: Series, field: str) -> dict[str, Any]:
    axis = {"format": _AXIS.get(drawn.unit, "~g"), "title": None}
    return {"field": field, "type": "quantitative", "axis": axis, "scale": _scale(drawn)}


def _scale(drawn: Series) -> dict[str, Any]:
    if drawn.unit == "odds":
        lowest = min((row["value"] for row in drawn.rows), default=1.0)
        return {"type": "log", "domain": [min(0.5, lowest), drawn.top]}
    return {"domain": [0, drawn.top], "nice": False}


def _lines(drawn: Series) -> dict[str, Any]:
    """Told apart by their dashes too, for those who do not see the colours."""
    return {
        "mark": {"type": "line", "strokeWidth": 2, "clip": True, "point": drawn.unit == "odds"},
        "encoding": {
            "y": _y(drawn, "value"),
            "strokeDash": {
                "field": "arm", "type": "nominal", "legend": None,
                "scale": {"domain": list(_ARMS), "range": [[1, 0], [5, 3]]},
            },
        },
    }  # fmt: skip


def _band(drawn: Series) -> dict[str, Any]:
    return {
        "mark": {"type": "area", "opacity": 0.16, "clip": True},
        "encoding": {"y": _y(drawn, "low"), "y2": {"field": "high"}},
    }


def _limit(limit: float, palette: Palette) -> dict[str, Any]:
    return {
        "data": {"values": [{"limit": limit}]},
        "mark": {"type": "rule", "strokeDash": [2, 3], "strokeWidth": 1.5, "color": palette.limit},
        "encoding": {"y": {"field": "limit", "type": "quantitative"}, "x": {"value": 0}, "x2": {"value": "width"}}
        | {"color": {"value": palette.limit}},
    }


def _moments(marks: Sequence[Placed], palette: Palette) -> dict[str, Any]:
    return {
        "data": {"values": [msgspec.structs.asdict(mark) for mark in marks]},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 1, "opacity": 0.55},
                "encoding": {"color": {"value": palette.text}},
            },
            {
                "mark": {
                    "type": "text",
                    "align": {"expr": "datum.left ? 'right' : 'left'"},
                    "dy": {"expr": f"{_LABEL_HEIGHT} * datum.line"},
                    "dx": {"expr": "datum.left ? -3 : 3"},
                    "baseline": "top",
                    "fontSize": 10,
                },
                "encoding": {
                    "y": {"value": 0},
                    "text": {"field": "label"},
                    "color": {"value": palette.text},
                },
            },
        ],
    }


def _hover(drawn: Series) -> dict[str, Any]:
    told = [
        {"field": "arm", "title": "arm"},
        {"field": "at", "type": "temporal", "title": "from", "format": "%H:%M:%S", "formatType": "utc"},
        {"field": "value", "title": _title(drawn.unit), "format": ".2%" if drawn.unit == "share" else ",.4~g"},
        {"field": "requests", "title": "calls", "format": ","},
    ]
    return {
        "mark": {"type": "point", "size": 60, "opacity": 0},
        "encoding": {"y": _y(drawn, "value"), "tooltip": told},
    }


def _title(unit: str) -> str:
    return _TITLES.get(unit, unit or "value")


def _time_axis() -> dict[str, Any]:
    return {"labelOverlap": True, "tickCount": 6, "labelFlush": True, "labelExpr": _TIME}


def _config(palette: Palette) -> dict[str, Any]:
    axis = {
        "labelColor": palette.text, "titleColor": palette.text, "gridColor": palette.line, "domainColor": palette.line,
        "tickColor": palette.line, "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal",
        "labelFont": _FONT, "titleFont": _FONT,
    }  # fmt: skip
    return {
        "view": {"stroke": None},
        "font": _FONT,
        "axis": axis,
        "axisX": {"grid": False},
        "axisY": {"domain": False, "ticks": False, "tickCount": 4, "title": None},
    }
