"""Cursors of listings: the ordinal of the last item that was shown, as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from serinus.core.errors import InvalidInput
from serinus.ports.control_store import Page

T = TypeVar("T")

NEWEST = 2**62


def before(page: Page) -> int:
    """The ordinal below which this page's items lie; InvalidInput when the cursor is not one of ours."""
    if page.limit < 1:
        raise InvalidInput(f"a page of {page.limit} items", where="limit", mend="ask for 1 or more")
    if not page.cursor:
        return NEWEST
    if not (page.cursor.isascii() and page.cursor.isdigit() and len(page.cursor) < 19):
        raise InvalidInput(f"not a cursor: {page.cursor[:40]!r}", where="cursor", mend="use next_cursor as given")
    return int(page.cursor)


def cut(found: Sequence[T], page: Page, ordinal: Callable[[T], int]) -> tuple[list[T], str]:
    """A page out of up to limit + 1 items, and the cursor of the next one (empty: there is none)."""
    shown = list(found[: page.limit])
    return shown, str(ordinal(shown[-1])) if len(found) > page.limit else ""
