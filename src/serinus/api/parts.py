"""What the API is made of: stores, clock, chance and the tick's bell, all handed in by the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from serinus.core.ids import IdSource
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.event_log import CallSearch
from serinus.ports.monitors import Probe
from serinus.ports.payloads import Payloads
from serinus.ports.signatures import SignatureCheck
from serinus.ports.telemetry_store import TelemetryStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything a route may use. `wake` tells the tick that something changed; it must not block.

    `probe`: None where no monitor can be read on trial.
    `calls`, `payloads`: None where the call log cannot be read. `report`
    renders a release's evidence pack as HTML; None where nothing draws."""

    control: ControlStore
    telemetry: TelemetryStore
    clock: Clock
    ids: IdSource
    random_bytes: Callable[[int], bytes]
    wake: Callable[[], None]
    signatures: SignatureCheck
    calls: CallSearch | None = None
    probe: Probe | None = None
    report: Callable[[str], str] | None = None
    payloads: Payloads | None = None
