"""Routes of the audit trail."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from serinus.api.guard import Guard
from serinus.api.paging import Listing, page
from serinus.api.parts import Parts
from serinus.api.schemas.record import EntryView, FaultView, VerifiedView
from serinus.control.verify_audit import verify_audit
from serinus.core.access import Operation
from serinus.ports.control_store import ApiKey, Page


def routes(parts: Parts) -> APIRouter:
    """The routes under `/audit`."""
    router = APIRouter(prefix="/audit", tags=["audit"])
    may_view = Guard(parts.control, Operation.VIEW_AUDIT)
    may_verify = Guard(parts.control, Operation.VERIFY_AUDIT)

    @router.get("", operation_id="list_audit")
    def list_audit(
        _: Annotated[ApiKey, Depends(may_view)],
        at: Annotated[Page, Depends(page)],
        subject: Annotated[
            str, Query(max_length=200, description="Only what was done to this app, version, release or key.")
        ] = "",
    ) -> Listing[EntryView]:
        """Audit entries, newest first."""
        with parts.control.tx() as tx:
            found, following = tx.audit_newest(subject or None, at)
        return Listing(items=[EntryView.of(entry) for entry in found], next_cursor=following)

    @router.post("/verify", operation_id="verify_audit", status_code=HTTPStatus.OK)
    def post_verify(_: Annotated[ApiKey, Depends(may_verify)]) -> VerifiedView:
        """Check the whole chain for edits, deletions and reordering (L1). Changes nothing, so it needs no
        Idempotency-Key."""
        checked, faults = verify_audit(parts.control)
        return VerifiedView(checked=checked, whole=not faults, faults=[FaultView.of(fault) for fault in faults])

    return router
