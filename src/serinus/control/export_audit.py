"""Export the audit chain as JSON lines that another program can check."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from serinus.control.verify_audit import PAGE
from serinus.ports.control_store import ControlStore


def export_audit(store: ControlStore, after_seq: int = 0, subject: str = "") -> Iterator[bytes]:
    """One line per entry after `after_seq`, in order: all fields of the entry, evidence included. With `subject` only
    what was done to it: such a part of the chain cannot be checked for what is missing between its entries."""
    while True:
        with store.tx() as tx:
            entries = tx.audit_entries(after_seq, PAGE)
        if not entries:
            return
        for entry in entries:
            if not subject or entry.subject == subject:
                yield msgspec.json.encode(entry) + b"\n"
        after_seq = entries[-1].seq
