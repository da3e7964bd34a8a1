"""Every telemetry store tells what one version of each app served its users, minute by minute."""

from __future__ import annotations

import msgspec

from serinus.core.records.event_parts import counts, encode
from serinus.core.records.record import Event
from serinus.core.records.sums import Rollup
from serinus.core.routing.assignment import Arm
from serinus.ports.telemetry_store import TelemetryStore

MINUTE_US = 60_000_000
ERROR = int(Event.ERROR)


def minute(number: int, **changes: object) -> Rollup:
    """A minute of the shop's live version."""
    made = Rollup(
        host="host-1", app="shop", release="", stratum=-1, arm=int(Arm.REST), version="live",
        start_us=number * MINUTE_US, width_s=60, requests=10, events={ERROR: 1}, latency=b"", tokens_in=5,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def test_2_7_minutes_of_each_apps_own_version_in_order(telemetry_store: TelemetryStore) -> None:
    """Of all hosts, arms and releases that served users, and no others: not mirrored, of another app's version, of
    another width or time."""
    wanted = [minute(3), minute(4, arm=int(Arm.CONTROL), release="rel_1", stratum=0), minute(5, host="host-2")]
    others = [
        minute(3, arm=int(Arm.SHADOW)),
        minute(3, version="other"),
        minute(3, app="till", version="live"),
        minute(3, width_s=1),
        minute(2),
        minute(6),
    ]
    till = minute(4, app="till", version="other", requests=7, events={})
    with telemetry_store.tx() as tx:
        tx.add_rollups([*reversed(wanted), *others, till])
    with telemetry_store.tx() as tx:
        found = tx.served_by(
            {"shop": "live", "till": "other", "none": "x"}, 3 * MINUTE_US, 6 * MINUTE_US, {"tokens_in"}
        )
        assert tx.served_by({}, 0, 9 * MINUTE_US, ()) == {}
    assert [(one.start_us // MINUTE_US, one.arm, one.release) for one in found["shop"]] == [
        (3, Arm.REST, ""),
        (4, Arm.CONTROL, "rel_1"),
        (5, Arm.REST, ""),
    ]
    assert [(one.requests, one.events, one.tokens_in) for one in found["shop"]] == [(10, {ERROR: 1}, 5)] * 3
    assert [(one.requests, one.events) for one in found["till"]] == [(7, {})]
    assert found["none"] == []


def test_2_7_which_part_of_units_failed_adds_up_and_an_earlier_agents_rows_tell_none(
    telemetry_store: TelemetryStore,
) -> None:
    """Batches of a minute are merged in the store, and come back as they were written."""
    with telemetry_store.tx() as tx:
        tx.add_rollups([minute(3, event_parts=encode({ERROR: {4: 1}})), minute(4)])
    with telemetry_store.tx() as tx:
        tx.add_rollups([minute(3, event_parts=encode({ERROR: {4: 2, 5: 1}}))])
    with telemetry_store.tx() as tx:
        found = tx.served_by({"shop": "live"}, 0, 9 * MINUTE_US, {"event_parts"})["shop"]
    assert [counts([one.event_parts], ERROR)[3:6] for one in found] == [(0, 3, 1), ()]


def test_2_7_hours_of_a_version_add_up_with_their_events(telemetry_store: TelemetryStore) -> None:
    """By clock hour, over hosts, arms and releases that served users; minutes with equal events are not lost."""
    hour = 500_000
    first = hour * 60
    rows = [minute(first + n, host=host) for n in range(3) for host in ("host-1", "host-2")]
    rows += [minute(first + 59, requests=7, events={ERROR: 2, int(Event.REFUSAL): 1})]
    rows += [minute(first + 60, events={}), minute(first - 1), minute(first + 120)]
    rows += [minute(first, release="rel_1", stratum=0, events={})]
    rows += [minute(first, requests=20, release="rel_2", stratum=1, events={ERROR: 3})]
    others = [minute(first, arm=int(Arm.SHADOW)), minute(first, version="other"), minute(first, app="till")]
    with telemetry_store.tx() as tx:
        tx.add_rollups([*rows, *others, minute(first, width_s=1)])
    with telemetry_store.tx() as tx:
        found = tx.hours_of("shop", "live", hour * 60 * MINUTE_US, (hour + 2) * 60 * MINUTE_US)
        assert tx.hours_of("shop", "none", 0, 10**18) == {}
        apart = {("rel_1", 0), ("rel_2", 1)}
        without = tx.hours_of("shop", "live", hour * 60 * MINUTE_US, (hour + 2) * 60 * MINUTE_US, apart)
    assert without == {hour: (67, {ERROR: 8, int(Event.REFUSAL): 1}), hour + 1: (10, {})}
    assert found == {hour: (97, {ERROR: 11, int(Event.REFUSAL): 1}), hour + 1: (10, {})}
