"""Dwell: time in health with data, by nobody's wall clock."""

from __future__ import annotations

import pytest

from serinus.core.decision.dwell import begun, proceeded
from serinus.core.decision.observations import Flow, Observations
from serinus.core.release.release import Hold, Progress
from serinus.core.release.transitions import paused
from tests.unit.core.decision.cases import running, seen, served

RELEASE = running()


def after(progress: Progress, *rounds: Observations, healthy: bool = True) -> Progress:
    """The progress after these rounds."""
    for observations in rounds:
        progress = proceeded(RELEASE, progress, observations, healthy)
    return progress


def test_a_healthy_round_counts_its_time() -> None:
    """With answers from both arms the round's time is served."""
    assert after(served(RELEASE, 0), seen(), seen(elapsed_ms=900)).dwell_ms == 1900


def test_a_long_round_counts_two_seconds() -> None:
    """A round that comes late counts at most two seconds: nobody looked in between."""
    assert after(served(RELEASE, 0), seen(elapsed_ms=3_600_000)).dwell_ms == 2000


def test_silence_is_served_only_once_it_is_broken() -> None:
    """Rounds without an answer wait; they count when both arms answer again, and are lost when health is."""
    quiet = [seen(candidate=Flow(age_ms=1000 * n, seen=True)) for n in (1, 2, 3)]
    waiting = after(served(RELEASE, 0), *quiet)
    assert waiting.dwell_ms == 0
    assert after(waiting, seen()).dwell_ms == 4000
    assert after(after(waiting, seen(), healthy=False), seen()).dwell_ms == 1000


def test_one_arm_alone_serves_nothing() -> None:
    """Both arms must answer, in whichever round each does."""
    candidate_only = seen(control=Flow(age_ms=5000, seen=True))
    assert after(served(RELEASE, 0), candidate_only, candidate_only).dwell_ms == 0


def test_a_pause_stops_the_dwell() -> None:
    """A paused release serves nothing, and counts the time of its pause instead."""
    held = paused(RELEASE, Hold(trigger="person", reason="r", at_us=5))
    first = proceeded(held, served(held, 7000), seen(), True)
    second = proceeded(held, first, seen(), True)
    assert (second.dwell_ms, second.held_at_us, second.held_ms) == (7000, 5, 1000)


@pytest.mark.parametrize("stored", [None, Progress(release="rel_1", step=7, dwell_ms=50_000)])
def test_a_new_step_begins_at_zero(stored: Progress | None) -> None:
    """Nothing served on another step counts on this one."""
    assert begun(RELEASE, stored, seen()).dwell_ms == 0


def test_drops_before_the_release_are_not_its_own() -> None:
    """What workers had dropped before the first round is the zero that later drops are counted from."""
    assert begun(RELEASE, None, seen(dropped={"w": 9})).dropped == {"w": 9}
