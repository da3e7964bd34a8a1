"""Export the audit chain as JSON lines that another program can check."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from serinus.control.verify_audit import PAGE
from serinus.ports.control_store import ControlStore


def export_audit(store: ControlStore, after_seq: int = 0) -> Iterator[bytes]:
    """One line per entry after `after_seq`, in order: all fields of the entry, evidence included."""
    while True:
        with store.tx() as tx:
            entries = tx.audit_entries(after_seq, PAGE)
        if not entries:
            return
        for entry in entries:
            yield msgspec.json.encode(entry) + b"\n"
        after_seq = entries[-1].seq
