"""The figures on a control's own health: the same calls are promoted without its past, and held with it."""

from __future__ import annotations

import msgspec
import pytest

from bench.health import played, scenarios, stormed
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step

SHORT = Plan(
    owner="nobody@example.com",
    steps=(Step(share=0.5, dwell_s=4 * 3600.0, min_units=100), Step(share=1.0, dwell_s=600.0)),
    guardrails=(Guardrail(metric="call.error"), Guardrail(metric="feedback.thumbs_down")),
    limits=(Limit(metric="call.error", above=0.15),),
)
SOON = 2 * 3600.0


@pytest.mark.parametrize("ratio", [1.5, 0.0])
def test_2_7_a_provider_that_fails_both_arms_is_seen_by_the_past_alone(ratio: float) -> None:
    """Four times the errors on both arms are promoted, or pause the release within an hour of the onset."""
    scenario = scenarios()["errors 4 times, at once"]
    soon = msgspec.structs.replace(scenario, drift=(msgspec.structs.replace(scenario.drift[0], from_s=SOON),))
    seen = played(soon, msgspec.structs.replace(SHORT, control_ratio=ratio, stages=SHORT.stages), 2, seed=1)
    if ratio:
        assert (seen.paused, seen.promoted, seen.rolled_back) == (1.0, 0.0, 0.0)
        assert seen.hours is not None
        assert 0 < seen.hours < 1
    else:
        assert (seen.paused, seen.promoted, seen.rolled_back) == (0.0, 1.0, 0.0)


def test_2_7_a_provider_that_is_well_holds_nobody() -> None:
    """The same plan goes through."""
    assert played(scenarios()["provider well"], SHORT, 2, seed=1).promoted == 1.0


def test_2_7_a_storm_of_one_user_is_told_from_an_ill_provider() -> None:
    """Two failing calls a minute: none of four healthy days as built, all of them when every event counts."""
    found = stormed(4, 2, seed=1)
    assert (found["as built"].hits, found["every event"].hits) == (0, 4)
