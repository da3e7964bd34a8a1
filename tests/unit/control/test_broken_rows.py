"""Rows of one release that cannot be read, in SQLite: the tick goes on for the others; nobody serves it unjudged."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.stores import open_stores
from serinus.control.configure_app import configure_app
from serinus.control.deliver import Deliver
from serinus.control.make_live import make_live
from serinus.control.push_version import push_version
from serinus.control.resume_release import resume_release
from serinus.control.roll_back_release import roll_back_release
from serinus.control.start_release import start_release
from serinus.control.verify_audit import verify_audit
from serinus.core.errors import Conflict, FormatError
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.notifications import Notifications, Target
from serinus.core.pipeline.plan import Step
from serinus.core.records.record import Event
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.routing import snapshot
from serinus.core.versions.content import VersionContent
from serinus.ports.control_store import Page
from tests.unit.control.outbox_world import Targets
from tests.unit.control.production import PERSON, PLAN, START_US, Production, rate
from tests.unit.control.suspects import a_call, stored, suspect

QUICK = msgspec.structs.replace(
    PLAN,
    stages=(),
    steps=(Step(share=0.25, dwell_s=3, min_units=20), Step(share=0.5, dwell_s=3), Step(share=1.0, dwell_s=3)),
)


@pytest.fixture
def world(tmp_path: Path) -> Production:
    """A shop that releases, on SQLite."""
    stores = open_stores(f"sqlite:///{tmp_path}", now_us=SystemClock().now_us, random_bytes=system_random)
    made = Production(QUICK, calls_per_s=60, stores=stores)
    made.rates = {Event.ERROR: rate(0.01, 0.01)}
    return made


def neighbour(world: Production) -> Release:
    """A release of another app in the same project."""
    configure_app(world.control, START_US, PERSON, AppConfig(name="bakery", plan=PLAN))
    for text in ("You bake.", "You bake well."):
        content = VersionContent(endpoint="main", model="m", messages=(snapshot.Message(role="system", template=text),))
        pushed, _ = push_version(world.control, START_US, PERSON, "bakery", content)
        if text == "You bake.":
            make_live(world.control, START_US, PERSON, "bakery", pushed.name, "first")
    return start_release(world.control, START_US, PERSON, world.ids, "salt2", "bakery", pushed.name, "try")


def test_H4_a_suspicion_that_cannot_be_read_holds_its_release_and_no_other(world: Production, tmp_path: Path) -> None:
    """It never rolls back by itself, and the others go on; a person can still roll it back."""
    world.start()
    other = neighbour(world)
    world.seconds(2)
    id = suspect(world, a_call(world, release=_shop(world).id))
    world.second()
    resumed_at = _shop(world).seq
    spoil(tmp_path, "UPDATE suspicion SET document = ? WHERE id = ?", '{"kind": "of tomorrow"}', id)
    world.seconds(5)
    assert (_shop(world).state, _shop(world).seq) == (State.PAUSED, resumed_at)
    assert stored(world, id).category == "unreadable"
    with pytest.raises(Conflict, match="waits for an answer"):
        resume_release(world.control, world.clock.now_us(), PERSON, _shop(world).id, "go on")
    with world.control.tx() as tx:
        found = tx.release(other.id)
    assert found is not None
    assert found.state is not State.ROLLED_BACK
    roll_back_release(world.control, world.clock.now_us(), PERSON, _shop(world).id, "not knowing")
    world.second()
    assert _shop(world).state is State.ROLLED_BACK


def _shop(world: Production) -> Release:
    with world.control.tx() as tx:
        return tx.releases(Page(limit=1), "shop")[0][0]


def spoil(folder: Path, statement: str, *values: str) -> None:
    """Change what is stored behind the program's back."""
    with sqlite3.connect(folder / "control.db") as connection:
        assert connection.execute(statement, values).rowcount == 1


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param("substr(document, 1, 40)", id="torn"),
        pytest.param("""replace(document, '"share":0.05', '"share":0.7')""", id="plan-refused-now"),
        pytest.param("""replace(document, '"kind":"rollout"', '"kind":"of-tomorrow"')""", id="stage-of-a-newer"),
    ],
)
def test_H7_a_release_that_cannot_be_read_is_taken_back_and_others_go_on(
    world: Production, tmp_path: Path, spoilt: str
) -> None:
    """It ends as rolled back, loudly; its candidate is out of the snapshot, its app is free, the other is promoted."""
    broken = neighbour(world)
    assert world.routing().apps["bakery"].release is not None
    world.start()
    world.seconds(2)
    spoil(tmp_path, f"UPDATE release SET document = {spoilt} WHERE id = ?", broken.id)
    world.second()
    assert world.routing().apps["bakery"].release is None
    with world.control.tx() as tx:
        with pytest.raises(FormatError, match="stored release cannot be read"):
            tx.release(broken.id)
        assert [release.app for release in tx.active_releases()] == ["shop"]
        told = next(n for n in tx.notices(Page(limit=20))[0] if n.release == broken.id and n.kind == "roll_back")
    assert "cannot be judged" in told.body
    with world.control.tx() as tx:
        (incident,), _ = tx.incidents(Page(limit=9))
    assert (incident.release, incident.severity, incident.trigger.kind) == (broken.id, "high", "unreadable")
    for _ in range(30):
        world.second()
    with world.control.tx() as tx:
        shop = tx.app("shop")
        assert [release.state for release in tx.releases(Page(limit=5))[0]] == [State.PROMOTED]
    assert shop is not None
    assert shop.live == world.candidate.digest
    assert [action for action, _ in world.audit()].count("tick:release:roll_back") == 1
    assert verify_audit(world.control)[1] == []
    content = VersionContent(endpoint="main", model="m", messages=(snapshot.Message(role="system", template="Bread"),))
    pushed, _ = push_version(world.control, START_US, PERSON, "bakery", content)
    again = start_release(world.control, START_US, PERSON, world.ids, "salt3", "bakery", pushed.name, "again")
    assert world.second().id == again.id


