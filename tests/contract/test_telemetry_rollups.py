"""Every telemetry store merges rollups alike."""

from __future__ import annotations

import msgspec

from serinus.core.records import histogram
from serinus.core.records.sums import Rollup
from serinus.ports.telemetry_store import TelemetryStore
from tests.contract.values import a_rollup

SECOND_US = 1_000_000


def times(rollup: Rollup, factor: int) -> Rollup:
    """The counts of this many equal rollups without histograms."""
    return msgspec.structs.replace(
        rollup,
        requests=rollup.requests * factor,
        events={bit: count * factor for bit, count in rollup.events.items()},
        tokens_in=rollup.tokens_in * factor,
        tokens_out=rollup.tokens_out * factor,
        cost_nano=rollup.cost_nano * factor,
        streams=rollup.streams * factor,
        stream_tokens=rollup.stream_tokens * factor,
        stream_us=rollup.stream_us * factor,
    )


def merged_away(rollup: Rollup, **emptied: str | int) -> Rollup:
    """As a listing shows it."""
    return msgspec.structs.replace(rollup, host="", **emptied)


def test_counts_and_histograms_add_up(telemetry_store: TelemetryStore) -> None:
    """The same (host, identity, bucket) grows: counts, event bits that were not there before, histograms."""
    first = a_rollup(latency=histogram.of([10, 20]).encode(), ttft=b"")
    second = a_rollup(
        requests=1, events={1: 1, 32: 1}, latency=histogram.of([30]).encode(), ttft=histogram.of([5]).encode()
    )
    with telemetry_store.tx() as tx:
        tx.add_rollups([])
        tx.add_rollups([first, second])
    with telemetry_store.tx() as tx:
        tx.add_rollups([second])
        (found,) = tx.rollups("rel_1", 1, 0, SECOND_US)
    assert (found.requests, found.events) == (5, {1: 4, 8: 1, 32: 2})
    assert found.latency == histogram.of([10, 20, 30, 30]).encode()
    assert found.ttft == histogram.of([5, 5]).encode()
    assert (found.tokens_in, found.tokens_out, found.cost_nano) == (30, 60, 90)
    assert (found.streams, found.stream_tokens, found.stream_us) == (6, 54, 2700)


def test_a_release_is_merged_over_hosts_and_versions(telemetry_store: TelemetryStore) -> None:
    """rollups() leaves host and version empty, keeps arms and strata apart, and goes by start."""
    with telemetry_store.tx() as tx:
        tx.add_rollups([a_rollup(host, start_us=SECOND_US, version=v) for host in ("h1", "h2") for v in ("v1", "v2")])
        tx.add_rollups([a_rollup(arm=2, start_us=SECOND_US), a_rollup(stratum=1, start_us=SECOND_US), a_rollup()])
        tx.add_rollups([a_rollup(release="rel_2"), a_rollup(width_s=60)])
        found = tx.rollups("rel_1", 1, 0, 2 * SECOND_US)
    base = merged_away(a_rollup(start_us=SECOND_US), version="")
    assert found == [
        merged_away(a_rollup(), version=""),
        times(base, 4),
        msgspec.structs.replace(base, arm=2),
        msgspec.structs.replace(base, stratum=1),
    ]


def test_an_app_is_merged_over_hosts_releases_and_strata(telemetry_store: TelemetryStore) -> None:
    """app_rollups() holds all traffic of an app by arm and version."""
    with telemetry_store.tx() as tx:
        tx.add_rollups([a_rollup(host, release=r) for host in ("h1", "h2") for r in ("rel_1", "rel_2", "")])
        tx.add_rollups([a_rollup(stratum=1), a_rollup(version="v2"), a_rollup(app="zoo")])
        found = tx.app_rollups("shop", 1, 0, 1)
    base = merged_away(a_rollup(), release="", stratum=-1)
    assert found == [times(base, 7), msgspec.structs.replace(base, version="v2")]


def test_buckets_are_half_open(telemetry_store: TelemetryStore) -> None:
    """from ≤ start < to."""
    with telemetry_store.tx() as tx:
        tx.add_rollups([a_rollup(start_us=i * SECOND_US) for i in range(5)])
        found = tx.rollups("rel_1", 1, SECOND_US, 3 * SECOND_US)
        assert tx.rollups("rel_1", 1, 5, 5) == []
    assert [rollup.start_us for rollup in found] == [SECOND_US, 2 * SECOND_US]


def test_expired_buckets_of_a_width_are_deleted(telemetry_store: TelemetryStore) -> None:
    """prune_rollups leaves other widths and later buckets."""
    with telemetry_store.tx() as tx:
        tx.add_rollups([a_rollup(start_us=i * SECOND_US, width_s=w) for i in range(4) for w in (1, 60)])
    with telemetry_store.tx() as tx:
        assert tx.prune_rollups(1, 2 * SECOND_US) == 2
        assert tx.prune_rollups(1, 2 * SECOND_US) == 0
    with telemetry_store.tx() as tx:
        assert len(tx.rollups("rel_1", 1, 0, 10 * SECOND_US)) == 2
        assert len(tx.rollups("rel_1", 60, 0, 10 * SECOND_US)) == 4
