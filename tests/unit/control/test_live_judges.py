"""Live judges and the releases that are under way while they are declared."""

from __future__ import annotations

import msgspec
import pytest

from serinus.control.abort_release import abort_release
from serinus.core.errors import InvalidInput
from serinus.core.judging.scorers import Judge
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.pipeline.plan import Guardrail
from serinus.core.release.table import State
from tests.unit.control.production import PERSON, PLAN, Production
from tests.unit.evaluation.courtroom import carrying

JUDGE = Judge(criterion="It is right.", endpoint="main", model="judge-1")
LIVE = LiveJudge(metric="judge.correctness", judge=JUDGE, calibration=carrying(JUDGE))
ACTING = msgspec.structs.replace(PLAN, guardrails=(*PLAN.guardrails, Guardrail(metric=LIVE.metric)))


def test_D8_a_release_that_acts_on_grades_keeps_a_judge_that_may_carry_it() -> None:
    """It keeps the plan that it began with, whatever the file says now; without any judge it has no data."""
    world = Production(ACTING)
    world.configure(live_judges=(LIVE,), payload_share=0.1)
    release = world.start()
    uncalibrated = msgspec.structs.replace(LIVE, calibration=None)
    with pytest.raises(InvalidInput, match=f"no guardrail of {release.id}, which is under way, may act on") as refused:
        world.configure(live_judges=(uncalibrated,), plan=PLAN)
    assert (refused.value.where, "when the release is over" in refused.value.mend) == ("app.live_judges[0]", True)
    world.configure(live_judges=(msgspec.structs.replace(LIVE, share=0.05),), plan=PLAN)
    world.configure(live_judges=(), plan=PLAN)
    world.clock.sleep(1)
    assert world.second().state is State.RUNNING


def test_D8_after_the_release_any_judge_may_be_shown() -> None:
    """The plan of one that has ended acts on nothing."""
    world = Production(ACTING)
    world.configure(live_judges=(LIVE,), payload_share=0.1)
    world.start()
    world.tick.once()
    abort_release(world.control, world.clock.now_us(), PERSON, world.release().id, "enough")
    world.until(State.ABORTED)
    world.configure(live_judges=(msgspec.structs.replace(LIVE, calibration=None),), plan=PLAN)
    with world.control.tx() as tx:
        app = tx.app("shop")
    assert app is not None
    assert app.config.live_judges[0].calibration is None
