"""A release whose steps mean some users first, through the tick; every fourth user of this production is staff."""

from __future__ import annotations

import msgspec

from serinus.control.configure_app import configure_app
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.plan import Step
from serinus.core.pipeline.population import Population
from serinus.core.records.sums import ENROLLED
from serinus.core.release.table import State
from serinus.core.routing import snapshot
from serinus.core.routing.predicate import Condition
from tests.unit.control.production import PERSON, PLAN, START_US, Production

STAFF = Condition(name="staff", values=(True,))
STEPS = (
    Step(
        share=0.2,
        dwell_s=5,
        min_units=30,
        population=Population(when=STAFF, size=0.25, name="internal"),
        opted_in=("beta",),
    ),
    Step(share=0.5, dwell_s=5, min_units=30),
    Step(share=1.0, dwell_s=5),
)


def production() -> Production:
    """The usual one with these steps."""
    made = Production(None, calls_per_s=60)
    declare(made, ("ada",))
    return made


def declare(made: Production, beta: tuple[str, ...]) -> None:
    """Say who has opted in."""
    with made.control.tx() as tx:
        state = tx.app("shop")
    assert state is not None
    plan = msgspec.structs.replace(PLAN, stages=(), steps=STEPS)
    config: AppConfig = msgspec.structs.replace(
        state.config, plan=plan, attributes=("header",), opted_in={"beta": beta}
    )
    configure_app(made.control, START_US, PERSON, config)


def routed(made: Production) -> snapshot.Release:
    """The release as gateways see it."""
    release = made.routing().apps["shop"].release
    assert release is not None
    return release


def test_A1_the_snapshot_tells_whom_the_steps_so_far_mean() -> None:
    """Half of the staff first, since 20 % and 20 % of the traffic are more than their 25 % (H14); then everyone
    besides. Each step is a stratum with users of its own, and the release ends well."""
    made = production()
    release = made.start()
    assert routed(made).populations == (STAFF,)
    assert [point.share for point in routed(made).ramp] == [0.5]
    for _ in range(60):
        release = made.second() if release.step == 0 else release
    assert release.step == 1
    assert routed(made).populations == (STAFF, None)
    assert [point.share for point in routed(made).ramp] == [0.5, 0.5]
    made.until(State.PROMOTED)
    with made.telemetry.tx() as tx:
        units = {(k.stratum, k.arm): v.total for k, v in tx.sums(release.id) if k.metric == ENROLLED}
    units = {place: total for place, total in units.items() if place[0] >= 0}
    assert {stratum for stratum, _ in units} == {0, 1}
    assert min(units.values()) >= 30


def test_A1_who_opts_in_or_out_is_followed_at_once() -> None:
    """Lists are not frozen with the release; who is on none that a step so far names is not forced."""
    made = production()
    made.start()
    assert routed(made).forced == ("ada",)
    declare(made, ("eve", "zoe"))
    assert routed(made).forced == ("eve", "zoe")
    declare(made, ())
    assert routed(made).forced == ()
