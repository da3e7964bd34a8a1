"""The audit trail: entries, the numbers behind each, the check of the whole chain, and the trail as a file."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from serinus.console.form import Form
from serinus.console.page import Desk
from serinus.console.visitor import Visitor
from serinus.control.export_audit import export_audit
from serinus.control.verify_audit import verify_audit
from serinus.core.access import Operation
from serinus.core.audit.entry import Fault
from serinus.core.errors import NotFound
from serinus.ports.control_store import Page

LIMIT = 50
_FILE = {"content-disposition": 'attachment; filename="audit.jsonl"'}


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/audit`, `/audit/{seq}`, `/audit/export`, and POST `/audit/verify`."""

    def listing(
        request: Request, visitor: Visitor, checked: int | None = None, faults: Sequence[Fault] = ()
    ) -> Response:
        subject, cursor = _subject(request), request.query_params.get("cursor", "")
        with desk.parts.control.tx() as tx:
            entries, following = tx.audit_newest(subject or None, Page(cursor=cursor, limit=LIMIT))
        return desk.page(
            request, "audit.html", visitor,
            entries=entries, following=following, subject=subject, paged=bool(cursor), checked=checked, faults=faults,
        )  # fmt: skip

    def show(request: Request, visitor: Visitor) -> Response:
        seq = request.path_params["seq"]
        with desk.parts.control.tx() as tx:
            found = tx.audit_entries(seq - 1, 1) if 0 < seq < 2**62 else []
        if not found or found[0].seq != seq:
            raise NotFound(f"no entry {seq}", where="audit", mend="go to the audit trail")
        return desk.page(request, "entry.html", visitor, entry=found[0])

    def export(request: Request, _: Visitor) -> Response:
        lines = export_audit(desk.parts.control, 0, _subject(request))
        return StreamingResponse(lines, media_type="application/jsonl", headers=_FILE)

    def verify(request: Request, visitor: Visitor, _: Form) -> Response:
        checked, faults = verify_audit(desk.parts.control)
        return listing(request, visitor, checked, faults)

    def unasked(_request: Request, _visitor: Visitor) -> Response:
        """Whoever loads the result of a check again, or changes the colours on it, is back at the trail."""
        return RedirectResponse("/audit", HTTPStatus.SEE_OTHER)

    return [
        Route("/audit", desk.view(Operation.VIEW_AUDIT, listing)),
        Route("/audit/{seq:int}", desk.view(Operation.VIEW_AUDIT, show)),
        Route("/audit/export", desk.view(Operation.VIEW_AUDIT, export)),
        Route("/audit/verify", desk.view(Operation.VIEW_AUDIT, unasked), methods=["GET"]),
        Route("/audit/verify", desk.act(Operation.VERIFY_AUDIT, verify), methods=["POST"]),
    ]


def _subject(request: Request) -> str:
    return request.query_params.get("subject", "").strip()[:200]
