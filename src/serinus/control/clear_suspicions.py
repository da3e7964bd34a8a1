"""Let answered suspicions hold a release no more, when a person resumes it."""

from __future__ import annotations

import msgspec

from serinus.core.errors import Conflict
from serinus.core.records.suspicion import VIOLATION
from serinus.core.release.release import Release
from serinus.ports.control_store import ControlTx


def clear_suspicions(tx: ControlTx, now_us: int, release: Release) -> None:
    """Conflict while one of them waits for its answer: a person's who confirms or dismisses it, or the red team's."""
    held = tx.open_suspicions().get(release.id, ())
    waiting = [one for one in held if one.pending]
    if waiting:
        first = waiting[0]
        mend = (
            f"`serinus suspicions confirm {first.id}` or `dismiss`"
            if first.kind == VIOLATION
            else f"the red team's `serinus suspicions review {first.id}`"
        )
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        raise Conflict(f"suspicion {first.id}{more} waits for an answer: {first.words}", where="suspicion", mend=mend)
    for one in held:
        tx.put_suspicion(msgspec.structs.replace(one, cleared_at_us=now_us))
