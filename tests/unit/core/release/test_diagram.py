"""The drawn diagram is the table."""

from __future__ import annotations

from serinus.core.release.diagram import mermaid
from serinus.core.release.table import FINAL, TABLE


def test_one_arrow_per_entry() -> None:
    """Each entry of the table is one arrow, each final state leads to the end, and nothing else is drawn."""
    lines = mermaid().splitlines()
    assert lines[0] == "stateDiagram-v2"
    arrows = [line.strip() for line in lines[2:]]
    expected = [f"{before.value} --> {state.value}: {event.value}" for (before, event), state in TABLE.items()]
    assert [a for a in arrows if "[*]" not in a] == expected
    assert {a for a in arrows if "[*]" in a} == {f"{state.value} --> [*]" for state in FINAL}
