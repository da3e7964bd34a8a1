"""Routes of cached answers: list, propose, approve, remove."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from serinus.api.guard import Guard
from serinus.api.once import Once, once
from serinus.api.paging import Listing, page
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.routes.calls import call_log
from serinus.api.routes.texts import kept
from serinus.api.schemas.acts import ReasonBody
from serinus.api.schemas.answer import AnswerView, ProposeBody, ProposedView, ProposeScoredBody
from serinus.control.approve_answer import approve_answer, remove_answer
from serinus.control.lookup import app_of
from serinus.control.propose_answer import kept_call, propose_found, propose_text
from serinus.control.propose_scored import high_scored, propose_scored
from serinus.core.access import Operation
from serinus.core.errors import InvalidInput, NotFound
from serinus.ports.control_store import ApiKey, ControlStore, Page

_REFUSED = documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)


def routes(parts: Parts) -> APIRouter:
    """The routes under `/apps/{app}/cached-answers` and `/cached-answers`."""
    router = APIRouter(tags=["cached answers"], responses=_REFUSED)
    _add_proposals(router, parts)
    _add_verdicts(router, parts)
    may_view = Guard(parts.control, Operation.VIEW_ANSWERS)

    @router.get("/apps/{app}/cached-answers", operation_id="list_cached_answers")
    def list_cached_answers(
        app: str,
        _: Annotated[ApiKey, Depends(may_view)],
        at: Annotated[Page, Depends(page)],
        state: Annotated[
            Literal["proposed", "approved"] | None, Query(description="Only those that wait, or that are given.")
        ] = None,
    ) -> Listing[AnswerView]:
        """Answers that stand in where no version answers, and those that are proposed to; newest first."""
        with parts.control.tx() as tx:
            app_of(tx, app)
            found, following = tx.stored_answers(at, app, None if state is None else state == "approved")
        return Listing(items=[AnswerView.of(one) for one in found], next_cursor=following)

    return router


def _add_proposals(router: APIRouter, parts: Parts) -> None:
    may_propose = Guard(parts.control, Operation.PROPOSE_ANSWER)
    request_once = once(parts)

    @router.post(
        "/apps/{app}/cached-answers",
        operation_id="propose_cached_answer",
        response_model=AnswerView,
        status_code=HTTPStatus.CREATED,
        responses=documented(HTTPStatus.SERVICE_UNAVAILABLE),
    )
    def post_answer(
        app: str,
        body: ProposeBody,
        key: Annotated[ApiKey, Depends(may_propose)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Propose the answer of a call, or one that you wrote. Nobody is told it before somebody approves it. The same
        texts again are the entry that is there."""
        if bool(body.call) == bool(body.question or body.answer or body.version):
            raise InvalidInput("one of `call` and texts says what", where="call", mend="give one of them")
        picked = kept_call(call_log(parts), kept(parts), body.call) if body.call else None
        if picked is not None and picked[0].app != app:
            raise NotFound(f"{app} has no call {body.call}", where="call", mend=f"it is of {picked[0].app}")

        def work(store: ControlStore, actor: str) -> tuple[int, AnswerView]:
            now_us = parts.clock.now_us()
            if picked is not None:
                one, _ = propose_found(store, now_us, actor, *picked, body.language)
            else:
                texts = (body.question, body.answer, body.language, body.version)
                one, _ = propose_text(store, now_us, actor, app, *texts)
            return 201, AnswerView.of(one)

        return request.do(key, work, _without_texts)

    @router.post(
        "/apps/{app}/cached-answers/propose",
        operation_id="propose_scored_answers",
        response_model=ProposedView,
        status_code=HTTPStatus.CREATED,
        responses=documented(HTTPStatus.SERVICE_UNAVAILABLE),
    )
    def post_scored(
        app: str,
        body: ProposeScoredBody,
        key: Annotated[ApiKey, Depends(may_propose)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Propose answers of the live version that scored high, those first that are asked most often. Among its newest
        thousand calls, as far as their texts are kept. Again it proposes what is not there yet."""
        log, texts = call_log(parts), kept(parts)
        good = high_scored(parts.control, parts.telemetry, log, texts, app, body.metric, body.at_least)

        def work(store: ControlStore, actor: str) -> tuple[int, ProposedView]:
            found = propose_scored(store, parts.clock.now_us(), actor, good, body.most)
            return 201, ProposedView(items=[AnswerView.of(one) for one in found])

        return request.do(key, work, _without_texts)


def _add_verdicts(router: APIRouter, parts: Parts) -> None:
    may_approve = Guard(parts.control, Operation.APPROVE_ANSWER)
    may_remove = Guard(parts.control, Operation.REMOVE_ANSWER)
    request_once = once(parts)

    @router.post("/cached-answers/{id}/approve", operation_id="approve_cached_answer", response_model=AnswerView)
    def post_approval(
        id: str,
        key: Annotated[ApiKey, Depends(may_approve)],
        request: Annotated[Once, Depends(request_once)],
        body: ReasonBody | None = None,
    ) -> Response:
        """Approve an answer: from now on users are told it who ask the same or nearly the same where no version
        answers. Its id is a digest of what it says, so it is this text and no other."""
        reason = body.reason if body else ""

        def work(store: ControlStore, actor: str) -> tuple[int, AnswerView]:
            return 200, AnswerView.of(approve_answer(store, parts.clock.now_us(), actor, id, reason))

        return request.do(key, work, _without_texts)

    @router.delete("/cached-answers/{id}", operation_id="remove_cached_answer", response_model=AnswerView)
    def delete_answer(
        id: str,
        key: Annotated[ApiKey, Depends(may_remove)],
        request: Annotated[Once, Depends(request_once)],
        body: ReasonBody | None = None,
    ) -> Response:
        """Take an answer out, approved or proposed: nobody is told it any more. Its entries on the trail stay."""
        reason = body.reason if body else ""

        def work(store: ControlStore, actor: str) -> tuple[int, AnswerView]:
            return 200, AnswerView.of(remove_answer(store, parts.clock.now_us(), actor, id, reason))

        return request.do(key, work, _without_texts)


def _without_texts(view: BaseModel) -> BaseModel:
    return view.without_texts() if isinstance(view, AnswerView | ProposedView) else view
