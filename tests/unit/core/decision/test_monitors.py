"""What monitors do to a release: pause it, take it back, hold it, and wait for later data after a resume."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.decision.commands import Advance, Pause, Promote, RollBack
from serinus.core.decision.decision import decide, replay
from serinus.core.decision.monitors import MonitorSeen, judge_monitors
from serinus.core.decision.observations import Observations
from serinus.core.pipeline.monitor import HttpSource, MetricSource, Monitor
from serinus.core.pipeline.threshold import Threshold
from serinus.core.release.release import Hold, Release
from serinus.core.release.transitions import paused, resumed
from tests.unit.core.decision.cases import NOW_US, PLAN, minutes, running, seen, served

HEALTH = Monitor(name="kb", source=HttpSource(url="http://kb/health"), required=True, every_s=10, window_s=30)
P99 = Monitor(
    name="p99", source=MetricSource(metric="latency.p99"), critical=Threshold(side="above", bound=4000.0),
    every_s=10, action="rollback",
)  # fmt: skip
SHOWN = Monitor(name="shown", source=HttpSource(url="http://x/"), every_s=10)


def release(*monitors: Monitor, step: int = 0) -> Release:
    return running(msgspec.structs.replace(PLAN, monitors=monitors), step)


def reading(monitor: Monitor, level: Any, **fields: Any) -> MonitorSeen:
    made = MonitorSeen(
        monitor=monitor.name, level=level, text=f"{monitor.name} is {level}", at_us=NOW_US, since_us=NOW_US
    )
    return msgspec.structs.replace(made, **fields)


def look(*readings: MonitorSeen, **changes: Any) -> Observations:
    return seen(monitors=readings, **changes)


def test_I_a_required_monitor_that_is_critical_pauses() -> None:
    """At once, with its own words, and until a person resumes."""
    one = release(HEALTH)
    (command,) = decide(one, served(one), look(reading(HEALTH, "critical")), NOW_US).commands
    assert command == Pause(trigger="monitor:kb", reason="Monitor critical: kb is critical")


def test_I_a_monitor_rolls_back_where_that_is_declared() -> None:
    """And while it is paused too."""
    one = release(HEALTH, P99)
    seen_ = look(reading(HEALTH, "critical"), reading(P99, "critical"))
    for state in (one, paused(one, Hold(trigger="person", reason="lunch", at_us=1))):
        (command,) = decide(state, served(one), seen_, NOW_US).commands
        assert command == RollBack(reason="Monitor critical: p99 is critical")


def test_I_a_control_that_is_critical_too_makes_a_rollback_a_pause() -> None:
    """It may be the provider: with a deadline, as absolute limits have it."""
    one = release(P99)
    (command,) = decide(one, served(one), look(reading(P99, "critical", baseline=4001.0)), NOW_US).commands
    assert isinstance(command, Pause)
    assert command.deadline_s == PLAN.veto_deadline_s
    assert "provider" in command.reason
    (other,) = decide(one, served(one), look(reading(P99, "critical", baseline=3999.0)), NOW_US).commands
    assert isinstance(other, RollBack)


@pytest.mark.parametrize("level", ["ok", "alert"])
def test_I_below_critical_a_release_goes_on(level: str) -> None:
    """An alert is told, and holds nothing up."""
    one = release(HEALTH, SHOWN)
    (command,) = decide(one, served(one), look(reading(HEALTH, level), reading(SHOWN, "critical")), NOW_US).commands
    assert isinstance(command, Advance)


@pytest.mark.parametrize(
    "readings",
    [
        (),
        (reading(HEALTH, "no-data", text="the check could not be made"),),
        (reading(HEALTH, None),),
        (reading(HEALTH, "ok", age_ms=30_001),),
    ],
    ids=["nothing", "no-data", "unread", "stale"],
)
def test_I3_a_required_monitor_without_data_holds_the_step(readings: tuple[MonitorSeen, ...]) -> None:
    """Not read, failed, or older than two readings and its time-out: no data is never ok, and it is said why."""
    one = release(HEALTH)
    decision = decide(one, served(one), look(*readings), NOW_US)
    assert decision.commands == ()
    assert "no data of the required monitor kb" in decision.progress.waiting


def test_I3_an_optional_monitor_without_data_is_only_shown() -> None:
    """The step is left."""
    one = release(SHOWN)
    (command,) = decide(one, served(one), look(), NOW_US).commands
    assert isinstance(command, Advance)


def test_I3_the_last_step_promotes_nothing_without_data() -> None:
    """The 100 % watch waits for required monitors too."""
    one = release(HEALTH, step=2)
    limits = (minutes([0.0] * 5),)
    assert decide(one, served(one), look(limits=limits), NOW_US).commands == ()
    (command,) = decide(one, served(one), look(reading(HEALTH, "ok"), limits=limits), NOW_US).commands
    assert isinstance(command, Promote)


def test_I_a_monitor_counts_from_its_step_on() -> None:
    """Before it neither holds nor acts; and one that is read more seldom than the dwell never holds."""
    later = msgspec.structs.replace(HEALTH, from_step=2)
    daily = msgspec.structs.replace(HEALTH, name="daily", every_s=3600)
    first, second = release(later, daily), release(later, daily, step=1)
    bad = look(reading(later, "critical"), reading(daily, "critical"))
    (command,) = decide(first, served(first), bad, NOW_US).commands
    assert isinstance(command, Advance)
    (pause,) = decide(second, served(second), bad, NOW_US).commands
    assert isinstance(pause, Pause)
    assert [one.counts for one in judge_monitors(second, bad.monitors)] == [True, False]


def test_I_no_dwell_is_served_while_a_monitor_is_critical() -> None:
    """Whatever it leads to."""
    one = release(SHOWN)
    calm = decide(one, served(one, 1000), look(reading(SHOWN, "ok")), NOW_US)
    bad = decide(one, served(one, 1000), look(reading(SHOWN, "critical")), NOW_US)
    assert calm.progress.dwell_ms == 2000
    assert bad.progress.dwell_ms == 1000


def test_resuming_acknowledges_a_monitor_until_later_data() -> None:
    """The same data pauses no more; a level that began anew does, and so does one with a whole window behind the
    resume. The step is not left while it is critical."""
    one = release(HEALTH)
    before = look(reading(HEALTH, "critical"))
    first = decide(one, served(one), before, NOW_US)
    (command,) = first.commands
    assert isinstance(command, Pause)
    held = paused(one, Hold(trigger=command.trigger, reason=command.reason, at_us=NOW_US))
    going = resumed(held, decide(held, first.progress, before, NOW_US).progress, "looked at it")
    again = decide(going, first.progress, before, NOW_US)
    assert again.commands == ()
    assert "is critical" in again.progress.waiting
    still = look(reading(HEALTH, "critical", at_us=NOW_US + 29_000_000))
    assert decide(going, first.progress, still, NOW_US).commands == ()
    for later in (
        reading(HEALTH, "critical", at_us=NOW_US + 30_000_000),
        reading(HEALTH, "critical", at_us=NOW_US + 9, since_us=NOW_US + 9),
        reading(HEALTH, "critical", at_us=NOW_US - 9, since_us=NOW_US - 9),  # the wall clock was set back
    ):
        assert decide(going, first.progress, look(later), NOW_US).commands


def test_a_paused_release_is_not_paused_again() -> None:
    """The finding stands; there is nothing to do."""
    one = release(HEALTH)
    held = paused(one, Hold(trigger="monitor:kb", reason="x", at_us=NOW_US))
    assert decide(held, served(one), look(reading(HEALTH, "critical")), NOW_US).commands == ()


def test_a_decision_with_monitors_replays() -> None:
    """All it used is in its evidence, also as JSON."""
    one = release(HEALTH, P99)
    decision = decide(one, served(one), look(reading(HEALTH, "critical")), NOW_US)
    kept = msgspec.json.decode(msgspec.json.encode(decision.evidence), type=type(decision.evidence))
    assert replay(kept) == decision
