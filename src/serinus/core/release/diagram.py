"""The state diagram of a release, drawn from the transition table for the documentation."""

from __future__ import annotations

from serinus.core.release.table import FINAL, TABLE, State


def mermaid() -> str:
    """A Mermaid `stateDiagram-v2` with one arrow per entry of the table, in the table's order."""
    arrows = [
        f"    {before.value} --> {following.value}: {event.value}" for (before, event), following in TABLE.items()
    ]
    ends = [f"    {state.value} --> [*]" for state in State if state in FINAL]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.CREATED.value}", *arrows, *ends]) + "\n"
