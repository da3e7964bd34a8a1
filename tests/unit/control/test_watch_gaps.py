"""Gaps between what suites and users see (E3) are told once, and stand in the trail."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from serinus.adapters.memory_store import MemoryControlStore, MemoryTelemetryStore, memory_stores
from serinus.control.verify_audit import verify_audit
from serinus.control.watch_gaps import AT_ONCE, WatchGaps
from serinus.core.records.sums import Sum, SumKey
from serinus.core.release.release import Release
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import Notice, Page
from tests.fake_workers import ManualClock
from tests.unit.core.decision.test_side_by_side import FORMAT, arms, live, offline

EPOCH = 1


def world() -> tuple[MemoryControlStore, MemoryTelemetryStore, WatchGaps]:
    """Empty stores and a watch over them."""
    numbers = itertools.count(1)
    control, telemetry = memory_stores(lambda size: next(numbers).to_bytes(size, "big"))
    leader = control.claim("a", None)
    assert leader is not None
    assert leader.epoch == EPOCH
    return control, telemetry, WatchGaps(control, telemetry, ManualClock())


def put(control: MemoryControlStore, telemetry: MemoryTelemetryStore, release: Release, candidate: int) -> None:
    """A release in its rollout with so many candidate users of 5,000 who met a broken format, and 200 of control's;
    its golden set saw no difference."""
    result = offline(failed=200, worse=40, better=40)
    with control.tx() as tx:
        tx.insert_release(release)
        tx.insert_stage_result(msgspec.structs.replace(result, release=release.id))
    with telemetry.tx() as writing:
        writing.add_sums(
            [(msgspec.structs.replace(key, release=release.id), total) for key, total in arms(candidate, 200)]
        )


def told(control: MemoryControlStore) -> list[Notice]:
    with control.tx() as tx:
        return [one for one in tx.notices(Page(limit=100))[0] if one.kind == "gap"]


def test_E3_a_gap_is_told_once_to_the_channel_and_in_the_trail() -> None:
    """However often one looks, and whatever else grows."""
    control, telemetry, watch = world()
    put(control, telemetry, live(), 600)
    assert [watch.once(EPOCH), watch.once(EPOCH)] == [1, 0]
    (notice,) = told(control)
    assert (notice.release, notice.subject, notice.app) == ("rel_1", FORMAT, "shop")
    assert notice.body.startswith("broken formats: at least ")
    with control.tx() as tx:
        (entry,) = tx.audit_newest("rel_1", Page(limit=10))[0]
    assert (entry.action, entry.reason) == ("tick:release:gap", notice.body)
    assert verify_audit(control)[1] == []


def test_places_that_agree_and_plans_that_measure_nothing_before_are_silent() -> None:
    """No gap, and no stage before the users."""
    control, telemetry, watch = world()
    put(control, telemetry, live(), 210)
    assert watch.once(EPOCH) == 0
    alone = msgspec.structs.replace(live(), id="rel_2", app="bot", stage=0)
    put(control, telemetry, alone, 600)
    assert watch.once(EPOCH) == 0
    assert told(control) == []


def test_more_releases_than_fit_into_a_round_have_their_turn() -> None:
    """Each is looked at within as many rounds as they fill."""
    control, telemetry, watch = world()
    for n in range(AT_ONCE + 3):
        put(control, telemetry, msgspec.structs.replace(live(), id=f"rel_{n:02}", app=f"app-{n}"), 600)
    assert [watch.once(EPOCH) for _ in range(3)] == [AT_ONCE, 3, 0]
    assert len({one.release for one in told(control)}) == AT_ONCE + 3


def test_a_release_that_cannot_be_looked_at_holds_up_none_behind_it() -> None:
    """The round fails at it, and the next one goes on behind it; then it is tried again."""
    control, telemetry, watch = world()
    for number in (1, 2):
        put(control, telemetry, msgspec.structs.replace(live(), id=f"rel_{number}", app=f"app-{number}"), 600)
    with telemetry.tx() as writing:
        writing.add_sums([(SumKey("rel_1", 0, "call.error", Arm.CANDIDATE), Sum(total=-1))])
    with pytest.raises(ValueError, match="domain"):
        watch.once(EPOCH)
    assert watch.once(EPOCH) == 1
    assert [one.release for one in told(control)] == ["rel_2"]
    with pytest.raises(ValueError, match="domain"):
        watch.once(EPOCH)
