"""Releases guarded by scores, lived through by the real tick over the real stores' rows."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec
import pytest

from serinus.control.abort_release import abort_release
from serinus.control.export_audit import export_audit
from serinus.core.audit.entry import Entry
from serinus.core.decision.harm import compared_steps
from serinus.core.decision.labels import read_on
from serinus.core.decision.replay import replayed
from serinus.core.errors import Conflict
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.records.label_sums import LabelSums
from serinus.core.records.labels import AwaitedUnit, Label, LabelKey
from serinus.core.records.sums import Enrolment
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from tests.unit.control.production import LOOSE, PERSON, PLAN, Production

METRIC = "judge.correctness"
RAIL = Guardrail(metric=METRIC, max_drop=0.02, maturation_s=5)
_US = 1_000_000


def plan(*rails: Guardrail, **changes: Any) -> Plan:
    """Steps of 20 s, guarded by these alone."""
    return msgspec.structs.replace(PLAN, stages=(), guardrails=rails, limits=LOOSE, **changes)


class Judged(Production):
    """Its users' answers are judged right or wrong two seconds after their call, in `told` of all cases."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.right = {Arm.CANDIDATE: 0.85, Arm.CONTROL: 0.85}
        self.told = {Arm.CANDIDATE: 0.9, Arm.CONTROL: 0.9}
        self.waiting: list[tuple[int, LabelKey, Label]] = []
        self.luck = random.Random(7)
        super().__init__(*args, **kwargs)

    def _ship(self, release: str, enrolments: list[Enrolment], counts: Counter[Any], bad: Counter[Any]) -> None:
        super()._ship(release, enrolments, counts, bad)
        awaited = self.routing().apps["shop"].release
        assert awaited is not None
        now_us, rows = self.clock.now_us(), []
        for one in enrolments:
            for name in awaited.awaited:
                key = LabelKey(release, name, one.unit)
                rows.append(AwaitedUnit(key, now_us, one.stratum, int(one.arm)))
                if self.luck.random() < self.told[one.arm]:
                    value = _US * (self.luck.random() < self.right[one.arm])
                    self.waiting.append((now_us + 2 * _US, key, Label(now_us + 2 * _US, value)))
        come = {key: label for at_us, key, label in self.waiting if at_us <= now_us}
        self.waiting = [one for one in self.waiting if one[0] > now_us]
        with self.telemetry.tx() as tx:
            tx.label(rows, come)

    def sums(self) -> LabelSums:
        """What the tick has read."""
        release = self.release().id
        with self.control.tx() as tx:
            progress = tx.progress(release)
        assert progress is not None
        return progress.labels[0]

    def identical(self) -> set[str]:
        """How every decision on the trail comes out when it is decided anew."""
        trail = export_audit(self.control, subject=self.release().id)
        return {one.outcome for one in replayed(msgspec.json.decode(line, type=Entry) for line in trail)}


def test_H5_a_candidate_as_good_is_promoted_on_its_scores() -> None:
    """Every step is left once its users' labels have matured; every decision replays byte for byte."""
    world = Judged(plan(RAIL))
    world.start()
    assert world.until(State.PROMOTED, State.ROLLED_BACK).state is State.PROMOTED
    candidate, control = world.sums().labelled()
    assert min(candidate, control) > 1000
    assert world.identical() == {"identical"}


def test_H5_a_candidate_that_is_less_often_right_is_rolled_back() -> None:
    """By its scores alone, since nothing else differs; the trail has the sums it was decided by."""
    world = Judged(plan(RAIL))
    world.right[Arm.CANDIDATE] = 0.55
    world.start()
    release = world.until(State.PROMOTED, State.ROLLED_BACK)
    assert release.state is State.ROLLED_BACK
    assert "correctness was" in release.reason
    assert world.identical() == {"identical"}


def test_T5_what_scores_said_against_an_attempt_counts_on() -> None:
    """The same candidate is refused once its scores rolled it back; with a person's reason it starts."""
    world = Judged(plan(RAIL))
    world.right[Arm.CANDIDATE] = 0.55
    first = world.start().id
    world.until(State.ROLLED_BACK)
    with pytest.raises(Conflict, match=f"nearly what release {first} tried"):
        world.start()


def test_I3_a_release_waits_for_labels_that_never_come() -> None:
    """Dwell and users are there, but nobody judges: it stays on its first step and says so."""
    world = Judged(plan(RAIL))
    world.told = {Arm.CANDIDATE: 0.0, Arm.CONTROL: 0.0}
    world.start()
    release = world.seconds(60)
    assert (release.state, release.step) == (State.RUNNING, 0)
    with world.control.tx() as tx:
        progress = tx.progress(release.id)
    assert progress is not None
    assert "no data on correctness: of 20 labels that each arm needs, 0 came" in progress.waiting
    world.told = {Arm.CANDIDATE: 0.9, Arm.CONTROL: 0.9}
    assert world.until(State.PROMOTED, State.ROLLED_BACK).state is State.PROMOTED


def test_T28_a_candidate_that_is_judged_less_often_is_paused() -> None:
    """Until a person has looked; nothing resumes by itself."""
    world = Judged(plan(RAIL))
    world.told[Arm.CANDIDATE] = 0.3
    world.start()
    release = world.until(State.PAUSED)
    assert release.hold is not None
    assert release.hold.trigger == f"labels:{METRIC}"
    assert world.seconds(30).state is State.PAUSED


def test_whose_labels_an_ended_release_awaited_is_forgotten_a_day_later() -> None:
    """Not while it goes on, however long."""
    world = Judged(plan(RAIL))
    world.start()
    first = world.seconds(5).id

    def rows() -> int:
        with world.telemetry.tx() as tx:
            return len(tx.awaited(first, METRIC, (-1, b""), 2**62, 10**6))

    kept, day_s = rows(), 86_500
    world.clock.sleep(day_s)
    world.second()
    assert rows() > kept > 0
    abort_release(world.control, world.clock.now_us(), PERSON, first, "not today")
    world.until(State.ABORTED)
    world.clock.sleep(day_s)
    world.second()
    assert rows() == 0


def test_H7_what_was_read_survives_controls_and_equals_all_at_once() -> None:
    """Ticks that die and are followed by others read each unit once: the sums are those of one fold over all rows."""
    world = Judged(plan(RAIL, alpha=0.0001))
    world.start()
    for number in range(70):
        if number % 9 == 8:
            world.tick = world.new_tick(takeover_s=0.0)
        world.second()
    release, found = world.release(), world.sums()
    with world.telemetry.tx() as tx:
        rows = tx.awaited(release.id, METRIC, (-1, b""), found.at.exposed_at_us, 10**6)
    assert len(rows) > 1000
    assert read_on(LabelSums(metric=METRIC), RAIL, compared_steps(release), rows) == found


@pytest.mark.parametrize("most", [7, 5000])
def test_H7_what_has_piled_up_is_caught_up_with_in_bounded_rounds(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """A round reads so many units at most, and the next one goes on where it ended."""
    monkeypatch.setattr("serinus.control.reads.MOST_LABELS", most)
    world = Judged(plan(RAIL), calls_per_s=60)
    world.start()
    world.seconds(30)
    units = sum(world.sums().labelled()) + sum(world.sums().missing())
    assert (units <= 7 * 30) if most == 7 else (units > 60)
