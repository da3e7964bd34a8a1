"""Carrying out a decision: only on the release that was judged, only by the leader of the moment."""

from __future__ import annotations

import pytest

from serinus.control.apply import apply
from serinus.control.judge import Judge, Pending
from serinus.control.pause_release import pause_release
from serinus.control.resume_release import resume_release
from serinus.core.decision.decision import Decision, decide
from serinus.core.errors import Conflict, Deposed
from serinus.core.release.release import Release
from serinus.core.release.table import State
from tests.unit.control.production import PERSON, Production
from tests.unit.core.decision.cases import seen

HARM = {"call.error": (90, 5)}


def rollback_of(release: Release) -> Decision:
    """A decision to roll this release back."""
    return decide(release, None, seen(positions=HARM, limits=((),)), 1)


def test_a_decision_on_an_older_seq_falls() -> None:
    """Somebody paused and resumed meanwhile: the release looks the same, but it was judged before their deed."""
    world = Production()
    judged = world.start()
    world.second()
    pause_release(world.control, 1, PERSON, judged.id, "")
    resumed = resume_release(world.control, 1, PERSON, judged.id, "")
    leader = world.control.leader()
    assert leader is not None
    with pytest.raises(Conflict):
        apply(world.control, leader.epoch, 1, rollback_of(judged))
    assert world.release() == resumed
    assert apply(world.control, leader.epoch, 1, rollback_of(resumed)).state is State.ROLLING_BACK


def test_a_decision_of_a_deposed_leader_falls() -> None:
    """Between a round's look and its deed another control took over: nothing of the deed is stored."""
    world = Production()
    judged = world.start()
    world.second()
    leader = world.control.leader()
    assert leader is not None
    assert world.control.claim("other", leader) is not None
    before = world.audit()
    with pytest.raises(Deposed):
        apply(world.control, leader.epoch, 1, rollback_of(judged))
    judge = Judge(world.control, world.telemetry, world.clock, leader.epoch)
    with pytest.raises(Deposed):
        judge.judge([Pending(release=judged)])
    assert (world.release(), world.audit()) == (judged, before)