def test_H7_progress_that_cannot_be_read_pauses_its_release_alone(world: Production, tmp_path: Path) -> None:
    """It pauses with the reason, its step is served again from its start, and a person can resume it."""
    broken = neighbour(world)
    world.start()
    world.seconds(2)
    spoil(tmp_path, "UPDATE release_progress SET document = '{' WHERE release_id = ?", broken.id)
    world.second()
    with world.control.tx() as tx:
        held, kept = tx.release(broken.id), tx.progress(broken.id)
    assert held is not None
    assert held.state is State.PAUSED
    assert "progress cannot be read" in held.reason
    assert kept is not None
    assert kept.dwell_ms == 0
    assert resume_release(world.control, START_US, PERSON, broken.id, "seen").state is State.RUNNING
    for _ in range(30):
        world.second()
    with world.control.tx() as tx:
        shop = tx.app("shop")
    assert shop is not None
    assert shop.live == world.candidate.digest


def test_H7_an_app_whose_plan_cannot_be_read_stops_nobody(world: Production, tmp_path: Path) -> None:
    """Snapshots are still published with that app in them; its next release needs a plan declared anew."""
    neighbour(world)
    world.start()
    spoil(
        tmp_path,
        """UPDATE app SET document = replace(document, '"share":0.05', '"share":0.7') WHERE name = ?""",
        "bakery",
    )
    for _ in range(30):
        world.second()
    with world.control.tx() as tx:
        shop, bakery = tx.app("shop"), tx.app("bakery")
    assert shop is not None
    assert shop.live == world.candidate.digest
    assert bakery is not None
    assert bakery.config.plan is None
    assert world.routing().apps["bakery"].release is not None


def test_H7_a_release_that_cannot_be_read_is_told_of_all_the_same(world: Production, tmp_path: Path) -> None:
    """Its notices reach their targets, and hold up no others."""
    channel = Notifications(release_channel=(Target(url_env="SLACK"),))
    broken = neighbour(world)
    configure_app(world.control, START_US, PERSON, AppConfig(name="bakery", plan=PLAN, notifications=channel))
    world.start()
    world.second()
    spoil(tmp_path, "UPDATE release SET document = substr(document, 1, 40) WHERE id = ?", broken.id)
    world.second()
    epoch = world.tick.epoch()
    assert epoch is not None
    targets = Targets()
    deliver = Deliver(world.control, targets, world.clock, lambda job: job(), "http://127.0.0.1:8701")
    for _ in range(9):
        world.clock.sleep(1)
        deliver.once(epoch)
    titles = targets.got("env:SLACK")
    assert any("Release rolling back" in title for title in titles)
    assert any("Incident opened" in title for title in titles)
