"""What commands print: JSON for programs, tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

NONE = "–"
_WIDE = 200


def console() -> Console:
    """Where people read; wide when the output is a file, so that nothing is cut."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160, highlight=False, emoji=False)


def print_json(document: object) -> None:
    """One JSON document."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str, whole: str = "") -> None:
    """Rows under their titles, or a sentence when there are none. The column `whole` is never broken, so that it can be
    copied: on a narrow terminal lines run over instead."""
    cells = [[plain(cell) for cell in row] for row in rows]
    if not cells:
        console().print(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == whole)
    for row in cells:
        table.add_row(*row)
    target = console()
    if whole:
        target.width = max(target.width, _WIDE)
    target.print(table)


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Names and values, one on each line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, plain(value))
    console().print(table)


def plain(value: object) -> str:
    """A value as text that is safe to print: no markup, no terminal escapes; a dash for nothing."""
    if value is None or value == "":
        return NONE
    if isinstance(value, list | tuple):
        return ", ".join(plain(part) for part in value) or NONE
    text = "".join(char if char.isprintable() or char == "\n" else " " for char in str(value))
    return escape(text)


def name_of(version: dict[str, Any] | None) -> str:
    """A version's label, or the beginning of its digest."""
    if not version:
        return NONE
    return str(version.get("label") or version.get("name") or str(version.get("digest", ""))[:12])


def moment(text: str | None) -> str:
    """An RFC 3339 time to the second."""
    return text[:19].replace("T", " ") + "Z" if text else NONE
