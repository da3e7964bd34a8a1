"""Adding rollups of one identity, and merging them over what a question does not ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from serinus.core.records import event_parts, histogram
from serinus.core.records.sums import Rollup

RollupKey = tuple[str, int, int, str, str, int, int, str]
US_PER_HOUR = 3_600_000_000


def key_of(rollup: Rollup) -> RollupKey:
    """What a rollup belongs to: host, width, start, app, release, stratum, arm, version."""
    return (
        rollup.host,
        rollup.width_s,
        rollup.start_us,
        rollup.app,
        rollup.release,
        rollup.stratum,
        rollup.arm,
        rollup.version,
    )


def added(left: Rollup, right: Rollup) -> Rollup:
    """The sum of both under the key of `left`."""
    events = dict(left.events)
    for bit, count in right.events.items():
        events[bit] = events.get(bit, 0) + count
    return msgspec.structs.replace(
        left,
        requests=left.requests + right.requests,
        events=events,
        tokens_in=left.tokens_in + right.tokens_in,
        tokens_out=left.tokens_out + right.tokens_out,
        cost_nano=left.cost_nano + right.cost_nano,
        latency=histogram.merge_encoded(left.latency, right.latency),
        ttft=histogram.merge_encoded(left.ttft, right.ttft),
        streams=left.streams + right.streams,
        stream_tokens=left.stream_tokens + right.stream_tokens,
        stream_us=left.stream_us + right.stream_us,
        priced=left.priced + right.priced,
        event_parts=event_parts.merge_encoded(left.event_parts, right.event_parts),
    )


def merged(rollups: Iterable[Rollup]) -> list[Rollup]:
    """One rollup per key, in order of start and then of key."""
    found: dict[RollupKey, Rollup] = {}
    for rollup in rollups:
        key = key_of(rollup)
        found[key] = added(found[key], rollup) if key in found else rollup
    return sorted(found.values(), key=lambda rollup: (rollup.start_us, key_of(rollup)))


def of_release(rollups: Iterable[Rollup]) -> list[Rollup]:
    """Merged over hosts and versions, whose fields are left empty."""
    return merged(msgspec.structs.replace(rollup, host="", version="") for rollup in rollups)


def of_app(rollups: Iterable[Rollup]) -> list[Rollup]:
    """Merged over hosts, releases and strata (empty, and −1)."""
    return merged(msgspec.structs.replace(rollup, host="", release="", stratum=-1) for rollup in rollups)


def add_hour(
    hours: dict[int, tuple[int, dict[int, int]]], hour: int, calls: int, events: Mapping[int, int], times: int
) -> None:
    """Add calls to an hour, and `times` these events."""
    before, seen = hours.setdefault(hour, (0, {}))
    for bit, count in events.items():
        seen[bit] = seen.get(bit, 0) + count * times
    hours[hour] = before + calls, seen
