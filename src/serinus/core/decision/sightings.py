"""When things were last seen to change, on the observer's own monotonic clock: wall clocks may step, these do not.

A sighting is a value; folding a new look into it gives the next one. They are memory of one process, never stored:
after a restart everything is first seen then.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from serinus.core.fleet import HostStatus


class HostSight(msgspec.Struct, frozen=True, kw_only=True):
    """A host's newest report, and when its beat and its shipped mark last changed (ns, monotonic). `flying`: by release
    and arm, how many calls of the report have begun and not ended, and the age of the oldest in ms."""

    status: HostStatus
    beat_ns: int
    shipped_ns: int
    flying: Mapping[tuple[str, int], tuple[int, int]] = {}


class ArmSight(msgspec.Struct, frozen=True, kw_only=True):
    """Answered calls per second-bucket from `from_us` on, and when any of them last grew, or the look at the arm began
    (anew); `seen`: any grew since then."""

    buckets: dict[int, int]
    from_us: int
    grew_ns: int
    seen: bool = False


def see_host(before: HostSight | None, status: HostStatus, now_ns: int) -> HostSight:
    """Fold a report in. A first sight counts as a change: nothing older is known."""
    flying = _flying(status)
    if before is None:
        return HostSight(status=status, beat_ns=now_ns, shipped_ns=now_ns, flying=flying)
    moved = status.beat != before.status.beat
    shipped = status.shipped_until_us != before.status.shipped_until_us
    return HostSight(
        status=status,
        beat_ns=now_ns if moved else before.beat_ns,
        shipped_ns=now_ns if shipped else before.shipped_ns,
        flying=flying,
    )


def see_arm(
    before: ArmSight | None, buckets: Mapping[int, int], from_us: int, now_ns: int, anew: bool = False
) -> ArmSight:
    """Fold a window of counts in. A count that was not in the last window for being older proves nothing new. `anew`:
    answers are awaited from this look on, and what was seen before it says nothing."""
    counts = dict(buckets)
    if before is None or anew:
        return ArmSight(buckets=counts, from_us=from_us, grew_ns=now_ns)
    grew = any(n > before.buckets.get(start, 0) for start, n in counts.items() if start >= before.from_us)
    return ArmSight(
        buckets=counts,
        from_us=from_us,
        grew_ns=now_ns if grew else before.grew_ns,
        seen=before.seen or grew,
    )


def _flying(status: HostStatus) -> dict[tuple[str, int], tuple[int, int]]:
    """Added up once: a round asks for each of its releases."""
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for one in status.in_flight:
        if one.count:
            count, oldest_ms = found.get((one.release, one.arm), (0, 0))
            found[one.release, one.arm] = count + one.count, max(oldest_ms, one.oldest_ms)
    return found
