"""Note that nobody answered suspicions in time."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from serinus.ports.control_store import ControlTx


def expire_suspicions(tx: ControlTx, now_us: int, ids: Iterable[str]) -> None:
    """Silence decided them, together with the rollback that this transaction makes."""
    for id in ids:
        if (one := tx.suspicion(id)) is not None:
            tx.put_suspicion(msgspec.structs.replace(one, expired_at_us=now_us))
