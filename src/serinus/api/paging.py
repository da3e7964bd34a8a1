"""Pages of listings: `{items, next_cursor}`, newest first."""

from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from serinus.ports.control_store import Page

Item = TypeVar("Item", bound=BaseModel)


class Listing(BaseModel, Generic[Item]):
    """One page."""

    items: list[Item] = Field(description="At most `limit` of them.")
    next_cursor: str = Field(default="", description="Give it as `cursor` for the next page; empty at the end.")


def page(
    cursor: Annotated[
        str, Query(max_length=500, description="`next_cursor` of the page before; empty: from the newest.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=200, description="How many items at most.")] = 50,
) -> Page:
    """The dependency that reads where a listing goes on."""
    return Page(cursor=cursor, limit=limit)
