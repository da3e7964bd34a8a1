"""Routes of stages: what was measured, approve, reject, run again, and what a release would be."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from serinus.api.guard import Guard
from serinus.api.if_match import expected_seq
from serinus.api.once import Once, once
from serinus.api.paging import Listing
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.routes.releases import shown
from serinus.api.schemas.app import named_ref
from serinus.api.schemas.plan import PlanBody
from serinus.api.schemas.release import ReleaseView
from serinus.api.schemas.risk import effect_fields, word
from serinus.api.schemas.stages import ApproveBody, PlannedView, RejectBody, RerunBody, ResultDetail, SignedView
from serinus.api.stages import results
from serinus.control.approve_release import approve_release
from serinus.control.find_lineage import find_lineage, lineage_text, spend_alpha
from serinus.control.lookup import release_of
from serinus.control.name_versions import name_versions
from serinus.control.peak_hours import own_hours
from serinus.control.reject_release import reject_release
from serinus.control.rerun_stage import rerun_stage
from serinus.control.start_release import plan_release
from serinus.core.access import Operation
from serinus.core.versions.risk import RiskWord
from serinus.ports.control_store import ApiKey, ControlStore


def routes(parts: Parts) -> APIRouter:
    """The routes under `/releases/{id}` that are about stages, and `/apps/{app}/plan`."""
    router = APIRouter(tags=["stages"], responses=documented(HTTPStatus.NOT_FOUND))
    _add_reads(router, parts)
    _add_acts(router, parts)
    return router


def _add_reads(router: APIRouter, parts: Parts) -> None:
    may_view = Guard(parts.control, Operation.VIEW)

    @router.get("/apps/{app}/plan", operation_id="plan_release", responses=documented(HTTPStatus.CONFLICT))
    def get_plan(
        app: str,
        _: Annotated[ApiKey, Depends(may_view)],
        version: Annotated[str, Query(min_length=1, max_length=200, description="Name, digest, or its beginning.")],
        said: Annotated[RiskWord, Depends(word)],
    ) -> PlannedView:
        """What a release of this version would be, were it started now and with this said of its risk; refused
        for all that a start is refused for."""
        hours = own_hours(parts.control, parts.telemetry, parts.clock.now_us(), app)
        with parts.control.tx() as tx:
            plan, control, candidate = plan_release(tx, app, version, hours, said)
            names = name_versions(tx, [(app, candidate.digest), (app, control)])
            lineage = find_lineage(tx, app, plan, control, candidate)
            spend_alpha(tx, parts.clock.now_us(), app, plan)
        return PlannedView(
            app=app,
            candidate=named_ref(app, candidate.digest, names),
            control=named_ref(app, control, names) if control else None,
            lineage=lineage_text(plan, lineage),
            plan=PlanBody.of(plan),
            not_compared=list(plan.not_compared),
            **effect_fields(plan.effect),
        )

    @router.get("/releases/{id}/results", operation_id="list_results")
    def list_results(id: str, _: Annotated[ApiKey, Depends(may_view)]) -> Listing[ResultDetail]:
        """All that was measured for a release, older attempts too, with all numbers; always one page."""
        with parts.control.tx() as tx:
            release, found = release_of(tx, id), tx.stage_results(id)
        return Listing(items=[ResultDetail.of_all(*one) for one in results(release, found)])


def _add_acts(router: APIRouter, parts: Parts) -> None:
    may_approve = Guard(parts.control, Operation.APPROVE_RELEASE)
    may_reject = Guard(parts.control, Operation.REJECT_RELEASE)
    may_rerun = Guard(parts.control, Operation.RERUN_STAGE)
    request_once = once(parts)
    changing = documented(HTTPStatus.CONFLICT)

    @router.post(
        "/releases/{id}/approve", operation_id="approve_release", response_model=SignedView, responses=changing
    )
    def post_approve(
        id: str,
        body: ApproveBody,
        key: Annotated[ApiKey, Depends(may_approve)],
        request: Annotated[Once, Depends(request_once)],
        seq: Annotated[int | None, Depends(expected_seq)],
    ) -> Response:
        """Sign in one of your roles, for the evidence you were shown; 409 with the new digest when that has changed.
        The author of the version and who started the release are refused. The same approval twice is one."""

        def work(store: ControlStore, actor: str) -> tuple[int, SignedView]:
            signed = approve_release(
                store, parts.clock.now_us(), actor, key.roles, id, body.evidence, body.role, body.reason, seq
            )
            view = SignedView(
                release=shown(store, signed.release), role=signed.approval.role, lacking=list(signed.lacking)
            )
            return 200, view

        return request.do(key, work)

    @router.post("/releases/{id}/reject", operation_id="reject_release", response_model=ReleaseView, responses=changing)
    def post_reject(
        id: str,
        key: Annotated[ApiKey, Depends(may_reject)],
        request: Annotated[Once, Depends(request_once)],
        seq: Annotated[int | None, Depends(expected_seq)],
        body: RejectBody | None = None,
    ) -> Response:
        """Refuse at an approval, in one of your roles: one no is enough. A candidate that users have seen is rolled
        back."""
        said = body or RejectBody()

        def work(store: ControlStore, actor: str) -> tuple[int, ReleaseView]:
            release = reject_release(store, parts.clock.now_us(), actor, key.roles, id, said.role, said.reason, seq)
            return 200, shown(store, release)

        return request.do(key, work)

    @router.post("/releases/{id}/rerun", operation_id="rerun_stage", response_model=ReleaseView, responses=changing)
    def post_rerun(
        id: str,
        key: Annotated[ApiKey, Depends(may_rerun)],
        request: Annotated[Once, Depends(request_once)],
        seq: Annotated[int | None, Depends(expected_seq)],
        body: RerunBody | None = None,
    ) -> Response:
        """Run a measured stage again. Approvals of what it came to before lapse."""
        said = body or RerunBody()

        def work(store: ControlStore, actor: str) -> tuple[int, ReleaseView]:
            release = rerun_stage(store, parts.clock.now_us(), actor, id, said.reason, seq, said.stage)
            return 200, shown(store, release)

        return request.do(key, work)
