"""Delete spool segments that nobody needs any more, and all that a dead worker left.

A segment goes when its sums are in the store, its calls in the event log, its writer has left it, and no call that is
still open began or got its first byte in it (a restart reads those again).
"""

from __future__ import annotations

from serinus.agent.log_calls import CallLog
from serinus.agent.trail import Trail, judged_id, spool_id, told_id
from serinus.ports.host import Host


def reap_segments(host: Host, log: CallLog, trail: Trail) -> list[str]:
    """Delete what a living worker's trail has left behind; the ids of the segments deleted."""
    if not trail.done:
        return []
    needed = {call.spool for call in trail.open.values()} | {call.first_spool for call in trail.open.values()}
    gone = []
    for number in sorted(trail.done):
        spool = spool_id(trail.instance, number)
        if spool in needed or log.lacks(spool):
            continue
        log.gather(spool)
        host.remove_segment(trail.instance, number)
        trail.done.discard(number)
        gone.append(spool)
    return gone


def reap_worker(host: Host, log: CallLog, trail: Trail) -> list[str]:
    """Settle a dead worker whose spool is wholly shipped: log the calls it left open, and delete its files. Returns
    the offset ids that have no meaning any more."""
    log.flush()
    log.close(spool_id(trail.instance, trail.number), trail.offset, trail.open.values())
    spools = [spool_id(trail.instance, segment.number) for segment in host.segments(trail.instance)]
    for spool in spools:
        log.gather(spool)
    host.remove_worker(trail.instance)
    return [*spools, judged_id(trail.instance), told_id(trail.instance)]
