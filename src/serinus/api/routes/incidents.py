"""Routes of incidents: list them, work on them, sign and close them, export who was exposed."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from serinus.api.guard import Guard
from serinus.api.if_match import expected_seq
from serinus.api.once import Once, once
from serinus.api.paging import Listing, page
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.routes.calls import call_log, file_chunks
from serinus.api.schemas.acts import ReasonBody
from serinus.api.schemas.incident import CloseBody, ConfirmBody, IncidentView, NoteBody, SignBody
from serinus.control.answer_incident import close_incident, confirm_incident, incident_of, note_incident
from serinus.control.count_incident import count_incident
from serinus.control.sign_incident import Word, sign_incident
from serinus.core.access import Operation
from serinus.core.release.incident import Incident
from serinus.ports.control_store import ApiKey, ControlStore, Page
from serinus.ports.event_log import ExposedQuery

_CHANGES = documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
_AWAY = documented(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
_JSONL = "application/jsonl"
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A line for each user.", "content": {_JSONL: {"schema": {"type": "string"}}}}
}


def routes(parts: Parts) -> APIRouter:
    """The routes under `/incidents`. Where an id is asked for, that of the release will do."""
    router = APIRouter(prefix="/incidents", tags=["incidents"])
    may_view = Guard(parts.control, Operation.VIEW)
    may_export = Guard(parts.control, Operation.EXPORT_CALLS)

    @router.get("", operation_id="list_incidents")
    def list_incidents(
        _: Annotated[ApiKey, Depends(may_view)],
        at: Annotated[Page, Depends(page)],
        app: Annotated[str, Query(max_length=100, description="Only of this app.")] = "",
        open: Annotated[bool, Query(description="Only those that wait to be closed.")] = False,
    ) -> Listing[IncidentView]:
        """Incidents, newest first."""
        with parts.control.tx() as tx:
            found, following = tx.incidents(at, app or None, open)
        return Listing(items=[IncidentView.of(one) for one in found], next_cursor=following)

    @router.get("/{id}", operation_id="get_incident", responses=documented(HTTPStatus.NOT_FOUND))
    def get_incident(id: str, _: Annotated[ApiKey, Depends(may_view)]) -> IncidentView:
        """One incident with its clock, notes, signatures and timeline."""
        with parts.control.tx() as tx:
            return IncidentView.of(incident_of(tx, id))

    @router.get(
        "/{id}/units", operation_id="export_incident_units", response_class=StreamingResponse,
        responses={**_FILE, **_AWAY},
    )  # fmt: skip
    def export_units(id: str, _: Annotated[ApiKey, Depends(may_export)]) -> StreamingResponse:
        """Who met the candidate, as JSON lines: pseudonym, sessions, calls, first and last call (µs)."""
        log = call_log(parts)
        with parts.control.tx() as tx:
            release = incident_of(tx, id).release
        file = log.export(ExposedQuery(release=release), "jsonl")
        headers = {
            "content-length": str(file.seek(0, 2)),
            "content-disposition": 'attachment; filename="units.jsonl"',
        }
        file.seek(0)
        return StreamingResponse(file_chunks(file), media_type=_JSONL, headers=headers)

    _add_confirm(router, parts)
    _add_note(router, parts)
    _add_count(router, parts)
    _add_sign(router, parts)
    _add_close(router, parts)
    return router


def _done(parts: Parts, request: Once, key: ApiKey, change: Callable[[ControlStore, int, str], Incident]) -> Response:
    def work(store: ControlStore, actor: str) -> tuple[int, IncidentView]:
        return 200, IncidentView.of(change(store, parts.clock.now_us(), actor))

    return request.do(key, work)


def _add_confirm(router: APIRouter, parts: Parts) -> None:
    may_do, request_once = Guard(parts.control, Operation.CONFIRM_INCIDENT), once(parts)

    @router.post("/{id}/confirm", operation_id="confirm_incident", response_model=IncidentView, responses=_CHANGES)
    def post_confirm(
        id: str,
        body: ConfirmBody,
        key: Annotated[ApiKey, Depends(may_do)],
        request: Annotated[Once, Depends(request_once)],
        seq: Annotated[int | None, Depends(expected_seq)],
    ) -> Response:
        """Say that on-call looks into it."""
        return _done(
            parts, request, key, lambda store, now, who: confirm_incident(store, now, who, id, body.reason, seq)
        )


def _add_note(router: APIRouter, parts: Parts) -> None:
    may_do, request_once = Guard(parts.control, Operation.NOTE_INCIDENT), once(parts)

    @router.post("/{id}/notes", operation_id="note_incident", response_model=IncidentView, responses=_CHANGES)
    def post_note(
        id: str,
        body: NoteBody,
        key: Annotated[ApiKey, Depends(may_do)],
        request: Annotated[Once, Depends(request_once)],
        seq: Annotated[int | None, Depends(expected_seq)],
    ) -> Response:
        """Note what was found or done; a hypothesis and the review do their line of the clock."""
        return _done(
            parts, request, key,
            lambda store, now, who: note_incident(store, now, who, id, body.text, body.kind, seq),
        )  # fmt: skip


def _add_count(router: APIRouter, parts: Parts) -> None:
    may_do, request_once = Guard(parts.control, Operation.COUNT_INCIDENT), once(parts)

    @router.post(
        "/{id}/count", operation_id="count_incident", response_model=IncidentView, responses={**_CHANGES, **_AWAY}
    )
    def post_count(
        id: str,
        body: ReasonBody,
        key: Annotated[ApiKey, Depends(may_do)],
        request: Annotated[Once, Depends(request_once)],
        seq: Annotated[int | None, Depends(expected_seq)],
    ) -> Response:
        """Count whom the candidate met: users, sessions, calls. Counted again, the numbers are those of now."""
        return _done(
            parts, request, key,
            lambda store, now, who: count_incident(store, parts.telemetry, parts.calls, now, who, id, seq),
        )  # fmt: skip


def _add_sign(router: APIRouter, parts: Parts) -> None:
    may_do, request_once = Guard(parts.control, Operation.SIGN_INCIDENT), once(parts)

    @router.post("/{id}/duties/{duty}", operation_id="sign_incident", response_model=IncidentView, responses=_CHANGES)
    def post_sign(
        id: str,
        duty: str,
        body: SignBody,
        key: Annotated[ApiKey, Depends(may_do)],
        request: Annotated[Once, Depends(request_once)],
        seq: Annotated[int | None, Depends(expected_seq)],
    ) -> Response:
        """Sign one of `root_cause`, `regression`, `engine`, `no_impact`, `reentry`."""
        word = Word(**body.model_dump())
        return _done(
            parts, request, key,
            lambda store, now, who: sign_incident(store, now, who, key.roles, id, duty, word, seq),
        )  # fmt: skip


def _add_close(router: APIRouter, parts: Parts) -> None:
    may_do, request_once = Guard(parts.control, Operation.CLOSE_INCIDENT), once(parts)

    @router.post("/{id}/close", operation_id="close_incident", response_model=IncidentView, responses=_CHANGES)
    def post_close(
        id: str,
        body: CloseBody,
        key: Annotated[ApiKey, Depends(may_do)],
        request: Annotated[Once, Depends(request_once)],
        seq: Annotated[int | None, Depends(expected_seq)],
    ) -> Response:
        """Close it; refused, with what lacks, until all that its list asks for is signed and who met it is counted."""
        return _done(parts, request, key, lambda store, now, who: close_incident(store, now, who, id, body.reason, seq))
