"""What simulated users ask: a user's own CSV, or queries that come with Serinus."""

from __future__ import annotations

import csv
from pathlib import Path

import msgspec

from serinus.core.errors import InvalidInput, NotFound

_OWN = """\
Where is my parcel?|delivery
Can the courier come in the evening?|delivery
The tracking page has not changed for three days|delivery
I sent it back last week, when do I get my refund?|refund
How do I get my money back for the cracked jug?|refund
Please refund the second pair|refund
Please cancel what I bought this morning|cancellation
Can I still cancel one of the two chairs?|cancellation
The kettle broke after a month|warranty
Is a scratch covered by the warranty?|warranty
My card was charged twice|payment
Can I pay by bank transfer?|payment
Where do I find my invoice?|payment
I forgot my password|account
How do I change my email?|account
Please stop the newsletter|account
Did my order go through?|order
I want to add a lamp to my order|order
Is this jug in stock in green?|product
Which size is right for a bed of 140?|product
Is anybody there?|other
When are you open on Sundays?|other
"""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A question; `category` is the right one where it is known, else empty."""

    text: str
    category: str = ""


def own_queries() -> tuple[Query, ...]:
    """The queries that come with Serinus."""
    rows = (line.partition("|") for line in _OWN.splitlines())
    return tuple(Query(text=text, category=category) for text, _, category in rows)


def read_queries(file: str, text_column: str, category_column: str = "category") -> tuple[Query, ...]:
    """The queries in a CSV file (UTF-8, header line); rows without text are passed over.

    NotFound without the file; InvalidInput names line or columns when it cannot be used.
    """
    try:
        raw = Path(file).read_bytes()
    except FileNotFoundError:
        raise NotFound("no such file", where=file, mend="check the path after --csv") from None
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}", where=file, mend="give a CSV file") from error
    return _parsed(file, _decoded(file, raw), text_column, category_column)


def _decoded(file: str, raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            f"byte {raw[error.start]:#04x} is not UTF-8",
            where=f"{file}, line {line}",
            mend="save the file as UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8",
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InvalidInput("a NUL character", where=f"{file}, line {line}", mend="save the file as UTF-8 text")
    return text


def _parsed(file: str, text: str, text_column: str, category_column: str) -> tuple[Query, ...]:
    reader = csv.DictReader(text.splitlines(keepends=True), restval="")
    try:
        columns = reader.fieldnames
        if not columns:
            raise InvalidInput("the file is empty", where=file, mend="a header line and a query on each line")
        if text_column not in columns:
            raise InvalidInput(
                f"no column {text_column!r}; columns found: {', '.join(columns)}",
                where=f"{file}, line 1",
                mend="name one of them with --text-column",
            )
        rows = [(row[text_column].strip(), (row.get(category_column) or "").strip()) for row in reader]
    except csv.Error as error:
        raise InvalidInput(f"not CSV: {error}", where=f"{file}, line {reader.line_num}", mend="check quotes") from error
    queries = tuple(Query(text=query, category=category) for query, category in rows if query)
    if not queries:
        raise InvalidInput(f"no query in column {text_column!r}", where=file, mend="a query on each line")
    return queries
