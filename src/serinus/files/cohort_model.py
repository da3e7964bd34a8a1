"""The cohort rule as the project file writes it, and core's values for it."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from serinus.core.errors import InvalidInput
from serinus.core.routing.snapshot import AttributeSource, UnitKind
from serinus.files.faults import did_you_mean
from serinus.files.fields import Model
from serinus.files.predicates import Segments

_PREDICATE = {
    "anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1}],
    "description": "A segment's name, or a predicate: {region: eu-west}, {attribute: seats, at_least: 10}, "
    "{turn: chars, at_most: 400}, {all: [...]}, {any: [...]}, {not: ...}; with its part of the traffic: "
    "{when: ..., size: 8%}.",
}
Written = Annotated[Any, WithJsonSchema(_PREDICATE)]
SegmentName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9 ._-]{0,62}$")]


_UNIT = {
    "anyOf": [
        {"enum": list(get_args(UnitKind))},
        {
            "type": "object",
            "properties": {"from": {"enum": list(get_args(UnitKind))}},
            "required": ["from"],
            "additionalProperties": False,
        },
    ],
    "description": "What a unit is: `user`, `request`, `refuse`, `{from: api_key}` or `{from: prompt_cache_key}`.",
}


def _unit(value: object) -> str:
    given = value["from"] if isinstance(value, dict) and value.keys() == {"from"} else value
    if given not in get_args(UnitKind):
        raise PydanticCustomError(
            "unit", "{what}", {"what": f"no unit is {given!r}", "mend": did_you_mean(str(given), get_args(UnitKind))}
        )
    return str(given)


class CohortModel(Model):
    """Who is exposed, and when."""

    unit: Annotated[UnitKind | None, BeforeValidator(_unit), WithJsonSchema(_UNIT)] = Field(
        default=None, examples=["user"]
    )
    attributes: list[AttributeSource] = Field(default_factory=list, examples=["[header, metadata]"])
    segments: dict[SegmentName, Written] = Field(
        default_factory=dict, examples=["{internal: {when: {staff: true}, size: 2%}}"]
    )
    opted_in: dict[SegmentName, list[str]] = Field(default_factory=dict, examples=["{beta: [user-17, user-42]}"])


def segments_of(cohort: CohortModel | None) -> Segments:
    """The app's segments; InvalidInput names the first that cannot be read, wherever it is used or not."""
    written = cohort.segments if cohort is not None else {}
    found = Segments(written)
    for name in written:
        try:
            found.named(name)
        except InvalidInput as error:
            raise InvalidInput(f"{name}: {error.what}", where="cohort.segments", mend=error.mend) from None
    return found
