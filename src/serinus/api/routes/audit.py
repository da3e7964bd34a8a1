"""Routes of the audit trail."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from serinus.api.guard import Guard
from serinus.api.paging import Listing, page
from serinus.api.parts import Parts
from serinus.api.schemas.record import EntryView, FaultView, VerifiedView
from serinus.control.export_audit import export_audit
from serinus.control.verify_audit import verify_audit
from serinus.core.access import Operation
from serinus.ports.control_store import ApiKey, Page

_JSONL = "application/jsonl"
_FILE = {"content": {_JSONL: {"schema": {"type": "string", "format": "binary"}}}}


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

    @router.get(
        "/export",
        operation_id="export_audit",
        response_class=StreamingResponse,
        responses={200: {"description": "An entry a line, in order of seq.", **_FILE}},
    )
    def get_export(
        _: Annotated[ApiKey, Depends(may_view)],
        subject: Annotated[
            str, Query(max_length=200, description="Only what was done to this app, version, release or key.")
        ] = "",
        after: Annotated[int, Query(ge=0, description="Only entries after this seq.")] = 0,
    ) -> StreamingResponse:
        """The trail as JSON lines: all fields of each entry with its evidence, so that it can be checked and replayed
        elsewhere."""
        headers = {"content-disposition": 'attachment; filename="audit.jsonl"'}
        return StreamingResponse(export_audit(parts.control, after, subject), media_type=_JSONL, headers=headers)

    @router.post("/verify", operation_id="verify_audit", status_code=HTTPStatus.OK)
    def post_verify(_: Annotated[ApiKey, Depends(may_verify)]) -> VerifiedView:
        """Check the whole chain for edits, deletions and reordering. Changes nothing, so it needs no
        Idempotency-Key."""
        checked, faults = verify_audit(parts.control)
        return VerifiedView(checked=checked, whole=not faults, faults=[FaultView.of(fault) for fault in faults])

    return router
