"""Routes of releases: start, show, and what people may do to one."""

from http import HTTPStatus
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query, Response

from serinus.api.guard import Guard
from serinus.api.if_match import expected_seq
from serinus.api.once import Once, once
from serinus.api.paging import Listing, page
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.acts import ReasonBody, StartBody
from serinus.api.schemas.freeze import WaitingView
from serinus.api.schemas.release import ReleaseView
from serinus.api.schemas.standing import ReleaseDetail
from serinus.api.schemas.suspicion import SuspicionView
from serinus.api.stages import stages
from serinus.api.standing import shown_standing
from serinus.control.abort_release import abort_release
from serinus.control.compare_places import compare_places
from serinus.control.forecast_release import refuse_blind
from serinus.control.lookup import release_of
from serinus.control.name_versions import name_releases
from serinus.control.pause_release import pause_release
from serinus.control.read_gates import all_gates
from serinus.control.request_release import request_release
from serinus.control.resume_release import resume_release
from serinus.control.roll_back_release import roll_back_release
from serinus.control.start_release import plan_to_see
from serinus.core.access import Operation
from serinus.core.decision.standing import standing
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.release.waiting import Waiting
from serinus.ports.control_store import ApiKey, ControlStore, Page

SALT_BYTES = 16


class _Verb(Protocol):
    """A use-case that changes a release."""

    def __call__(
        self, store: ControlStore, now_us: int, actor: str, id: str, reason: str, expected_seq: int | None = None
    ) -> Release: ...


_VERBS: tuple[tuple[str, Operation, _Verb, str], ...] = (
    ("pause", Operation.PAUSE_RELEASE, pause_release, "Pause: the share stays, the dwell stops, a person resumes."),
    ("resume", Operation.RESUME_RELEASE, resume_release, "Resume: acknowledge what paused it and go on."),
    ("abort", Operation.ABORT_RELEASE, abort_release, "Abort: take the candidate out for no fault of its own."),
    ("rollback", Operation.ROLL_BACK_RELEASE, roll_back_release, "Roll back: everybody is on the baseline at once."),
)
_WAITS: dict[int | str, dict[str, Any]] = {
    202: {"model": WaitingView, "description": "It waits for the end of a freeze or of another release."}
}


def routes(parts: Parts) -> APIRouter:
    """The routes under `/releases`."""
    router = APIRouter(prefix="/releases", tags=["releases"])
    may_view = Guard(parts.control, Operation.VIEW)
    may_start = Guard(parts.control, Operation.START_RELEASE)
    request_once = once(parts)

    @router.get("", operation_id="list_releases")
    def list_releases(
        _: Annotated[ApiKey, Depends(may_view)],
        at: Annotated[Page, Depends(page)],
        app: Annotated[str | None, Query(max_length=100, description="Only this app's.")] = None,
        state: Annotated[list[State] | None, Query(description="Only those in one of these states.")] = None,
    ) -> Listing[ReleaseView]:
        """Releases, newest first."""
        with parts.control.tx() as tx:
            found, following = tx.releases(at, app, state or None)
            names = name_releases(tx, found)
        return Listing(items=[ReleaseView.of(release, names) for release in found], next_cursor=following)

    @router.post(
        "",
        operation_id="start_release",
        response_model=ReleaseView,
        status_code=HTTPStatus.CREATED,
        responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT) | _WAITS,
    )
    def post_release(
        body: StartBody,
        key: Annotated[ApiKey, Depends(may_start)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Start a release of a version, following the app's plan. One at a time per app: while another is active, or
        a freeze lasts, it is refused with 409 or waits with 202, as the plan says."""

        with parts.control.tx() as tx:
            plan = plan_to_see(tx, body.app, body.version, body.word)
        refuse_blind(parts.calls, parts.clock.now_us(), body.app, plan, body.acknowledge)

        def work(store: ControlStore, actor: str) -> tuple[int, ReleaseView | WaitingView]:
            salt = parts.random_bytes(SALT_BYTES).hex()
            now_us = parts.clock.now_us()
            reason = body.reason
            if body.acknowledge:
                reason = f"{reason}; acknowledged: {body.acknowledge}".removeprefix("; ")
            found = request_release(
                store, now_us, actor, parts.ids, salt, body.app, body.version, reason, parts.telemetry, body.set_aside,
                body.word,
            )  # fmt: skip
            if isinstance(found, Waiting):
                return 202, WaitingView.of(found)
            return 201, shown(store, found)

        return request.do(key, work)

    @router.get("/{id}", operation_id="get_release", responses=documented(HTTPStatus.NOT_FOUND))
    def get_release(id: str, response: Response, _: Annotated[ApiKey, Depends(may_view)]) -> ReleaseDetail:
        """One release with its plan, its stages, and how its arms stand now: units, events, rates, evidence against
        its threshold, dwell, calls in flight, age of the data, which workers follow, and each metric offline, in
        shadow and live beside each other."""
        now_us = parts.clock.now_us()
        with parts.control.tx() as tx:
            release = release_of(tx, id)
            names, progress = name_releases(tx, [release]), tx.progress(id)
            revision, gates, results = tx.revision(), all_gates(tx, release), tx.stage_results(id)
            held = tx.open_suspicions().get(id, ())
        with parts.telemetry.tx() as telemetry:
            sums, hosts, spreads = telemetry.sums(id), telemetry.hosts(), telemetry.spreads_of([id]).get(id, {})
            now = standing(release, progress, sums, hosts, revision, now_us, results, spreads)
            places = compare_places(telemetry, now_us, release, now, results, sums, spreads)
        response.headers["etag"] = f'"{release.seq}"'
        of_stages = stages(release, gates, progress)
        detail = ReleaseDetail.of_standing(release, names, of_stages, shown_standing(now), places)
        return detail.model_copy(update={"suspicions": [SuspicionView.of(one, release) for one in held]})

    for verb in _VERBS:
        _add_verb(router, parts, *verb)
    return router


def _add_verb(router: APIRouter, parts: Parts, name: str, operation: Operation, verb: _Verb, summary: str) -> None:
    may_do = Guard(parts.control, operation)
    request_once = once(parts)

    @router.post(
        f"/{{id}}/{name}",
        operation_id=operation.value,
        summary=summary,
        response_model=ReleaseView,
        responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    )
    def post_verb(
        id: str,
        key: Annotated[ApiKey, Depends(may_do)],
        request: Annotated[Once, Depends(request_once)],
        seq: Annotated[int | None, Depends(expected_seq)],
        body: ReasonBody | None = None,
    ) -> Response:
        reason = body.reason if body else ""

        def work(store: ControlStore, actor: str) -> tuple[int, ReleaseView]:
            return 200, shown(store, verb(store, parts.clock.now_us(), actor, id, reason, seq))

        return request.do(key, work)


def shown(store: ControlStore, release: Release) -> ReleaseView:
    """A release after an act."""
    with store.tx() as tx:
        return ReleaseView.of(release, name_releases(tx, [release]))
