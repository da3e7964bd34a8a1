"""A freeze holds what would expose more users and nothing that protects them; what waits for it starts by itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.control.configure_app import configure_app
from serinus.control.freeze_releases import freeze_releases
from serinus.control.make_live import make_live
from serinus.control.request_release import drop_request, request_release
from serinus.control.start_waiting import AT_ONCE
from serinus.control.verify_audit import verify_audit
from serinus.core.errors import Conflict, InvalidInput
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.freeze import FreezeWindow
from serinus.core.records.record import Event
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.release.waiting import Waiting
from serinus.ports.control_store import Page
from tests.unit.control.production import PERSON, PLAN, START_US, Production, rate

HEALTHY = {Event.INVALID_FORMAT: rate(0.05, 0.05), Event.ERROR: rate(0.01, 0.01)}


def ask(world: Production, version: str = "", salt: str = "salt") -> Release | Waiting:
    """Ask for a release of this version, or of the candidate."""
    name = version or world.candidate.name
    return request_release(
        world.control, world.clock.now_us(), PERSON, world.ids, salt, "shop", name, "please", world.telemetry
    )


def switch(world: Production, on: bool, reason: str = "") -> None:
    freeze_releases(world.control, world.clock.now_us(), "bob@example.com", on, reason)


def waiting(world: Production) -> list[Waiting]:
    with world.control.tx() as tx:
        return tx.waiting()


def planned(**changes: Any) -> Production:
    """A healthy world with this plan."""
    world = Production(msgspec.structs.replace(PLAN, **changes))
    world.rates = HEALTHY
    return world


def test_H12_a_freeze_holds_steps_and_promotions() -> None:
    """The share stays for as long as it lasts, and the reason is told; then the release goes on."""
    world = planned()
    world.start()
    world.seconds(5)
    switch(world, True, "the provider moves")
    world.seconds(100)
    assert world.release().step == 0
    release = world.release()
    with world.control.tx() as tx:
        progress = tx.progress(release.id)
    assert progress is not None
    assert progress.waiting.endswith("waits: bob@example.com has frozen all releases: the provider moves")
    switch(world, False)
    for _ in range(200):
        if world.second().state is State.WATCHING:
            break
    switch(world, True)
    world.seconds(60)
    assert world.release().state is State.WATCHING
    switch(world, False)
    world.until(State.PROMOTED, within_s=5)
    actions = [action for action, _ in world.audit()]
    assert actions.count("person:project:freeze") == 2
    assert verify_audit(world.control)[1] == []


def test_H12_the_end_of_a_freeze_starts_a_few_releases_in_a_round() -> None:
    """Each reads its live version's past, and the leader's beat waits meanwhile: the others start a round later."""
    world = planned()
    switch(world, True, "friday")
    for name in ("shop-2", "shop-3", "shop-4"):
        configure_app(world.control, START_US, PERSON, AppConfig(name=name, plan=PLAN))
        first, second = world.push("You are a shop.", name), world.push("You are a kind shop.", name)
        make_live(world.control, START_US, PERSON, name, first.name, "first")
        request_release(world.control, START_US, PERSON, world.ids, "salt", name, second.name, "", world.telemetry)
    switch(world, False)
    world.second()
    assert len(waiting(world)) == 3 - AT_ONCE
    world.second()
    assert waiting(world) == []


def test_H12_a_freeze_never_holds_a_rollback() -> None:
    """Harm takes the candidate back while all releases are frozen."""
    world = planned()
    world.rates = {Event.INVALID_FORMAT: rate(0.3, 0.1)}
    world.start()
    switch(world, True)
    world.until(State.ROLLED_BACK)


def test_H12_a_start_waits_for_the_end_of_a_freeze() -> None:
    """Asked for in the freeze, it starts by itself after it, for the person who asked, with the id it was given."""
    world = planned()
    switch(world, True, "friday")
    asked = ask(world)
    assert isinstance(asked, Waiting)
    assert "friday" in asked.why
    with pytest.raises(Conflict, match="frozen all releases"):
        world.start()
    for _ in range(5):
        world.clock.sleep(1)
        world.report()
        world.tick.once()
    assert waiting(world) == [asked]
    switch(world, False)
    release = world.second()
    assert (release.id, release.created_by, release.state) == (asked.id, PERSON, State.RUNNING)
    assert waiting(world) == []
    assert "tick:release:start" in [action for action, _ in world.audit()]


def test_turning_the_switch_to_where_it_is_changes_nothing() -> None:
    """No second entry, and who turned it first stays."""
    world = planned()
    switch(world, True, "one")
    switch(world, True, "two")
    with world.control.tx() as tx:
        found = tx.freeze()
    assert found is not None
    assert found.reason == "one"
    assert [action for action, _ in world.audit()].count("person:project:freeze") == 1


def test_H12_a_window_of_the_plan_holds_in_its_own_zone() -> None:
    """From Friday noon to midnight in Berlin: 24 November 2025 is a Monday, so the release goes on until Friday."""
    window = FreezeWindow(days="fri", hours="12:00-24:00", zone="Europe/Berlin", reason="weekend")
    world = planned(freeze=(window,))
    friday_noon_berlin_us = 1_764_327_600_000_000
    world.clock.wall_us = friday_noon_berlin_us - 1_000_000
    assert isinstance(ask(world), Release)
    world.seconds(60)
    assert world.release().step == 0
    world.clock.wall_us = friday_noon_berlin_us + 12 * 3600 * 1_000_000
    world.seconds(3)
    assert world.release().step == 1


@pytest.mark.parametrize(
    ("window", "where"),
    [
        (FreezeWindow(days="fry"), "plan.freeze[0].days"),
        (FreezeWindow(hours="8-9"), "plan.freeze[0].hours"),
        (FreezeWindow(first="20.12.2026"), "plan.freeze[0].first"),
        (FreezeWindow(first="2026-12-20", last="2026-12-19"), "plan.freeze[0].last"),
        (FreezeWindow(), "plan.freeze[0]"),
        (FreezeWindow(days="fri", zone="Europe/Nowhere"), "plan.freeze[0].zone"),
    ],
)
def test_a_window_that_cannot_be_is_refused(window: FreezeWindow, where: str) -> None:
    """Named with its place; one that never ends is no window."""
    with pytest.raises(InvalidInput) as refused:
        planned(freeze=(window,))
    assert refused.value.where == where


def test_H12_refuse_is_the_default_for_a_newer_candidate() -> None:
    """It is refused with the id of the active release."""
    world = planned()
    first = ask(world)
    with pytest.raises(Conflict, match=first.id):
        ask(world, world.push("You are another shop altogether.").name, "salt2")


def test_H12_a_queued_candidate_starts_when_the_release_has_ended() -> None:
    """One waits; a second is refused until it is taken out or started."""
    world = planned(when_active="queue")
    first = ask(world)
    newer = world.push("You are another shop altogether.").name
    asked = ask(world, newer, "salt2")
    assert isinstance(asked, Waiting)
    assert asked.why == f"release {first.id} has ended"
    with pytest.raises(Conflict, match="waits already"):
        ask(world, newer, "salt3")
    world.seconds(10)
    assert world.release().id == first.id
    world.until(State.PROMOTED)
    assert world.seconds(2).id == asked.id
    assert world.release().control == world.candidate.digest


def test_what_waits_can_be_taken_out() -> None:
    """On record; taking out nothing is refused."""
    world = planned(when_active="queue")
    ask(world)
    ask(world, world.push("You are another shop altogether.").name, "salt2")
    drop_request(world.control, 1, PERSON, "shop", "not needed")
    assert waiting(world) == []
    with pytest.raises(Conflict, match="no release of shop waits"):
        drop_request(world.control, 1, PERSON, "shop", "")
    assert [action for action, _ in world.audit()][-1] == "person:release:unqueue"


def test_H12_a_newer_candidate_supersedes_the_release() -> None:
    """The active one is aborted for it, confirmed, and the newer one begins; a third takes the waiting one's place."""
    world = planned(when_active="supersede")
    first = ask(world)
    world.seconds(5)
    second = ask(world, world.push("You are another shop altogether.").name, "salt2")
    third = ask(world, world.push("Answer like a pirate, and sell nothing.").name, "salt3")
    assert isinstance(second, Waiting)
    assert isinstance(third, Waiting)
    with world.control.tx() as tx:
        before = tx.release(first.id)
    assert before is not None
    assert before.state is State.ABORTING
    assert "superseded the release by" in before.reason
    world.seconds(3)
    assert world.release().id == third.id
    with world.control.tx() as tx:
        assert [release.id for release in tx.releases(Page(limit=5))[0]] == [third.id, first.id]


def test_what_cannot_start_any_more_is_taken_out_and_told() -> None:
    """The candidate became live meanwhile: people are told that it is not released, and the tick goes on."""
    world = planned(when_active="queue")
    ask(world)
    asked = ask(world, world.candidate.name, "salt2")
    assert isinstance(asked, Waiting)
    world.until(State.PROMOTED)
    world.seconds(2)
    assert waiting(world) == []
    with world.control.tx() as tx:
        told = next(n for n in tx.notices(Page(limit=20))[0] if n.release == asked.id and n.kind == "unqueue")
    assert "is live already" in told.body
