"""What the console is made of, all handed in by the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from serinus.core.errors import SerinusError
from serinus.core.ids import IdSource
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.drawing import Drawing
from serinus.ports.event_log import CallSearch
from serinus.ports.payloads import Payloads
from serinus.ports.signatures import SignatureCheck
from serinus.ports.telemetry_store import TelemetryStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything a page may use. `wake` tells the tick that something changed; it must not block.

    `calls`, `payloads`: None where the call log cannot be read. `status_of` is the one map from error to HTTP status.
    `stopping`: whether the process is about to end, so that open streams should.
    """

    control: ControlStore
    telemetry: TelemetryStore
    clock: Clock
    ids: IdSource
    random_bytes: Callable[[int], bytes]
    wake: Callable[[], None]
    drawing: Drawing
    signatures: SignatureCheck
    status_of: Callable[[type[SerinusError]], HTTPStatus]
    stopping: Callable[[], bool]
    calls: CallSearch | None = None
    payloads: Payloads | None = None
