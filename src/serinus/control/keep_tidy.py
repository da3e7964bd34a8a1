"""Keep the telemetry store tidy: drop hosts that are gone, time buckets past their age, and whose labels nobody awaits
any more."""

from __future__ import annotations

from collections.abc import Collection

from serinus.control.observe import Hosts
from serinus.core.records.score_sums import WIDTH_S
from serinus.ports.telemetry_store import TelemetryStore

GONE_S = 600.0
"""A host silent for so long is taken off the list; when it reports again it is back."""
KEPT_S = {1: 2 * 86_400, 60: 60 * 86_400}
"""How long time buckets are kept, by width in seconds."""
NOTES_KEPT_S = max(KEPT_S.values())
"""How long it is known which events were reported: as long as there is a bucket in which they could count twice."""
LABELS_KEPT_S = 86_400
"""How long it is kept whose labels an ended release awaited: longer than any host goes on shipping for it."""
MOST_LABELS = 20_000
"""Of them are dropped at once: the tick waits meanwhile."""


def keep_tidy(telemetry: TelemetryStore, hosts: Hosts, active: Collection[str], now_us: int, now_ns: int) -> None:
    """Drop what nobody asks for any more. `hosts` says, on the caller's monotonic clock, who is silent; `active` are
    the ids of all releases that are."""
    gone = [name for name, host in hosts.items() if now_ns - host.beat_ns > GONE_S * 1e9]
    with telemetry.tx() as tx:
        for name in gone:
            tx.drop_host(name)
        for width_s, kept_s in KEPT_S.items():
            tx.prune_rollups(width_s, now_us - kept_s * 1_000_000)
        tx.prune_score_sums(now_us - KEPT_S[WIDTH_S] * 1_000_000)
        tx.forget_notes(now_us - NOTES_KEPT_S * 1_000_000)
        tx.forget_labels(active, now_us - LABELS_KEPT_S * 1_000_000, MOST_LABELS)
