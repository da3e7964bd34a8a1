"""The attributes that a caller sends of whom it calls for: a small flat object."""

from __future__ import annotations

import math
from typing import Any

from serinus.core.errors import InvalidInput
from serinus.core.routing.predicate import LONGEST_NAME, Value

MOST_BYTES = 4096
MOST = 32
LONGEST_TEXT = 256
_EXAMPLE = 'e.g. {"region": "eu-west", "staff": true}'


def attributes_of(given: Any, where: str) -> dict[str, Value]:
    """The attributes in a decoded JSON value; InvalidInput at `where` for anything but a flat object of at most `MOST`
    texts, numbers and booleans."""
    if not isinstance(given, dict):
        raise InvalidInput("attributes are not a JSON object", where=where, mend=_EXAMPLE)
    if len(given) > MOST:
        raise InvalidInput(f"{len(given)} attributes", where=where, mend=f"send {MOST} at most")
    for name, value in given.items():
        _check(name, value, where)
    return given


def _check(name: str, value: Any, where: str) -> None:
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidInput(
            f"the name of an attribute has {len(name)} characters", where=where, mend=f"use 1 to {LONGEST_NAME}"
        )
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise InvalidInput(
                f"attribute {name!r} has {len(value)} characters", where=where, mend=f"use {LONGEST_TEXT} at most"
            )
    elif not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInput(f"attribute {name!r} is no text, number or boolean", where=where, mend=_EXAMPLE)
