"""The table of metrics offline, in shadow and live (E3)."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from serinus.cli.places_table import places_table

SEEN = {"n": 400, "candidate": 0.029, "baseline": 0.014, "ratio": 2.07, "low": 1.6, "high": 2.7}
ROW = {
    "metric": "call.invalid_format", "title": "broken formats", "unit": "share", "margin": 1.25,
    "offline": SEEN | {"candidate": 0.01, "baseline": None, "ratio": None}, "shadow": None, "live": SEEN,
    "gap": "broken formats: at least 1.6 times [b]live[/b]",
}  # fmt: skip


def printed(*rows: dict[str, Any]) -> str:
    out = StringIO()
    Console(file=out, width=120, no_color=True).print(places_table(list(rows)))
    return out.getvalue()


def test_E3_values_ratios_and_gaps_are_printed() -> None:
    """Each place in a column, what nobody knows as a dash, and gaps below, whatever they are made of."""
    text = printed(ROW, ROW | {"metric": "ratio only", "gap": "", "live": SEEN | {"candidate": None}, "unit": "ratio"})
    assert "1 % : –" in text
    assert "2.9 % : 1.4 %  2.07×" in text
    assert "gap: broken formats: at least 1.6 times [b]live[/b]" in text
    lines = [line for line in text.splitlines() if line.startswith("ratio only")]
    assert lines[0].split()[-1] == "2.07×"


def test_scores_have_no_unit() -> None:
    """A criterion of a suite is a number."""
    row = ROW | {"metric": "category", "unit": "score", "gap": "", "offline": None, "live": SEEN | {"candidate": 0.91}}
    assert "0.91 : 0.014" in printed(row)
