"""Start a release from a version: what it would be and see, then the act itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from serinus.console.form import MAX_REASON, Form
from serinus.console.once import do_once, fresh_number
from serinus.console.page import Desk
from serinus.console.plan_words import plan_facts
from serinus.console.start_view import StartView, start_view
from serinus.console.visitor import Visitor
from serinus.control.forecast_release import refuse_blind
from serinus.control.request_release import request_release
from serinus.control.start_release import active_release, plan_to_see
from serinus.core.access import Operation
from serinus.core.errors import InvalidInput
from serinus.core.versions.release_type import BASE_RISK
from serinus.core.versions.risk import MODIFIERS, RiskWord
from serinus.ports.control_store import ControlStore

SALT_BYTES = 16
_MOST = 16
_PATH = "/apps/{app}/versions/{version}/release"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """What was typed already, and what is wrong with it."""

    reason: str = ""
    acknowledge: str = ""
    set_aside: str = ""
    fault: InvalidInput | None = None


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/apps/{app}/versions/{version}/release`: GET asks, POST does."""
    parts = desk.parts

    def page(request: Request, visitor: Visitor, view: StartView, filled: _Filled) -> Response:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if filled.fault else HTTPStatus.OK
        return desk.page(
            request, "start.html", visitor,
            status=status, view=view, filled=filled, app=view.state.config.name, once=fresh_number(parts),
            types=BASE_RISK, modifiers=MODIFIERS,
            **plan_facts(view.plan, view.state.config.rules),
        )  # fmt: skip

    def seen(request: Request, word: RiskWord) -> StartView:
        return start_view(parts, request.path_params["app"], request.path_params["version"], word)

    def ask(request: Request, visitor: Visitor) -> Response:
        return page(request, visitor, seen(request, _asked(request)), _Filled())

    def do(request: Request, visitor: Visitor, form: Form) -> Response:
        app, version = request.path_params["app"], request.path_params["version"]
        acknowledged, set_aside = form.text("acknowledge"), form.text("set_aside")
        word = _said(form)
        view = seen(request, word)
        try:
            reason = form.reason()
            _check_length("acknowledge", acknowledged)
            _check_length("set_aside", set_aside)
            _check_length("type_reason", word.reason)
            _refuse_unacknowledged(view, acknowledged)
            _refuse_tried(view, set_aside)
        except InvalidInput as fault:
            filled = _Filled(reason=form.text("reason"), acknowledge=acknowledged, set_aside=set_aside, fault=fault)
            return page(request, visitor, view, filled)
        now_us = parts.clock.now_us()
        with parts.control.tx() as tx:
            plan = plan_to_see(tx, app, version, word)
        refuse_blind(parts.calls, now_us, app, plan, acknowledged)
        told = f"{reason}; acknowledged: {acknowledged}" if acknowledged else reason

        def start(store: ControlStore) -> object:
            salt = parts.random_bytes(SALT_BYTES).hex()
            return request_release(
                store, now_us, visitor.actor, parts.ids, salt, app, version, told, parts.telemetry, set_aside, word
            )

        do_once(parts, visitor, form, start)
        with parts.control.tx() as tx:
            active = active_release(tx, app)
        place = f"/releases/{active.id}" if active else f"/apps/{app}"
        return RedirectResponse(f"{place}?done=release", HTTPStatus.SEE_OTHER)

    return [
        Route(_PATH, desk.view(Operation.START_RELEASE, ask), methods=["GET"]),
        Route(_PATH, desk.act(Operation.START_RELEASE, do), methods=["POST"]),
    ]


def _asked(request: Request) -> RiskWord:
    """What the address says of the risk, so that its way is seen before it is gone."""
    query = request.query_params
    names = tuple(dict.fromkeys(query.getlist("modifier")[:_MOST]))
    return RiskWord(type=query.get("type", ""), reason=query.get("type_reason", ""), modifiers=names)


def _said(form: Form) -> RiskWord:
    names = form.text("modifiers")
    return RiskWord(
        type=form.text("type"), reason=form.text("type_reason"), modifiers=tuple(names.split(",")) if names else ()
    )


def _check_length(field: str, text: str) -> None:
    if len(text) > MAX_REASON:
        raise InvalidInput(
            f"{len(text):,} characters are more than {MAX_REASON:,}", where=field, mend="say it in fewer words"
        )


def _refuse_unacknowledged(view: StartView, acknowledged: str) -> None:
    if view.to_acknowledge and not acknowledged:
        raise InvalidInput(
            "what the plan cannot see is not acknowledged",
            where="acknowledge",
            mend="say why it is right all the same",
        )


def _refuse_tried(view: StartView, set_aside: str) -> None:
    if view.objection and not set_aside:
        raise InvalidInput(
            "what an earlier attempt showed still counts",
            where="set_aside",
            mend="say why that was not the candidate's fault, or change what harmed",
        )
