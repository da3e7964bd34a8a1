"""Check the whole audit chain."""

from __future__ import annotations

from serinus.core.audit.entry import Entry, Fault, faults
from serinus.ports.control_store import ControlStore

PAGE = 1000


def verify_audit(store: ControlStore) -> tuple[int, list[Fault]]:
    """How many entries were checked, and every edit, gap, reordering or altered evidence found (L1)."""
    checked = 0
    found: list[Fault] = []
    last: Entry | None = None
    while True:
        with store.tx() as tx:
            entries = tx.audit_entries(last.seq if last else 0, PAGE)
        if not entries or (last is not None and entries[-1].seq <= last.seq):
            return checked, found
        found += faults(entries, last)
        checked += len(entries)
        last = entries[-1]
