"""Routes of monitors: what is watched, what was read, and a reading on trial."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from serinus.api.guard import Guard
from serinus.api.paging import Listing, page
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.monitor import MonitorView, ReadingView
from serinus.control.lookup import app_of
from serinus.control.try_monitor import monitors_of, try_monitor
from serinus.core.access import Operation
from serinus.core.errors import NotFound, StoreUnavailable
from serinus.core.monitoring.reading import Subject
from serinus.ports.control_store import ApiKey, ControlTx, Page


def routes(parts: Parts) -> APIRouter:
    """The routes under `/apps/{app}/monitors`."""
    router = APIRouter(prefix="/apps/{app}/monitors", tags=["monitors"], responses=documented(HTTPStatus.NOT_FOUND))
    may_view = Guard(parts.control, Operation.VIEW)
    may_try = Guard(parts.control, Operation.CONFIGURE_APP)

    @router.get("", operation_id="list_monitors")
    def list_monitors(app: str, _: Annotated[ApiKey, Depends(may_view)]) -> Listing[MonitorView]:
        """All monitors of an app with their newest readings; always one page."""
        with parts.control.tx() as tx:
            return Listing(items=[MonitorView.of(monitor, found) for monitor, found in monitors_of(tx, app)])

    @router.get("/{monitor}/readings", operation_id="list_readings")
    def list_readings(
        app: str,
        monitor: str,
        _: Annotated[ApiKey, Depends(may_view)],
        wanted: Annotated[Page, Depends(page)],
        subject: Annotated[Subject | None, Query(description="Only of this subject.")] = None,
        release: Annotated[str | None, Query(description="Only those for this release.", max_length=100)] = None,
    ) -> Listing[ReadingView]:
        """The history of a monitor, newest first: one a minute, and every change of level, for a week."""
        with parts.control.tx() as tx:
            app_of(tx, app)
            found, following = tx.readings(app, monitor, wanted, subject, release)
            if not found:
                _exists(tx, app, monitor)
        return Listing(items=[ReadingView.of(one) for one in found], next_cursor=following)

    @router.get(
        "/{monitor}/try",
        operation_id="try_monitor",
        responses=documented(HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE),
    )
    def get_try(app: str, monitor: str, _: Annotated[ApiKey, Depends(may_try)]) -> Listing[ReadingView]:
        """Read a monitor once, now. Nothing is kept, announced or decided by it."""
        if parts.probe is None:
            raise StoreUnavailable(
                "this process reads no monitors", where="monitor", mend="ask a control process of the project"
            )
        now_us = parts.clock.now_us()
        found = try_monitor(parts.control, parts.telemetry, parts.probe, now_us, app, monitor)
        return Listing(items=[ReadingView.of(one) for one in found])

    return router


def _exists(tx: ControlTx, app: str, monitor: str) -> None:
    """NotFound for what is neither watched now nor has a reading of any subject: most likely a slip in its name."""
    watched = [one.name for one, _ in monitors_of(tx, app)]
    if monitor not in watched and not tx.readings(app, monitor, Page(limit=1))[0]:
        mend = f"known: {', '.join(watched)}" if watched else "declare some in the app's file"
        raise NotFound(f"{app} has no monitor {monitor!r}", where="monitor", mend=mend)
