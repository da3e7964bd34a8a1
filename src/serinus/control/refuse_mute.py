"""Refuse to begin a first release on hosts that cannot say its message."""

from __future__ import annotations

from collections.abc import Sequence

from serinus.core.errors import Conflict
from serinus.core.fleet import is_mute, mute_sentence
from serinus.core.pipeline.plan import Plan
from serinus.ports.telemetry_store import TelemetryStore

FRESH_US = 60_000_000
"""A host that shipped nothing for so long is on its way off the list, and serves nobody a candidate."""


def mute_hosts(telemetry: TelemetryStore | None, now_us: int) -> tuple[str, ...]:
    """The hosts with workers of a Serinus that knows no first release, in order of name."""
    if telemetry is None:
        return ()
    with telemetry.tx() as tx:
        hosts = tx.hosts()
    return tuple(sorted(one.host for one in hosts if is_mute(one) and now_us - one.shipped_until_us < FRESH_US))


def refuse_mute(app: str, plan: Plan, hosts: Sequence[str]) -> None:
    """Conflict that names the first of these hosts, for a first release (H13): callers there would get 503 instead of
    the message, and nothing of it would be on record. Other releases need no such thing."""
    if plan.first and hosts:
        raise Conflict(mute_sentence(hosts[0], (app,)), where="hosts", mend="`serinus hosts` shows each")
