"""What was seen to change, and when, on the observer's own clock."""

from __future__ import annotations

import msgspec

from serinus.core.decision.sightings import see_arm, see_host
from serinus.core.fleet import HostStatus, InFlight

STATUS = HostStatus(host="h", beat=1, shipped_until_us=10)


def test_a_host_is_as_old_as_its_last_change() -> None:
    """A report counts when its beat changed, to whatever value; the shipped mark is followed on its own."""
    first = see_host(None, STATUS, 100)
    assert (first.beat_ns, first.shipped_ns) == (100, 100)
    same = see_host(first, STATUS, 200)
    assert (same.beat_ns, same.shipped_ns) == (100, 100)
    beaten = see_host(same, msgspec.structs.replace(STATUS, beat=2), 300)
    assert (beaten.beat_ns, beaten.shipped_ns) == (300, 100)
    restarted = see_host(beaten, msgspec.structs.replace(STATUS, beat=1, shipped_until_us=5), 400)
    assert (restarted.beat_ns, restarted.shipped_ns) == (400, 400)


def test_what_is_in_flight_is_added_up_by_release_and_arm() -> None:
    """Over strata, with the oldest of all; what the newest report does not name has ended."""
    flying = [
        InFlight(app="shop", release=release, stratum=stratum, arm=arm, count=count, oldest_ms=oldest_ms)
        for release, stratum, arm, count, oldest_ms in (
            ("r1", 0, 1, 2, 300),
            ("r1", 1, 1, 3, 900),
            ("r1", 0, 2, 1, 50),
            ("r2", 0, 1, 4, 10),
            ("r2", 1, 1, 0, 9_999),
        )
    ]
    first = see_host(None, msgspec.structs.replace(STATUS, in_flight=tuple(flying)), 100)
    assert first.flying == {("r1", 1): (5, 900), ("r1", 2): (1, 50), ("r2", 1): (4, 10)}
    later = see_host(first, msgspec.structs.replace(STATUS, beat=2, in_flight=tuple(flying[:1])), 200)
    assert later.flying == {("r1", 1): (2, 300)}


def test_an_arm_grows_by_counts_not_by_time() -> None:
    """New buckets and grown ones are answers; a window that only moves on is not."""
    first = see_arm(None, {10: 3, 11: 2}, 10, 100)
    assert not first.seen
    moved = see_arm(first, {11: 2}, 11, 200)
    assert (moved.grew_ns, moved.seen) == (100, False)
    grown = see_arm(moved, {11: 3}, 11, 300)
    assert (grown.grew_ns, grown.seen) == (300, True)
    assert see_arm(grown, {11: 3, 12: 1}, 11, 400).grew_ns == 400


def test_a_window_that_jumps_back_proves_nothing() -> None:
    """When the clock is set back an hour, the old buckets that come into view again are no new answers."""
    before = see_arm(see_arm(None, {5000: 3}, 4990, 100), {5000: 4}, 4990, 200)
    back = see_arm(before, {1400: 7, 1401: 7}, 1395, 300)
    assert back.grew_ns == 200
    assert see_arm(back, {1400: 7, 1401: 8}, 1395, 400).grew_ns == 400
