"""Values of a release after each event, over any order of events."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import IllegalTransition
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage
from serinus.core.release import transitions
from serinus.core.release.release import Hold, Progress, Release
from serinus.core.release.table import FINAL, Event, State
from tests.unit.core.decision.cases import PLAN, created

HOLD = Hold(trigger="person", reason="r", at_us=1)

DEEDS: dict[Event, Callable[[Release, int], Release]] = {
    Event.START: lambda release, n: transitions.started(release, n, "r"),
    Event.ADVANCE: lambda release, n: transitions.advanced(release, n, {"call.error": (n, n)}, "r"),
    Event.ENTER: lambda release, n: transitions.entered(release, release.stage, {"call.error": (n, n)}, "r"),
    Event.RERUN: lambda release, _: transitions.rerun(release, 0, "r"),
    Event.REJECT: lambda release, n: transitions.rejected(release, n, "r"),
    Event.PAUSE: lambda release, _: transitions.paused(release, HOLD),
    Event.RESUME: lambda release, _: transitions.resumed(release, None, "r"),
    Event.ROLL_BACK: lambda release, n: transitions.withdrawn(release, Event.ROLL_BACK, n, "r"),
    Event.ABORT: lambda release, n: transitions.withdrawn(release, Event.ABORT, n, "r"),
    Event.CONFIRM: lambda release, _: transitions.confirmed(release),
    Event.PROMOTE: lambda release, n: transitions.promoted(release, n, "r"),
}


@given(events=st.lists(st.sampled_from(list(DEEDS)), max_size=30))
def test_any_order_of_events_keeps_a_release_whole(events: list[Event]) -> None:
    """Whatever is tried in whatever order: seq counts each change, the ramp only grows step by step, each step has
    its restart, a hold stands exactly while paused, and an ended release is left alone."""
    release = created()
    for n, event in enumerate(events, start=1):
        last_step = release.step == len(PLAN.steps) - 1
        if event is Event.ADVANCE and last_step:
            continue
        try:
            following = DEEDS[event](release, n)
        except IllegalTransition:
            assert event is not Event.ROLL_BACK or release.state not in (State.RUNNING, State.PAUSED, State.WATCHING)
            continue
        assert release.state not in FINAL
        assert following.seq == release.seq + 1
        assert [point.step for point in following.ramp] == list(range(following.step + 1))
        assert len(following.restarts) == len(following.ramp)
        assert (following.hold is not None) == (following.state is State.PAUSED)
        watch = following.step >= 0 and PLAN.is_watch(following.step)
        assert following.state is not State.RUNNING or not watch
        assert following.state is not State.WATCHING or watch
        release = following


@pytest.mark.parametrize(
    ("trigger", "rearmed"),
    [
        ("guardrail:call.error", {"guardrail:call.error": {"candidate": 8, "control": 3}}),
        ("guardrail:call.refusal", {"guardrail:call.refusal": {"candidate": 0, "control": 0}}),
        ("limit:0", {"limit:0": {"after_us": 77}}),
        ("no_data", {}),
        ("person", {}),
    ],
)
def test_a_resume_rearms_what_paused(trigger: str, rearmed: dict[str, dict[str, int]]) -> None:
    """The trigger that paused counts again from the data of the last round; nothing else is forgotten."""
    running = transitions.started(created(), 1, "r")
    held = transitions.paused(running, Hold(trigger=trigger, reason="r", at_us=1))
    progress = Progress(release="rel_1", step=0, positions={"call.error": (8, 3)}, watermark_us=77)
    assert transitions.resumed(held, progress, "seen").rearmed == rearmed


@pytest.mark.parametrize(
    ("first", "auto_resume", "closed_from"), [(True, False, 7), (True, True, 0), (False, False, 0)]
)
def test_H13_only_a_first_release_that_a_person_has_to_resume_takes_in_nobody_new(
    first: bool, auto_resume: bool, closed_from: int
) -> None:
    """From the snapshot of the pause on, until it is resumed or taken back."""
    plan = msgspec.structs.replace(PLAN, first=first)
    running = transitions.started(msgspec.structs.replace(created(), plan=plan), 1, "r")
    held = transitions.paused(running, Hold(trigger="x", reason="r", at_us=1, auto_resume=auto_resume), 7)
    assert (running.closed_from, held.closed_from) == (0, closed_from)
    assert transitions.resumed(held, None, "seen").closed_from == 0
    assert transitions.withdrawn(held, Event.ROLL_BACK, 9, "bad").closed_from == 0


MEASURED = Plan(
    owner="ada",
    stages=(
        OfflineStage(name="offline", suites=("golden",)),
        ApprovalStage(name="sign-off", roles=("ml_lead",)),
        RolloutStage(steps=PLAN.steps),
    ),
)


def test_a_start_enters_the_first_stage_without_traffic() -> None:
    """A measured stage first: its first attempt is asked for, and nobody is on the candidate."""
    begun = transitions.started(created(MEASURED), 1, "r")
    assert (begun.state, begun.stage, begun.step, begun.exposed) == (State.RUNNING, 0, -1, False)
    assert (begun.attempts, begun.ramp, begun.restarts) == ((1, 0, 0), (), ())


def test_an_approval_freezes_what_is_shown() -> None:
    """The positions of the moment stay with the release; the next step does not change them."""
    signing = transitions.entered(transitions.started(created(MEASURED), 1, "r"), 1, {"call.error": (3, 4)}, "r")
    assert (signing.stage, signing.shown, signing.attempts) == (1, {"call.error": (3, 4)}, (1, 0, 0))
    climbing = transitions.advanced(signing, 2, {"call.error": (9, 9)}, "r")
    assert (climbing.stage, climbing.step, climbing.shown) == (2, 0, {"call.error": (3, 4)})


def test_a_rerun_goes_back_and_asks_once_more() -> None:
    """From an approval back to the measured stage, and from a rollout with its share held."""
    signing = transitions.entered(transitions.started(created(MEASURED), 1, "r"), 1, {}, "r")
    climbing = transitions.advanced(signing, 2, {}, "r")
    for release in (signing, climbing):
        again = transitions.rerun(release, 0, "r")
        assert (again.stage, again.attempts, again.step, again.ramp) == (0, (2, 0, 0), release.step, release.ramp)
    with pytest.raises(IllegalTransition, match="measured nothing"):
        transitions.rerun(signing, 1, "r")
    with pytest.raises(IllegalTransition, match="is paused"):
        transitions.rerun(transitions.paused(climbing, HOLD), 0, "r")


def test_a_resume_after_a_measurement_asks_once_more() -> None:
    """What the stage paused for is measured again; another pause asks for nothing."""
    begun = transitions.started(created(MEASURED), 1, "r")
    stopped = transitions.paused(begun, Hold(trigger=transitions.stage_trigger(0), reason="r", at_us=1))
    assert transitions.resumed(stopped, None, "r").attempts == (2, 0, 0)
    assert transitions.rerun(stopped, 0, "r").attempts == (2, 0, 0)
    assert transitions.resumed(transitions.paused(begun, HOLD), None, "r").attempts == (1, 0, 0)


def test_only_what_nobody_has_seen_is_rejected() -> None:
    """After the first step a refusal is a rollback."""
    begun = transitions.started(created(MEASURED), 1, "r")
    assert transitions.rejected(begun, 5, "bad").state is State.REJECTED
    assert transitions.rejected(transitions.paused(begun, HOLD), 5, "bad").hold is None
    climbing = transitions.advanced(transitions.entered(begun, 1, {}, "r"), 2, {}, "r")
    with pytest.raises(IllegalTransition, match="users have seen"):
        transitions.rejected(climbing, 5, "bad")
