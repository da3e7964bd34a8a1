"""Zero tolerance: one confirmed violation of the candidate takes the release back (J1)."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.decision.commands import Command, Pause, RollBack
from serinus.core.decision.decision import decide
from serinus.core.decision.observations import Units
from serinus.core.decision.tolerance import METRIC, TRIGGER
from serinus.core.release.release import Hold
from serinus.core.release.transitions import paused
from tests.unit.core.decision.cases import NOW_US, running, seen, served


def judged(candidate: int, control: int, **changes: object) -> list[Command]:
    release = running()
    observations = seen(positions={METRIC: (candidate, control)}, **changes)
    return list(decide(release, served(release), observations, NOW_US).commands)


def test_J1_one_violation_of_the_candidate_rolls_back_at_once() -> None:
    """No sample, no dwell, no statistics is waited for."""
    (command,) = judged(1, 0)
    assert isinstance(command, RollBack)
    assert "1 unit" in command.reason


def test_J1_an_override_does_not_switch_zero_tolerance_off() -> None:
    """It is asked even where nothing is compared."""
    assert isinstance(judged(1, 0, override="b" * 64)[0], RollBack)


def test_a_control_that_is_no_better_off_makes_it_a_persons_matter() -> None:
    """Going back would mend nothing: a pause that names both."""
    (command,) = judged(2, 2)
    assert isinstance(command, Pause)
    assert command.trigger == TRIGGER


@pytest.mark.parametrize(("candidate", "control", "units"), [(3, 2, (400, 400)), (1, 1, (100, 400))])
def test_a_control_with_fewer_violations_does_not_save_the_candidate(
    candidate: int, control: int, units: tuple[int, int]
) -> None:
    """Fewer by rate, not by number."""
    assert isinstance(judged(candidate, control, units=(Units(0, *units),))[0], RollBack)


def test_the_controls_own_violations_harm_no_candidate() -> None:
    """They are the live version's."""
    assert not any(isinstance(command, RollBack | Pause) for command in judged(0, 5))


def test_what_a_person_has_seen_counts_no_more() -> None:
    """After a resume only what comes later counts."""
    release = msgspec.structs.replace(running(), rearmed={TRIGGER: {"candidate": 2, "control": 2}})
    at_ease = decide(release, served(release), seen(positions={METRIC: (2, 2)}), NOW_US)
    later = decide(release, served(release), seen(positions={METRIC: (3, 2)}), NOW_US)
    assert not any(isinstance(command, RollBack | Pause) for command in at_ease.commands)
    assert isinstance(later.commands[0], RollBack)


def test_a_paused_release_is_still_taken_back() -> None:
    """The share goes on being served while it is paused."""
    release = paused(running(), Hold(trigger="person", reason="lunch", at_us=NOW_US))
    decision = decide(release, served(release), seen(positions={METRIC: (1, 0)}), NOW_US)
    assert isinstance(decision.commands[0], RollBack)
