"""A release starts only when all is declared that it will need."""

from __future__ import annotations

import msgspec
import pytest

from serinus.control.abort_release import abort_release
from serinus.control.clear_override import clear_override
from serinus.control.set_override import set_override
from serinus.control.start_release import start_release
from serinus.core.errors import Conflict, InvalidInput, NotFound
from serinus.core.pipeline.plan import Guardrail, Limit, Step
from serinus.core.release.table import State
from tests.unit.control.production import PERSON, PLAN, Production


def test_H1_started_release_serves_its_first_step() -> None:
    """A started release stands on its first step, and the snapshot of the same moment serves it."""
    world = Production()
    release = world.start()
    routing = world.routing()
    served = routing.apps["shop"].release
    assert served is not None
    assert (release.state, release.step, release.seq) == (State.RUNNING, 0, 1)
    assert [(p.revision, p.step, p.share) for p in served.ramp] == [(routing.revision, 0, 0.05)]
    assert (served.candidate, served.control) == (world.candidate.digest, world.baseline.digest)
    assert {served.candidate, served.control} <= set(routing.versions)
    assert served.lease_s == PLAN.lease_s


def test_A6_release_without_a_plan_is_refused() -> None:
    """No plan: the refusal names what is missing and shows the lines to write."""
    world = Production(plan=None)
    with pytest.raises(InvalidInput) as refused:
        world.start()
    assert "owner" in str(refused.value)
    assert "steps:" in refused.value.mend


def test_A4_release_without_owner_is_refused() -> None:
    """A plan without an owner cannot even be made."""
    with pytest.raises(InvalidInput, match="owner"):
        msgspec.structs.replace(PLAN, owner="")


@pytest.mark.parametrize(
    "rails",
    [(), (Guardrail(metric="call.error", role="info"),), (Guardrail(metric="call.error", dry_run=True),)],
)
def test_A3_release_without_rollback_triggers_is_refused(rails: tuple[Guardrail, ...]) -> None:
    """A plan that would never take the candidate back, since it names nothing or only looks on, is refused."""
    world = Production(msgspec.structs.replace(PLAN, guardrails=rails, limits=()))
    with pytest.raises(InvalidInput, match="take the candidate back"):
        world.start()


@pytest.mark.parametrize(
    ("limits", "lack"),
    [
        ((), "no absolute limit"),
        ((Limit(metric="call.error", above=0.1, action="pause"),), "every limit .* only pauses"),
    ],
)
def test_A3_release_that_nothing_takes_back_at_100_percent_is_refused(limits: tuple[Limit, ...], lack: str) -> None:
    """In the watch nobody is left to compare with: without a limit that rolls back, a start is refused with one."""
    world = Production(msgspec.structs.replace(PLAN, limits=limits))
    with pytest.raises(InvalidInput, match=lack) as refused:
        world.start()
    assert refused.value.where == "app.plan.limits"
    assert "above: 0.025" in refused.value.mend


def test_A7_all_at_once_is_refused() -> None:
    """A plan whose first step is 100 % is refused."""
    world = Production(msgspec.structs.replace(PLAN, stages=(), steps=(Step(share=1.0, dwell_s=60),)))
    with pytest.raises(InvalidInput, match="all users at once"):
        world.start()


def test_candidate_that_is_live_is_refused() -> None:
    """The live version cannot replace itself."""
    world = Production()
    with pytest.raises(Conflict, match="live already"):
        start_release(world.control, 1, PERSON, world.ids, "s", "shop", world.baseline.name, "")


def test_H6_second_release_is_refused_and_the_first_named() -> None:
    """One release per app at a time; when it has ended the next may start."""
    world = Production()
    first = world.start()
    with pytest.raises(Conflict, match=first.id):
        world.start()
    abort_release(world.control, world.clock.now_us(), PERSON, first.id, "")
    with pytest.raises(Conflict, match=first.id):
        world.start()
    world.seconds(3)
    assert world.start().id != first.id


def test_override_refuses_a_start() -> None:
    """Nothing is released under a pin."""
    world = Production()
    set_override(world.control, 1, PERSON, "shop", world.baseline.name, "incident")
    with pytest.raises(Conflict, match="override"):
        world.start()
    clear_override(world.control, 1, PERSON, "shop", "over")
    assert world.start().state is State.RUNNING


@pytest.mark.parametrize(("app", "version"), [("nowhere", "x"), ("shop", "shop-2020-W01-1")])
def test_unknown_names_are_refused(app: str, version: str) -> None:
    """Unknown apps and versions are not found, and the refusal says what to do."""
    world = Production()
    with pytest.raises(NotFound) as refused:
        start_release(world.control, 1, PERSON, world.ids, "s", app, version, "")
    assert refused.value.mend


def test_version_of_an_unknown_endpoint_is_refused() -> None:
    """What could not be served is not released."""
    world = Production()
    with world.control.tx() as tx:
        content = world.candidate.content.replace(b'"main"', b'"elsewhere"')
        tx.insert_version(msgspec.structs.replace(world.candidate, digest="d" * 64, name="v9", content=content))
    with pytest.raises(Conflict, match="elsewhere"):
        start_release(world.control, 1, PERSON, world.ids, "s", "shop", "v9", "")


def test_a_running_release_keeps_the_plan_it_began_with() -> None:
    """A plan changed during a release is for the next one."""
    world = Production()
    world.start()
    world.configure(plan=msgspec.structs.replace(PLAN, alpha=0.5))
    assert world.release().plan.alpha == PLAN.alpha
