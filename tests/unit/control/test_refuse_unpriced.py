"""A guardrail on costs needs prices: without them a release would wait for ever."""

from __future__ import annotations

import msgspec
import pytest

from serinus.control.configure_endpoint import configure_endpoint
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.plan import Guardrail
from serinus.core.release.table import State
from serinus.core.routing.price import Price
from serinus.core.routing.snapshot import Endpoint
from tests.unit.control.production import PERSON, PLAN, Production

COST = Guardrail(metric="cost.per_call")


def guarded(rail: Guardrail) -> Production:
    """An app whose plan has this guardrail too; nobody knows the price of its model `m`."""
    return Production(msgspec.structs.replace(PLAN, guardrails=(*PLAN.guardrails, rail)))


def test_a_cost_that_nobody_can_tell_is_refused_at_the_start_with_the_lines_to_write() -> None:
    """And once the endpoint declares a price, the release starts."""
    world = guarded(COST)
    with pytest.raises(InvalidInput, match="no price is known of m ") as refused:
        world.start()
    assert "prices: {m: {input: $0.15, output: $0.60}}" in refused.value.mend
    with world.control.tx() as tx:
        (endpoint,) = tx.endpoints()
    priced: Endpoint = msgspec.structs.replace(endpoint, prices={"m": Price(input=150, output=600)})
    configure_endpoint(world.control, world.clock.now_us(), PERSON, priced)
    assert world.start().state is State.RUNNING


@pytest.mark.parametrize(
    "rail", [msgspec.structs.replace(COST, role="signal"), msgspec.structs.replace(COST, dry_run=True)]
)
def test_what_no_step_waits_for_needs_no_price(rail: Guardrail) -> None:
    """A signal or a dry run shows that it has no data."""
    assert guarded(rail).start().state is State.RUNNING
