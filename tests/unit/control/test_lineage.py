"""Trying the same again: later attempts must show more, and what spoke against the earlier ones counts on."""

from __future__ import annotations

import math

import msgspec
import pytest

from serinus.control.abort_release import abort_release
from serinus.control.start_release import start_release
from serinus.core.decision.harm import judge_harm
from serinus.core.decision.margins import judge_margins
from serinus.core.errors import Conflict, InvalidInput
from serinus.core.records.record import Event
from serinus.core.release.lineage import Lineage
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.stats.multiplicity import carried
from tests.unit.control.production import PERSON, PLAN, Production, rate

BAD = {Event.INVALID_FORMAT: rate(0.3, 0.1)}
HEALTHY = {Event.INVALID_FORMAT: rate(0.05, 0.05)}


def again(world: Production, version: str, acknowledged: str = "") -> Release:
    """Another release, of this version."""
    return start_release(
        world.control, world.clock.now_us(), PERSON, world.ids, "salt2", "shop", version, "again", None, acknowledged
    )


def rolled_back() -> Production:
    """A world in which harm was seen beyond all doubt."""
    world = Production()
    world.rates = BAD
    world.start()
    world.until(State.ROLLED_BACK)
    return world


def test_a_first_attempt_carries_nothing() -> None:
    """Attempt 1, with no predecessors."""
    assert Production().start().lineage == Lineage()


def test_the_same_candidate_is_refused_when_its_evidence_would_roll_it_back_at_once() -> None:
    """The refusal names the release and the odds; with a person's reason it starts, and the reason is on record."""
    world = rolled_back()
    first = world.release().id
    with pytest.raises(Conflict, match=f"nearly what release {first} tried") as refused:
        again(world, world.candidate.name)
    assert "--set-aside" in refused.value.mend
    release = again(world, world.candidate.name, "the provider was down")
    assert release.lineage == Lineage(attempt=2, earlier=(first,), set_aside="the provider was down")
    assert "attempt 2 of its lineage" in release.reason
    assert "the provider was down" in release.reason


def test_mild_evidence_counts_on_and_is_acted_on() -> None:
    """An attempt that was taken out before harm was certain leaves its evidence to the next one, which needs less."""
    world = Production(msgspec.structs.replace(PLAN, alpha=1e-6))
    world.rates = {Event.INVALID_FORMAT: rate(0.25, 0.1)}
    first = world.start()
    for _ in range(300):
        world.second()
        with world.control.tx() as tx:
            progress = tx.progress(first.id)
        if progress is not None and judge_harm(world.release(), progress.positions).log_e > 4:
            break
    abort_release(world.control, world.clock.now_us(), PERSON, first.id, "not for its sake")
    world.until(State.ABORTED)
    second = again(world, world.candidate.name)
    assert second.lineage.attempt == 2
    assert second.lineage.earlier == (first.id,)
    assert second.lineage.carried > 4
    harm = judge_harm(second, {})
    assert harm.log_e == pytest.approx(carried(second.lineage.carried, 0.0), abs=1e-6)
    assert world.until(State.ROLLING_BACK).reason.startswith("Attempt 2, with what spoke against attempt 1: ")


def test_a_later_attempt_is_shown_non_inferior_at_half_the_level() -> None:
    """β/2^(k−1) at the k-th attempt."""
    release = Production().start()
    for attempt in (1, 2, 5):
        later = msgspec.structs.replace(release, lineage=Lineage(attempt=attempt))
        assert judge_margins(later, {}).needed == pytest.approx(math.log(2 ** (attempt - 1) / 0.05), abs=1e-6)


def test_a_changed_candidate_begins_a_lineage_of_its_own() -> None:
    """Other words, and nothing counts on; the same words with other notes are the same lineage."""
    world = rolled_back()
    other = world.push("You are a shop that answers in one short sentence.")
    assert again(world, other.name).lineage == Lineage()


def test_another_base_begins_a_lineage_of_its_own() -> None:
    """What is live has changed, so the comparison is another one."""
    world = rolled_back()
    world.rates = HEALTHY
    other = world.push("You are a shop that answers in one short sentence.")
    again(world, other.name)
    world.until(State.PROMOTED)
    assert again(world, world.candidate.name).lineage == Lineage()


def test_a_yearly_budget_of_alpha_refuses_what_it_has_no_room_for() -> None:
    """Two releases of 0.001 fit into 0.002 a year; a third says what is left, and fits again a year later."""
    world = Production(msgspec.structs.replace(PLAN, alpha_per_year=0.002))
    world.rates = HEALTHY
    for number in (1, 2):
        release = again(world, world.push(f"You are shop number {number}, and a good one.").name)
        abort_release(world.control, world.clock.now_us(), PERSON, release.id, "")
        world.until(State.ABORTED)
    third = world.push("You are a wholly different kind of place.").name
    with pytest.raises(InvalidInput, match=r"more than the 0 left of this year's 0\.002"):
        again(world, third)
    world.clock.wall_us += 366 * 86_400_000_000
    assert again(world, third).state is State.RUNNING
