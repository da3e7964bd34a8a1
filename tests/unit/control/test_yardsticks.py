"""The control's own quantiles: of its history at a start, else of its first calls; and sums that cannot be judged."""

from __future__ import annotations

import msgspec
from structlog.testing import capture_logs

from serinus.control.configure_endpoint import configure_endpoint
from serinus.control.start_release import start_release
from serinus.core.pipeline.plan import Guardrail
from serinus.core.records import histogram
from serinus.core.records.sums import Rollup, Sum, SumKey
from serinus.core.records.unit_measures import UnitKey, UnitSum
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from serinus.core.routing.price import Price
from serinus.core.routing.snapshot import Endpoint
from tests.unit.control.production import HOST, PERSON, PLAN, Production
from tests.unit.control.strict import hold_to_transactions

P95 = Guardrail(metric="latency.p95", max_ratio=1.1)
MEASURED = msgspec.structs.replace(PLAN, guardrails=(P95,))
LATENCIES_US = [1000 * (n % 100 + 1) for n in range(500)]


def _calls(world: Production, arm: Arm, release: str = "", version: str = "") -> None:
    """A minute of answered calls, the slowest 5 of 100 above 95 ms."""
    minute_us = world.clock.now_us() // 60_000_000 * 60_000_000
    rollup = Rollup(
        host=HOST,
        app="shop",
        release=release,
        stratum=0 if release else -1,
        arm=arm,
        version=version,
        start_us=minute_us,
        width_s=60,
        requests=len(LATENCIES_US),
        events={},
        latency=histogram.of(LATENCIES_US).encode(),
    )
    with world.telemetry.tx() as tx:
        tx.add_rollups([rollup])


def _start(world: Production) -> Release:
    return start_release(
        world.control,
        world.clock.now_us(),
        PERSON,
        world.ids,
        "salt",
        "shop",
        world.candidate.name,
        "try",
        world.telemetry,
    )


def test_a_release_begins_with_the_quantiles_of_its_controls_history() -> None:
    """The live version's calls of the last day tell them, others' do not; hosts get both thresholds at the start."""
    world = Production(MEASURED)
    _calls(world, Arm.REST, version=world.baseline.digest)
    _calls(world, Arm.REST, version=world.candidate.digest)
    world.clock.sleep(120)
    (known,) = _start(world).yardsticks
    assert (known.metric, known.values, known.source) == ("latency.p95", 500, "history")
    assert 95_000 <= known.at_us <= 95_000 * 1.021
    release = world.routing().apps["shop"].release
    assert release is not None
    (measured,) = release.measures
    assert (measured.control, measured.candidate) == (known.at_us, round(known.at_us * 1.1))


def test_without_history_the_controls_first_calls_are_learned_from_once() -> None:
    """Until then nothing is judged; then they are frozen, on the audit trail and in the snapshot, and stay."""
    world = Production(MEASURED)
    assert _start(world).yardsticks == ()
    assert world.seconds(3).yardsticks == ()
    _calls(world, Arm.CANDIDATE, world.release().id)
    assert world.seconds(7).yardsticks == ()
    _calls(world, Arm.CONTROL, world.release().id)
    (known,) = world.seconds(7).yardsticks
    assert (known.source, known.values) == ("first control units", 500)
    _calls(world, Arm.CONTROL, world.release().id)
    assert world.seconds(7).yardsticks == (known,)
    assert world.actions().count("calibrate") == 1
    release = world.routing().apps["shop"].release
    assert release is not None
    assert release.measures[0].control == known.at_us


def test_what_is_learned_from_is_read_together_with_all_else() -> None:
    """In the transaction of the round: else none of its releases would be, and each would cost one of its own."""
    world = Production(MEASURED)
    _start(world)
    world.seconds(3)
    _calls(world, Arm.CONTROL, world.release().id)
    hold_to_transactions(world.telemetry)
    with capture_logs() as lines:
        assert [one.values for one in world.seconds(7).yardsticks] == [500]
    assert [one for one in lines if one["log_level"] in ("warning", "error")] == []


def test_sums_that_cannot_be_judged_pause_their_release() -> None:
    """Negative sums of cost, as no calls have: a pause with the reason, not a crash of the tick and not a pass."""
    rail = Guardrail(metric="cost.per_call", max_ratio=1.15, design_ratio=1.6)
    world = Production(msgspec.structs.replace(PLAN, guardrails=(rail,)))
    priced = Endpoint(name="main", base_url="http://127.0.0.1:9", prices={"m": Price(input=150, output=600)})
    configure_endpoint(world.control, world.clock.now_us(), PERSON, priced)
    id = _start(world).id
    with world.telemetry.tx() as tx:
        for arm in (Arm.CANDIDATE, Arm.CONTROL):
            tx.add_sums([(SumKey(id, 0, "cost.per_call", arm), Sum(total=500))])
            tx.add_unit_sums({UnitKey(id, 0, "cost.per_call", arm, n): UnitSum(-2, 100) for n in range(200)})
    release = world.until(State.PAUSED, within_s=10)
    assert "could not be judged" in release.reason
    assert release.hold is not None
