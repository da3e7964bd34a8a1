"""Routes of suspicions: raise one about a call, list them, answer them."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from serinus.api.guard import Guard
from serinus.api.if_match import expected_seq
from serinus.api.once import Once, once
from serinus.api.paging import Listing, page
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.suspicion import AnswerBody, SuspectBody, SuspicionView
from serinus.control.answer_suspicion import answer_suspicion, release_or_none, suspicion_of
from serinus.control.raise_suspicion import raise_suspicion
from serinus.core.access import Operation
from serinus.core.release.suspicion import AnswerWord, Suspicion
from serinus.ports.control_store import ApiKey, ControlStore, Page

_ANSWERS: tuple[tuple[str, Operation, AnswerWord, str], ...] = (
    (
        "confirm",
        Operation.CONFIRM_SUSPICION,
        "confirmed",
        "Confirm a suspected policy violation: its release rolls back at once.",
    ),
    (
        "dismiss",
        Operation.DISMISS_SUSPICION,
        "dismissed",
        "Say that it is none. The release stays paused until a person resumes it. Refused to the author of the version "
        "and to who started the release.",
    ),
    (
        "review",
        Operation.REVIEW_PATTERN,
        "reviewed",
        "Record the red team's review of an adversarial pattern. The release stays paused until a person resumes it.",
    ),
)


def routes(parts: Parts) -> APIRouter:
    """The routes under `/suspicions`."""
    router = APIRouter(prefix="/suspicions", tags=["suspicions"])
    may_view = Guard(parts.control, Operation.VIEW)
    may_raise = Guard(parts.control, Operation.RAISE_SUSPICION)
    request_once = once(parts)

    @router.get("", operation_id="list_suspicions")
    def list_suspicions(
        _: Annotated[ApiKey, Depends(may_view)],
        at: Annotated[Page, Depends(page)],
        app: Annotated[str, Query(max_length=100, description="Only of this app.")] = "",
        release: Annotated[str, Query(max_length=100, description="Only of this release.")] = "",
        pending: Annotated[bool, Query(description="Only those that wait for an answer.")] = False,
    ) -> Listing[SuspicionView]:
        """Suspicions, newest first."""
        with parts.control.tx() as tx:
            found, following = tx.suspicions(at, app or None, release or None, pending)
            of = {one.release: release_or_none(tx, one.release) for one in found}
        return Listing(items=[SuspicionView.of(one, of[one.release]) for one in found], next_cursor=following)

    @router.get("/{id}", operation_id="get_suspicion", responses=documented(HTTPStatus.NOT_FOUND))
    def get_suspicion(id: str, _: Annotated[ApiKey, Depends(may_view)]) -> SuspicionView:
        """One suspicion."""
        with parts.control.tx() as tx:
            one = suspicion_of(tx, id)
            return SuspicionView.of(one, release_or_none(tx, one.release))

    @router.post(
        "",
        operation_id="raise_suspicion",
        response_model=SuspicionView,
        status_code=HTTPStatus.CREATED,
        responses=documented(HTTPStatus.CONFLICT),
    )
    def post_suspicion(
        body: SuspectBody,
        key: Annotated[ApiKey, Depends(may_raise)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Suspect something of a call. If a candidate gave the answer and users see it, its release is paused with
        it. What is suspected already stays as it is."""

        def work(store: ControlStore, actor: str) -> tuple[int, SuspicionView]:
            now_us = parts.clock.now_us()
            return 201, _view(
                store, raise_suspicion(store, now_us, actor, body.call, body.kind, body.category, body.reason)
            )

        return request.do(key, work)

    for answer in _ANSWERS:
        _add_answer(router, parts, *answer)
    return router


def _add_answer(
    router: APIRouter, parts: Parts, name: str, operation: Operation, answer: AnswerWord, summary: str
) -> None:
    may_do = Guard(parts.control, operation)
    request_once = once(parts)

    @router.post(
        f"/{{id}}/{name}",
        operation_id=operation.value,
        summary=summary,
        response_model=SuspicionView,
        responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    )
    def post_answer(
        id: str,
        body: AnswerBody,
        key: Annotated[ApiKey, Depends(may_do)],
        request: Annotated[Once, Depends(request_once)],
        seq: Annotated[int | None, Depends(expected_seq)],
    ) -> Response:
        def work(store: ControlStore, actor: str) -> tuple[int, SuspicionView]:
            now_us = parts.clock.now_us()
            return 200, _view(store, answer_suspicion(store, now_us, actor, id, answer, body.reason, seq))

        return request.do(key, work)


def _view(store: ControlStore, one: Suspicion) -> SuspicionView:
    with store.tx() as tx:
        return SuspicionView.of(one, release_or_none(tx, one.release))
