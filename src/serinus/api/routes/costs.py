"""What a release has cost, by arm."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from serinus.api.guard import Guard
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.control.lookup import release_of
from serinus.core.access import Operation
from serinus.core.records.sums import Cost
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import ApiKey


class ArmCostView(BaseModel):
    """One arm. Shadow calls are an arm of their own: nobody's users are charged for them."""

    arm: str
    calls: int
    priced: int = Field(description="Calls whose price and tokens are known: the cost is that of these.")
    nano_usd: int
    usd_per_call: float | None = Field(description="Over the priced calls; null without any.")

    @classmethod
    def of(cls, arm: int, cost: Cost) -> "ArmCostView":
        """The view of an arm's cost."""
        mean = cost.nano / cost.priced / 1e9 if cost.priced else None
        return cls(arm=Arm(arm).label, calls=cost.calls, priced=cost.priced, nano_usd=cost.nano, usd_per_call=mean)


class CostView(BaseModel):
    """What a release has cost so far, from the minutes that are kept."""

    arms: list[ArmCostView]


def routes(parts: Parts) -> APIRouter:
    """The route under `/releases`."""
    router = APIRouter(prefix="/releases", tags=["releases"], responses=documented(HTTPStatus.NOT_FOUND))
    may_view = Guard(parts.control, Operation.VIEW)

    @router.get("/{id}/cost", operation_id="get_release_cost")
    def get_cost(id: str, _: Annotated[ApiKey, Depends(may_view)]) -> CostView:
        """What each arm's calls have cost. Up to a minute behind."""
        with parts.control.tx() as tx:
            release_of(tx, id)
        with parts.telemetry.tx() as telemetry:
            costs = telemetry.costs(id)
        return CostView(arms=[ArmCostView.of(arm, costs[arm]) for arm in sorted(costs)])

    return router
