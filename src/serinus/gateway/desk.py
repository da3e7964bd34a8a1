"""What a call needs of the gateway that serves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from serinus.core.routing.cached import Searchable
from serinus.core.wire.fault import UpstreamFault
from serinus.gateway.mirror import Mirrors
from serinus.gateway.pool import Pool
from serinus.gateway.recorder import Recorder
from serinus.gateway.routes import Served, ServedApp, Target


class Desk(Protocol):
    """The gateway, as calls know it. `active` counts the calls without an end."""

    active: int
    recorder: Recorder
    mirrors: Mirrors
    mono_ns: Callable[[], int]

    def pool(self, target: Target) -> Pool: ...
    def cache(self, app: ServedApp) -> Searchable | None: ...
    def report(self, fault: UpstreamFault, served: Served, *, counts: bool) -> None: ...
    def recovered(self, target: Target) -> None: ...
