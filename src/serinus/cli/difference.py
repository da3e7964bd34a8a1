"""A comparison of versions as people read it: words in place, fields before and after, what it means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from serinus.cli.api_client import Document
from serinus.cli.output import NONE, console, plain, print_table

CONTEXT_LINES = 2
_STYLES = {"equal": "", "removed": "red strike", "added": "green"}
# Marked in the text too: colours get lost in files and are not seen by everybody.
_MARKS = {"equal": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
_LONGEST_VALUE = 500


def print_comparison(document: Document) -> None:
    """All that differs, and the type of release that it implies."""
    for message in document["messages"]:
        if message["change"] != "equal":
            console().print(Text(f"\n# {message['role']} ({message['change']})", style="bold"))
            console().print(words(message["spans"]))
    print_fields(document["fields"])
    proposal = document["proposal"]
    name = proposal["type"].replace("_", " ")
    raised = f", raised to {proposal['risk']}" if proposal["risk"] > proposal["base_risk"] else ""
    console().print(f"\n[bold]release type[/bold] {name}: base risk {proposal['base_risk']}{raised}")
    for reason in proposal["reasons"]:
        console().print(f"  {plain(reason['text'])}")


def print_fields(fields: Sequence[Document]) -> None:
    """Fields that differ, if there are any."""
    if fields:
        rows = ([one["field"], _value(one["before"]), _value(one["after"])] for one in fields)
        console().print()
        print_table(("field", "before", "after"), rows, "")


def words(spans: Sequence[Document]) -> Text:
    """The spans as one text; of longer equal pieces only the lines next to a change."""
    text = Text()
    for place, span in enumerate(spans):
        start, end = _MARKS[span["kind"]]
        shown = _safe(span["text"])
        if span["kind"] == "equal":
            shown = _shortened(shown, first=place == 0, last=place == len(spans) - 1)
        text.append(f"{start}{shown}{end}", style=_STYLES[span["kind"]])
    return text


def _shortened(text: str, *, first: bool, last: bool) -> str:
    lines = text.split("\n")
    head = 0 if first else CONTEXT_LINES + 1
    tail = 0 if last else CONTEXT_LINES + 1
    if len(lines) <= head + tail + 1:
        return text
    return "\n".join([*lines[:head], "…", *lines[len(lines) - tail :]])


def _value(json: str | None) -> str:
    if json is None:
        return NONE
    return json if len(json) <= _LONGEST_VALUE else json[:_LONGEST_VALUE] + "…"


def _safe(text: str) -> str:
    return "".join(_characters(text))


def _characters(text: str) -> Iterator[str]:
    """Prompts of others may hold terminal escapes."""
    for char in text:
        yield char if char.isprintable() or char == "\n" else " "
