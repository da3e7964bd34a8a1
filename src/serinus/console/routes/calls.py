"""The call log: search, and one call with what was said of it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from serinus.console.call_filter import ARMS, ERRORS, RUNGS, WORSE, filled, query
from serinus.console.kept_texts import KeptTexts, kept_texts
from serinus.console.page import Desk
from serinus.console.visitor import Visitor
from serinus.console.worse_pairs import counterpart
from serinus.control.answer_suspicion import release_or_none
from serinus.control.name_versions import Names, name_versions
from serinus.control.read_text import read_text
from serinus.core.access import Operation
from serinus.core.errors import InvalidInput, NotFound, QueryLimit, StoreUnavailable
from serinus.core.judging.judgement import Judgement
from serinus.core.metrics import REGISTRY
from serinus.core.records import call_id
from serinus.core.records.call import Call
from serinus.core.records.suspicion import KINDS, suspicion_id
from serinus.core.release.suspicion import Standing, Suspicion, standing_of
from serinus.ports.event_log import CallQuery, CallSearch

LIMIT = 50
EVENTS = [name for name, metric in REGISTRY.items() if metric.event]


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/calls` and `/calls/{id}`."""

    def search(request: Request, visitor: Visitor) -> Response:
        asked = filled(request.query_params)
        fault: InvalidInput | NotFound | QueryLimit | None = None
        found: list[Call] = []
        with desk.parts.control.tx() as tx:
            apps = sorted(app.config.name for app in tx.apps())
            try:
                question = query(tx, asked, request.query_params.get("cursor", ""), LIMIT + 1)
            except (InvalidInput, NotFound) as error:
                fault, question = error, None
        if question is not None:
            try:
                found = _log(desk).calls(question)
            except QueryLimit as error:
                fault = error
        shown = found[:LIMIT]
        following = f"{shown[-1].at_us}.{shown[-1].call}" if len(found) > LIMIT else ""
        return desk.page(
            request, "calls.html", visitor,
            status=422 if fault else 200, calls=shown, fault=fault, asked=asked, apps=apps, arms=ARMS, errors=ERRORS,
            rungs=RUNGS, worse=tuple(WORSE), rules=_rules(desk, asked["app"]),
            metrics=EVENTS, names=_names(desk, shown), more=_more(asked, following),
            paged=bool(request.query_params.get("cursor")),
        )  # fmt: skip

    def show(request: Request, visitor: Visitor) -> Response:
        id, log = request.path_params["id"], _log(desk)
        begun_us = call_id.parse(call_id.raw_of(id)).at_ms * 1000
        found = log.calls(CallQuery(call=id, from_us=begun_us, limit=1))
        if not found:
            raise NotFound("no such call", where="call", mend="a call is here some seconds after it ended")
        scores = log.scores([found[0].call], {found[0].conversation})
        other = counterpart(desk.parts, found[0])
        return desk.page(
            request, "call.html", visitor,
            call=found[0], scores=scores, suspicions=_suspicions(desk, id),
            names=_names(desk, found), texts=_texts(desk, visitor, id),
            judged=_judged(desk, visitor, id), other=other, other_texts=_texts(desk, visitor, other) if other else None,
            may_read=visitor.may(Operation.VIEW_PAYLOADS),
        )  # fmt: skip

    return [
        Route("/calls", desk.view(Operation.VIEW_CALLS, search)),
        Route("/calls/{id}", desk.view(Operation.VIEW_CALLS, show)),
    ]


def _log(desk: Desk) -> CallSearch:
    if desk.parts.calls is None:
        raise StoreUnavailable(
            "this control process does not know where the call log is",
            where="calls",
            mend="start it with --segments, the folder that the gateway's --segments names",
        )
    return desk.parts.calls


def _texts(desk: Desk, visitor: Visitor, call: str) -> KeptTexts | None:
    """The kept texts, for those who may read them, which is on the audit trail."""
    texts = desk.parts.payloads
    if texts is None or not visitor.may(Operation.VIEW_PAYLOADS):
        return None
    found = read_text(desk.parts.control, texts, desk.parts.clock.now_us(), visitor.actor, call)
    return kept_texts(found) if found else None


def _suspicions(desk: Desk, call: str) -> list[tuple[Suspicion, Standing]]:
    """What is suspected of the call, and how it stands."""
    with desk.parts.control.tx() as tx:
        found = [one for kind in KINDS if (one := tx.suspicion(suspicion_id(kind, call)))]
        return [(one, standing_of(one, release_or_none(tx, one.release))) for one in found]


def _judged(desk: Desk, visitor: Visitor, call: str) -> list[Judgement]:
    """What live judges said, for those who may read texts: their reasons quote them."""
    if not visitor.may(Operation.VIEW_PAYLOADS):
        return []
    with desk.parts.telemetry.tx() as tx:
        return tx.judgements(call_id.raw_of(call))


def _rules(desk: Desk, app: str) -> list[str]:
    """The names of the policy rules that the app declares, or all apps do."""
    with desk.parts.control.tx() as tx:
        declared = [one.config for one in tx.apps() if not app or one.config.name == app]
    return sorted({rule.name for config in declared for rule in config.rules})


def _names(desk: Desk, calls: list[Call]) -> Names:
    with desk.parts.control.tx() as tx:
        return name_versions(tx, {(call.app, call.version) for call in calls})


def _more(asked: dict[str, str], cursor: str) -> str:
    """The address of the next page; empty at the end."""
    fields = {name: value for name, value in asked.items() if value}
    return f"/calls?{urlencode({**fields, 'cursor': cursor})}" if cursor else ""
