"""Non-inferiority: a step that asks for it is left when every guardrail is shown inside its margin."""

from __future__ import annotations

import math

import msgspec
import pytest

from serinus.core.decision.commands import Advance
from serinus.core.decision.decision import decide
from serinus.core.decision.margins import judge_margins
from serinus.core.pipeline.plan import Guardrail, Step
from serinus.core.stats import events
from tests.unit.core.decision.cases import ERROR, NOW_US, PLAN, running, seen, served

STEPS = (Step(share=0.5, dwell_s=60, min_units=100, require="non_inferior"), Step(share=1.0, dwell_s=60))
ASKING = msgspec.structs.replace(
    PLAN, stages=(), steps=STEPS, guardrails=(Guardrail(metric=ERROR, max_ratio=2.0, design_ratio=3.0),)
)


@pytest.mark.parametrize(
    ("candidate", "control", "left"), [(0, 0, False), (5, 5, False), (40, 40, True), (40, 22, False)]
)
def test_H5a_a_step_is_left_when_its_margin_is_shown(candidate: int, control: int, left: bool) -> None:
    """No event shows nothing, a few show little, many equal ones show it, and many more on the candidate do not."""
    release = running(ASKING)
    decision = decide(release, served(release), seen(positions={ERROR: (candidate, control)}), NOW_US)
    assert [type(command) for command in decision.commands] == ([Advance] if left else [])
    if left:
        assert "every guardrail inside its margin" in decision.commands[0].reason
    else:
        assert "not yet shown at 20 to 1: errors below 2 times the control's" in decision.progress.waiting
    margins = decision.evidence.margins
    assert margins is not None
    assert margins.evidence[0].log_e == pytest.approx(float(events.no_harm(candidate, control, 2.0)), abs=1e-6)


def test_H5a_other_steps_do_not_ask() -> None:
    """`no_harm` is the default: nothing has to be shown."""
    release = running(PLAN)
    decision = decide(release, served(release), seen(), NOW_US)
    assert decision.evidence.margins is None
    assert isinstance(decision.commands[0], Advance)


def test_H5a_every_promoting_guardrail_must_be_shown() -> None:
    """Signals and dry runs are left out; the bar is 1/β for each."""
    rails = (
        Guardrail(metric=ERROR, max_ratio=2.0, design_ratio=3.0),
        Guardrail(metric="call.refusal", max_ratio=1.5),
        Guardrail(metric="call.invalid_format", role="signal"),
    )
    plan = msgspec.structs.replace(ASKING, guardrails=rails, beta=0.1)
    margins = judge_margins(running(plan), {ERROR: (40, 40), "call.refusal": (40, 40)})
    assert margins.needed == pytest.approx(math.log(10), abs=1e-6)
    assert [one.metric for one in margins.evidence] == [ERROR, "call.refusal"]
    assert [one.metric for one in margins.lacking] == ["call.refusal"]
