"""The risk of a release on the wire, and what it changed."""

from typing import Annotated, Any

import msgspec
from fastapi import Query
from pydantic import BaseModel, Field

from serinus.core.pipeline.risk import Effect
from serinus.core.versions.risk import RiskWord

TYPE_LENGTH = 100
REASON_LENGTH = 2000
MOST_MODIFIERS = 16


class RiskView(BaseModel):
    """The risk that a release is started with."""

    type: str = Field(description="The release type that counts.")
    proposed: str = Field(description="The one that the difference implies; empty: nothing was live.")
    base_risk: int
    floor: int = Field(description="The highest floor of all modifiers; 0: none.")
    risk: int = Field(description="From 0 to 100.")
    level: str = Field(description="`low`, `medium`, `high` or `critical`.")
    reasons: list[str] = Field(description="Why, the gravest first.")
    modifiers: list[str] = Field(description="Those that a person declared.")
    lowered: str = Field(description="Why a person says less than is proposed; empty: nobody does.")


class ChangeView(BaseModel):
    """How the plan of a release differs from the declared one in one place."""

    stage: str
    what: str
    why: str


def effect_fields(effect: Effect) -> dict[str, Any]:
    """What a view of a release or of what one would be tells of its risk."""
    fields = msgspec.to_builtins(effect)
    return {
        "risk": RiskView.model_validate(fields["risk"]) if fields["risk"] else None,
        "changes": [ChangeView.model_validate(one) for one in fields["changes"]],
    }


def word(
    type: Annotated[str, Query(max_length=TYPE_LENGTH, description="The release type; empty: as proposed.")] = "",
    type_reason: Annotated[
        str, Query(max_length=REASON_LENGTH, description="Why it is less than the difference implies.")
    ] = "",
    modifier: Annotated[
        list[str] | None, Query(max_length=MOST_MODIFIERS, description="What no difference shows, such as `new-api`.")
    ] = None,
) -> RiskWord:
    """The dependency that reads what a person says of a release's risk."""
    return RiskWord(type=type, reason=type_reason, modifiers=tuple(modifier or ()))
