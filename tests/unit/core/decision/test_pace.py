"""Later steps are shorter for a release that does better than it must (H3)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.decision.commands import Advance
from serinus.core.decision.decision import decide
from serinus.core.decision.monitors import MonitorSeen
from serinus.core.decision.observations import Units
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.acceleration import Acceleration, Pace
from serinus.core.pipeline.monitor import Monitor, SqlSource
from serinus.core.pipeline.plan import Plan, Step
from serinus.core.pipeline.threshold import Threshold
from serinus.core.release.transitions import advanced
from tests.unit.core.decision.cases import NOW_US, PLAN, running, seen, served

NEVER = Threshold(side="above", bound=1e9)
MONITORS = tuple(
    Monitor(name=name, source=SqlSource(query="SELECT 1"), alert=NEVER) for name in ("correctness", "p99", "errors")
)
WHEN = (
    Pace(monitor="correctness", threshold=Threshold(side="above", bound=0.88)),
    Pace(monitor="p99", threshold=Threshold(side="below", bound=2800.0)),
    Pace(monitor="errors", threshold=Threshold(side="below", bound=0.005)),
)
FAST: Plan = msgspec.structs.replace(
    PLAN,
    stages=(),
    steps=tuple(Step(share=share, dwell_s=1200, min_units=100) for share in (0.02, 0.1, 0.25, 0.5, 1.0)),
    monitors=MONITORS,
    accelerate=Acceleration(when=WHEN),
)


def readings(correctness: float | None = 0.88, p99: float = 2800.0, **changes: Any) -> tuple[MonitorSeen, ...]:
    """Just good enough, unless said otherwise; `changes` are of the last one."""
    values = zip(MONITORS, (correctness, p99, 0.004), strict=True)
    found = [MonitorSeen(monitor=m.name, level="ok", text=f"{m.name} {v}", at_us=1, value=v) for m, v in values]
    return (*found[:2], msgspec.structs.replace(found[2], **changes))


def left(step: int, monitors: tuple[MonitorSeen, ...], plan: Plan = FAST) -> Advance:
    """The command that leaves this step."""
    release = running(plan, step)
    units = tuple(Units(s, 100, 100) for s in range(step + 1))
    (command,) = decide(release, served(release, 1_200_000), seen(monitors=monitors, units=units), NOW_US).commands
    assert isinstance(command, Advance)
    return command


def test_H3_good_numbers_at_10_percent_cut_the_dwells_at_25_and_50_by_30_percent() -> None:
    """With the numbers in the reason; early steps and the watch keep theirs."""
    command = left(1, readings())
    assert command.cut == 0.3
    assert "later steps are 30 % shorter" in command.reason
    assert "correctness 0.88, p99 2800.0 and errors 0.004" in command.reason
    after = advanced(running(FAST, 1), 9, {}, command.reason, command.cut)
    assert [step.dwell_s for step in after.plan.steps] == [1200, 1200, 840, 840, 1200]
    assert after.plan.stages[0].steps == after.plan.steps  # type: ignore[union-attr]
    assert after.step == 2


@pytest.mark.parametrize(
    "monitors",
    [
        readings(correctness=0.8799),
        readings(correctness=None),
        readings(p99=2800.1),
        readings(level="no-data"),
        readings(age_ms=10_000_000),
        readings()[:2],
        (),
    ],
    ids=["lower", "unknown", "slower", "no data", "stale", "unread", "none"],
)
def test_H3_anything_less_changes_nothing(monitors: tuple[MonitorSeen, ...]) -> None:
    """Worse by a hair, unknown, stale: the release goes on at its own pace."""
    command = left(1, monitors)
    assert (command.cut, "shorter" in command.reason) == (0.0, False)


@pytest.mark.parametrize("step", [0, 2, 3])
def test_H3_only_the_last_early_step_tells(step: int) -> None:
    """Not an earlier one, and not twice."""
    assert left(step, readings()).cut == 0.0


def test_H3_within_2_percent_of_the_control() -> None:
    """A bound that follows the control; without its number nothing is shorter."""
    near = Pace(monitor="correctness", threshold=Threshold(side="above", factor=0.98))
    plan = msgspec.structs.replace(FAST, accelerate=Acceleration(when=(near,)))
    with_baseline = tuple(msgspec.structs.replace(one, baseline=0.89) for one in readings())
    assert left(1, with_baseline, plan).cut == 0.3
    assert left(1, readings(), plan).cut == 0.0
    assert left(1, tuple(msgspec.structs.replace(one, baseline=0.91) for one in readings()), plan).cut == 0.0


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"when": (Pace(monitor="speed", threshold=WHEN[0].threshold),)}, r"when\[0\].monitor"),
        ({"when": (*WHEN, WHEN[0])}, r"when\[3\]"),
        ({"when": WHEN, "later_cut": 0.9}, "later_cut"),
        ({"first_dwell_s": 0.0}, "first_dwell_s"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], where: str) -> None:
    """A monitor that nobody declared, one named twice, a cut beyond half, no time at all."""
    with pytest.raises(InvalidInput, match=where):
        msgspec.structs.replace(FAST, accelerate=Acceleration(**changes))
