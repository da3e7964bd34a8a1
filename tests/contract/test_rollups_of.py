"""Every telemetry store tells what a limit weighs: by release, arm and bucket, whatever hosts and strata there were."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from serinus.core.records import histogram
from serinus.core.records.record import Event
from serinus.core.records.sums import ArmRollup, Rollup
from serinus.core.routing.assignment import Arm
from serinus.ports.telemetry_store import TelemetryStore

SECOND_US = 1_000_000
ERROR, REFUSAL = int(Event.ERROR), int(Event.REFUSAL)
CANDIDATE, CONTROL = int(Arm.CANDIDATE), int(Arm.CONTROL)


def second(number: int, **changes: object) -> Rollup:
    """A second of a release's candidate."""
    made = Rollup(
        host="host-1", app="shop", release="rel_1", stratum=0, arm=CANDIDATE, version="new",
        start_us=number * SECOND_US, width_s=1, requests=10, events={ERROR: 2}, tokens_in=5, cost_nano=2**62,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def added_up(
    rollups: Iterable[ArmRollup], *fields: str
) -> dict[tuple[int, int], tuple[int, dict[int, int], list[int]]]:
    """By second and arm: requests, events, and these fields."""
    found: dict[tuple[int, int], tuple[int, dict[int, int], list[int]]] = {}
    for one in rollups:
        requests, events, sums = found.get((one.start_us // SECOND_US, one.arm), (0, {}, [0] * len(fields)))
        total = {bit: events.get(bit, 0) + one.events.get(bit, 0) for bit in events | one.events}
        values = [value + getattr(one, name) for value, name in zip(sums, fields, strict=True)]
        found[one.start_us // SECOND_US, one.arm] = requests + one.requests, total, values
    return found


def test_J1_what_a_limit_weighs_adds_up_over_hosts_and_strata(telemetry_store: TelemetryStore) -> None:
    """Rows with the same events are not one row less, rows with others keep theirs, and no other release's, width's or
    time's are among them."""
    rows = [
        second(3),
        second(3, stratum=1),
        second(3, host="host-2", requests=7, events={ERROR: 1, REFUSAL: 4}),
        second(3, arm=CONTROL, requests=20, events={}),
        second(4, host="host-2", requests=1, events={}),
        second(4, release="rel_2", requests=100),
        second(2),
        second(5),
        second(3, width_s=60),
        second(3, release="rel_3"),
    ]
    with telemetry_store.tx() as tx:
        tx.add_rollups(rows)
    with telemetry_store.tx() as tx:
        found = tx.rollups_of({"rel_1", "rel_2", "none"}, 1, 3 * SECOND_US, 5 * SECOND_US, ())
        assert tx.rollups_of((), 1, 0, 9 * SECOND_US, ()) == {}
    assert set(found) == {"rel_1", "rel_2", "none"}
    assert added_up(found["rel_1"]) == {
        (3, CANDIDATE): (27, {ERROR: 5, REFUSAL: 4}, []),
        (3, CONTROL): (20, {}, []),
        (4, CANDIDATE): (1, {}, []),
    }
    assert added_up(found["rel_2"]) == {(4, CANDIDATE): (100, {ERROR: 2}, [])}
    assert found["none"] == []


def test_J1_fields_that_are_asked_for_add_up_too(telemetry_store: TelemetryStore) -> None:
    """As integers, on every database, and no field that was not asked for."""
    rows = [second(3, cost_nano=2**61), second(3, stratum=1, cost_nano=2**61), second(3, stratum=2, events={})]
    with telemetry_store.tx() as tx:
        tx.add_rollups([msgspec.structs.replace(one, cost_nano=one.cost_nano // 2) for one in rows])
    with telemetry_store.tx() as tx:
        found = tx.rollups_of({"rel_1"}, 1, 0, 9 * SECOND_US, {"tokens_in", "cost_nano"})["rel_1"]
    assert added_up(found, "tokens_in", "cost_nano") == {(3, CANDIDATE): (30, {ERROR: 4}, [15, 2**62])}
    assert {type(one.cost_nano) for one in found} == {int}
    assert {one.tokens_out for one in found} == {0}


def test_J1_histograms_come_one_by_one_with_their_calls(telemetry_store: TelemetryStore) -> None:
    """None is lost to another that is as long."""
    slow, fast = (histogram.of([us]).encode() for us in (900_000, 20_000))
    rows = [second(3, latency=slow), second(3, stratum=1, latency=slow), second(3, stratum=2, latency=fast)]
    with telemetry_store.tx() as tx:
        tx.add_rollups(rows)
    with telemetry_store.tx() as tx:
        found = tx.rollups_of({"rel_1"}, 1, 0, 9 * SECOND_US, {"latency"})["rel_1"]
    assert sorted(one.latency for one in found) == sorted([slow, slow, fast])
    assert added_up(found) == {(3, CANDIDATE): (30, {ERROR: 6}, [])}
