"""Routes of hosts: what the gateways report."""

from typing import Annotated

from fastapi import APIRouter, Depends

from serinus.api.guard import Guard
from serinus.api.paging import Listing
from serinus.api.parts import Parts
from serinus.api.schemas.record import HostView
from serinus.core.access import Operation
from serinus.core.pipeline.app import unserved_apps
from serinus.ports.control_store import ApiKey


def routes(parts: Parts) -> APIRouter:
    """The routes under `/hosts`."""
    router = APIRouter(prefix="/hosts", tags=["hosts"])
    may_view = Guard(parts.control, Operation.VIEW)

    @router.get("", operation_id="list_hosts")
    def list_hosts(_: Annotated[ApiKey, Depends(may_view)]) -> Listing[HostView]:
        """All hosts with their workers, in order of name; always one page."""
        with parts.telemetry.tx() as tx:
            found = sorted(tx.hosts(), key=lambda host: host.host)
        with parts.control.tx() as control:
            unserved = unserved_apps(control.apps())
        now_us = parts.clock.now_us()
        return Listing(items=[HostView.of(host, now_us, unserved) for host in found])

    return router
