"""A call of a release on the console that somebody suspects."""

from __future__ import annotations

from serinus.control.raise_suspicion import raise_suspicion
from serinus.core.ids import id_bytes
from serinus.core.records import call_id
from serinus.core.records.suspicion import VIOLATION, Kind
from serinus.core.release.suspicion import Suspicion
from serinus.core.routing.assignment import Arm

from .conftest import Console


def a_call(console: Console, release: str, number: int = 1) -> str:
    """A call of the release's candidate."""
    with console.control.tx() as tx:
        key = bytes.fromhex(tx.secrets().mac_key)
    raw = call_id.make(key, b"bot", 9, number.to_bytes(5, "big"), id_bytes(release), Arm.CANDIDATE, 0, bytes(8))
    return call_id.text(raw)


def suspect_call(
    console: Console, release: str, number: int = 1, kind: Kind = VIOLATION, reason: str = ""
) -> Suspicion:
    """A suspicion that a person has about one."""
    call = a_call(console, release, number)
    return raise_suspicion(console.control, console.clock.now_us(), "jon (33333333)", call, kind, "dosage", reason)
