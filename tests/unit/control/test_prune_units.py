"""Units of releases that ended long ago are forgotten, and of no other."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from serinus.adapters.memory_store import MemoryControlStore, MemoryTelemetryStore, memory_stores
from serinus.bootstrap.control import ControlSettings
from serinus.control.prune_units import BATCH, KEPT_DAYS, PruneUnits
from serinus.core.errors import Deposed, InvalidInput
from serinus.core.records.pruned import releases_of, without
from serinus.core.records.sums import Enrolment
from serinus.core.records.tally import Tally
from serinus.core.release.release import Release
from serinus.core.release.table import ACTIVE, FINAL, State
from serinus.core.routing.assignment import Arm
from tests.fake_workers import ManualClock
from tests.unit.core.decision.cases import running

DAY_US = 86_400_000_000
World = tuple[MemoryControlStore, MemoryTelemetryStore, ManualClock]


def ended(id: str, days_ago: float, state: State = State.PROMOTED, **fields: object) -> Release:
    """A release of an app of its own that ended so long ago."""
    at_us = ManualClock().now_us() - round(days_ago * DAY_US)
    begun = msgspec.structs.replace(running(), id=id, app=id, state=state, created_at_us=at_us - DAY_US)
    return msgspec.structs.replace(begun, **{"ended_at_us": at_us if state in FINAL else 0, **fields})


def world(*releases: Release, units: int = 3) -> World:
    """Stores with these releases, users of each, and of one that the control store does not know."""
    numbers = itertools.count(1)
    control, telemetry = memory_stores(lambda size: next(numbers).to_bytes(size, "big"))
    assert control.claim("a", None) is not None
    with control.tx() as tx:
        for release in releases:
            tx.insert_release(release)
    with telemetry.tx() as writing:
        for id in (*(release.id for release in releases), "rel_unknown"):
            writing.enrol([Enrolment(id, n.to_bytes(8, "big"), Arm.CONTROL, 0) for n in range(units)])
    return control, telemetry, ManualClock()


def pruned_all(made: World, kept_days: float = KEPT_DAYS) -> list[str]:
    """Prune until nothing is due; the releases whose units are kept."""
    pruning = PruneUnits(*made, kept_days)
    while pruning.once(1):
        pass
    with made[1].tx() as tx:
        return tx.releases_of_units()


@pytest.mark.parametrize("state", sorted(FINAL))
def test_an_ended_release_is_forgotten_when_its_days_are_over(state: State) -> None:
    """However it ended; one that ended later, or that nobody knows, keeps its units."""
    made = world(ended("rel_old", KEPT_DAYS + 0.01, state), ended("rel_new", KEPT_DAYS - 0.01, state))
    assert pruned_all(made) == ["rel_new", "rel_unknown"]
    assert pruned_all(made, kept_days=1) == ["rel_unknown"]


@pytest.mark.parametrize("state", sorted(ACTIVE))
def test_a_release_that_has_not_ended_keeps_its_units(state: State) -> None:
    """However long ago it began: a watch may last, and its users must not be counted anew."""
    assert pruned_all(world(ended("rel_1", 1000, state)), kept_days=1) == ["rel_1", "rel_unknown"]


def test_of_an_earlier_serinus_the_beginning_counts() -> None:
    """It did not say when a release ended: its units are kept for longer, not for ever."""
    early = ended("rel_1", KEPT_DAYS + 1, ended_at_us=0), ended("rel_2", 2 * KEPT_DAYS, ended_at_us=0)
    assert pruned_all(world(*early)) == ["rel_1", "rel_unknown"]


def test_one_step_deletes_a_batch_and_another_process_goes_on() -> None:
    """Steps are bounded, and what one process began, any other ends."""
    made = world(ended("rel_1", 99), ended("rel_2", 99), units=BATCH + 5)
    first, second = PruneUnits(*made), PruneUnits(*made)
    assert [first.once(1), second.once(1), second.once(1), first.once(1), second.once(1)] == [BATCH, 5, BATCH, 5, 0]


def test_who_does_not_lead_prunes_nothing() -> None:
    """A control that was taken over from is told so."""
    made = world(ended("rel_1", 99))
    with pytest.raises(Deposed):
        PruneUnits(*made).once(0)


def test_what_comes_late_of_forgotten_units_counts_nowhere() -> None:
    """A thumbs-down a month after the end would enrol its user a second time; other releases' tallies stay whole."""
    tally = Tally(
        enrolments=tuple(Enrolment(id, b"u" * 8, Arm.CONTROL, 0) for id in ("rel_1", "rel_2")),
        rollups=(), scored=(), pairs={}, changes={}, overdue={}, told={},
    )  # fmt: skip
    assert releases_of(tally) == {"rel_1", "rel_2"}
    assert [one.release for one in without(tally, {"rel_1"}).enrolments] == ["rel_2"]
    assert without(tally, set()) is tally


@pytest.mark.parametrize("days", [0, 0.5, -1, 3651, float("nan")])
def test_a_time_that_cannot_be_meant_is_refused(days: float) -> None:
    """Less than a day, or more than ten years."""
    with pytest.raises(InvalidInput, match="units-kept-days"):
        ControlSettings(store="sqlite:///x", units_kept_days=days)
