"""The two faces of a control process on one port: the API under `/api/`, the console everywhere else."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from serinus.adapters.clock import system_random
from serinus.adapters.ed25519 import Ed25519Check
from serinus.adapters.vega import VegaDrawing
from serinus.api.app import create_app
from serinus.api.problems import status_of
from serinus.console.app import create_console
from serinus.console.parts import Parts
from serinus.console.report import ReleaseReports
from serinus.core.ids import IdSource
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.event_log import CallSearch
from serinus.ports.monitors import Probe
from serinus.ports.payloads import Payloads
from serinus.ports.telemetry_store import TelemetryStore


class Faces:
    """One ASGI application of both, to be closed at the end."""

    def __init__(
        self,
        control: ControlStore,
        telemetry: TelemetryStore,
        clock: Clock,
        ids: IdSource,
        wake: Callable[[], None],
        log: CallSearch | None,
        stopping: Callable[[], bool],
        probe: Probe | None = None,
        payloads: Payloads | None = None,
    ) -> None:
        self._drawing = VegaDrawing(clock)
        signatures = Ed25519Check()
        parts = Parts(
            control=control,
            telemetry=telemetry,
            clock=clock,
            ids=ids,
            random_bytes=system_random,
            wake=wake,
            drawing=self._drawing,
            signatures=signatures,
            status_of=status_of,
            stopping=stopping,
            calls=log,
            payloads=payloads,
        )
        self._api: ASGIApp = create_app(
            control,
            telemetry,
            clock,
            ids,
            system_random,
            wake,
            log,
            signatures=signatures,
            probe=probe,
            payloads=payloads,
            report=ReleaseReports(parts).html,
        )
        self._console: ASGIApp = create_console(parts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        of_api = scope["type"] == "http" and scope["path"].startswith("/api/")
        await (self._api if of_api else self._console)(scope, receive, send)

    def close(self) -> None:
        """End what draws the charts."""
        self._drawing.close()
