"""Populations on the wire: whom a step means."""

from typing import Annotated, Literal

from pydantic import Field

from serinus.api.schemas.declared import Declared


class ConditionBody(Declared):
    """One fact compared."""

    kind: Literal["is"]
    about: Literal["attribute", "turn"] = Field(
        default="attribute", description="An attribute of the caller, or `chars`, `messages`, `has_tools` of the turn."
    )
    name: str
    op: Literal["in", "prefix", "above", "at_least", "below", "at_most"] = Field(
        default="in", description="`in`: one of the values; `prefix`: begins with one; the others take one number."
    )
    values: list[str | int | float | bool]


class AllOfBody(Declared):
    """Every one holds."""

    kind: Literal["all"]
    of: list["PredicateBody"]


class AnyOfBody(Declared):
    """At least one holds."""

    kind: Literal["any"]
    of: list["PredicateBody"]


class NotBody(Declared):
    """It does not hold."""

    kind: Literal["not"]
    of: "PredicateBody"


PredicateBody = Annotated[ConditionBody | AllOfBody | AnyOfBody | NotBody, Field(discriminator="kind")]


class PopulationBody(Declared):
    """Whom a step means, decided at the first turn of a conversation."""

    when: PredicateBody
    size: float = Field(default=0.0, description="The part of the app's traffic that they make; 0: not known.")
    name: str = Field(default="", max_length=63, description="What people call them.")
