"""Every telemetry store tells what one version of each app served its users, minute by minute."""

from __future__ import annotations

import msgspec

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
