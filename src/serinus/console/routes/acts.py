"""Acts with consequences: a page that says what follows and asks for a reason, then the act itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from serinus.console.answer_acts import answer_acts
from serinus.console.form import Form
from serinus.console.incident_acts import incident_acts
from serinus.console.once import do_once, fresh_number
from serinus.console.page import Desk
from serinus.console.plain_act import Facts, Plain
from serinus.console.release_acts import ACTS, ReleaseAct, roles_to_sign, stages_to_rerun
from serinus.console.release_view import release_view
from serinus.console.suspicion_acts import suspicion_acts
from serinus.console.visitor import Visitor
from serinus.control.acknowledge_notice import acknowledge_notice
from serinus.control.clear_override import clear_override
from serinus.control.freeze_releases import freeze_releases
from serinus.control.lookup import app_of, version_of
from serinus.control.name_versions import name_of, name_versions
from serinus.control.set_override import set_override
from serinus.core.access import Operation
from serinus.core.errors import InvalidInput, NotFound
from serinus.ports.control_store import ControlStore


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """GET asks, POST does."""
    found: list[BaseRoute] = []
    for path, plain in _acts(desk).items():
        ask, do = _plain_views(desk, plain)
        found += [
            Route(path, desk.view(plain.operation, ask), methods=["GET"]),
            Route(path, desk.act(plain.operation, do), methods=["POST"]),
        ]
    for act in ACTS.values():
        path = f"/releases/{{id}}/{act.name}"
        asked, done = _release_views(desk, act)
        found += [
            Route(path, desk.view(act.operation, asked), methods=["GET"]),
            Route(path, desk.act(act.operation, done), methods=["POST"]),
        ]
    return found


def _acts(desk: Desk) -> dict[str, Plain]:
    return {**_plain(), **suspicion_acts(), **answer_acts(desk), **incident_acts(desk.parts)}


def _release_views(desk: Desk, act: ReleaseAct) -> tuple[Callable[..., Response], Callable[..., Response]]:
    def ask(request: Request, visitor: Visitor, fault: InvalidInput | None = None, reason: str = "") -> Response:
        view = release_view(desk.parts, request.path_params["id"])
        choices = roles_to_sign(view, visitor) if act.signs else ()
        return desk.page(
            request, "release_act.html", visitor,
            status=HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK,
            act=act, view=view, fault=fault, reason=reason, once=fresh_number(desk.parts),
            possible=act.is_possible(view, visitor), roles=choices,
            stages=stages_to_rerun(view) if act.name == "rerun" else (),
        )  # fmt: skip

    def do(request: Request, visitor: Visitor, form: Form) -> Response:
        id = request.path_params["id"]
        try:
            form.reason()
        except InvalidInput as error:
            return ask(request, visitor, error, form.text("reason"))
        now_us = desk.parts.clock.now_us()
        do_once(desk.parts, visitor, form, lambda store: act.do(store, now_us, visitor, id, form))
        return RedirectResponse(f"/releases/{id}?done={act.name}", HTTPStatus.SEE_OTHER)

    return ask, do


def _plain_views(desk: Desk, act: Plain) -> tuple[Callable[..., Response], Callable[..., Response]]:
    def ask(
        request: Request, visitor: Visitor, fault: InvalidInput | None = None, reason: str = "", word: str = ""
    ) -> Response:
        place = _place(request)
        values: dict[str, Any] = {"facts": act.facts(desk, place), "back": act.back(place), "word": word}
        status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
        return desk.page(
            request, "act.html", visitor,
            status=status, act=act, fault=fault, reason=reason, once=fresh_number(desk.parts), **values,
        )  # fmt: skip

    def do(request: Request, visitor: Visitor, form: Form) -> Response:
        place, word = _place(request), form.text(act.field.name) if act.field else ""
        try:
            if act.field:
                act.field.check(word)
            form.reason()
        except InvalidInput as error:
            return ask(request, visitor, error, form.text("reason"), word)
        now_us = desk.parts.clock.now_us()
        do_once(desk.parts, visitor, form, lambda store: act.do(store, now_us, visitor, place, form))
        return RedirectResponse(f"{act.back(place)}?done={act.name}", HTTPStatus.SEE_OTHER)

    return ask, do


def _place(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in request.path_params.items()}


def _plain() -> dict[str, Plain]:
    def pin(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
        return set_override(store, now_us, visitor.actor, place["app"], place["version"], form.reason())

    def unpin(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
        return clear_override(store, now_us, visitor.actor, place["app"], form.reason())

    def freeze(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
        return freeze_releases(store, now_us, visitor.actor, True, form.reason())

    def unfreeze(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
        return freeze_releases(store, now_us, visitor.actor, False, form.reason())

    def acknowledge(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
        return acknowledge_notice(store, now_us, visitor.actor, int(place["id"]), form.reason())

    return {
        "/apps/{app}/versions/{version}/pin": Plain(
            name="pin",
            operation=Operation.SET_OVERRIDE,
            button="Pin all traffic",
            title="Pin all traffic to this version",
            says="Everybody gets this version at once, without a deployment, until the pin is cleared. A release in "
            "progress compares nothing meanwhile and is paused.",
            do=pin,
            facts=_version_facts,
            back=_app_path,
            tone="danger",
        ),
        "/apps/{app}/unpin": Plain(
            name="unpin",
            operation=Operation.CLEAR_OVERRIDE,
            button="Clear the pin",
            title="Clear the pin",
            says="The app serves its live version again, at once.",
            do=unpin,
            facts=_app_facts,
            back=_app_path,
            tone="primary",
        ),
        "/freeze": Plain(
            name="freeze",
            operation=Operation.FREEZE_RELEASES,
            button="Freeze all releases",
            title="Freeze all releases",
            says="No release of any app starts, takes a step or is promoted until this is lifted. Shares stay as they "
            "are, and rollbacks go on by themselves.",
            do=freeze,
            facts=_freeze_facts,
            back=lambda _: "/",
            tone="danger",
        ),
        "/unfreeze": Plain(
            name="unfreeze",
            operation=Operation.UNFREEZE_RELEASES,
            button="Let releases go on",
            title="Let releases go on",
            says="Releases start, take their steps and are promoted again, as their plans say.",
            do=unfreeze,
            facts=_freeze_facts,
            back=lambda _: "/",
            tone="primary",
        ),
        "/notices/{id:int}/acknowledge": Plain(
            name="acknowledge",
            operation=Operation.ACKNOWLEDGE_NOTICE,
            button="I look into it",
            title="Acknowledge this notice",
            says="You tell the others that somebody looks into it. It does not escalate any more.",
            do=acknowledge,
            facts=_notice_facts,
            back=lambda _: "/",
            tone="primary",
        ),
    }


def _app_path(place: dict[str, str]) -> str:
    return f"/apps/{place['app']}"


def _app_facts(desk: Desk, place: dict[str, str]) -> Facts:
    with desk.parts.control.tx() as tx:
        state = app_of(tx, place["app"])
        app = state.config.name
        names = name_versions(tx, [(app, digest) for digest in (state.live, state.override)])
    facts = [("App", app), ("Live version", names.label(app, state.live) or "none")]
    return [*facts, ("Pinned to", names.label(app, state.override) or "nothing")]


def _version_facts(desk: Desk, place: dict[str, str]) -> Facts:
    with desk.parts.control.tx() as tx:
        version = version_of(tx, place["app"], place["version"])
        label = name_of(tx, version).label
    return [*_app_facts(desk, place), ("This version", label), ("Digest", version.digest)]


def _freeze_facts(desk: Desk, place: dict[str, str]) -> Facts:
    with desk.parts.control.tx() as tx:
        found, active = tx.freeze(), tx.active_releases()
    frozen = f"by {found.actor}" + (f": {found.reason}" if found.reason else "") if found else "no"
    return [("Frozen", frozen), ("Releases on their way", str(len(active)))]


def _notice_facts(desk: Desk, place: dict[str, str]) -> Facts:
    with desk.parts.control.tx() as tx:
        notice = tx.notice(int(place["id"]))
    if notice is None:
        raise NotFound(f"no notice {place['id']}", where="notice", mend="go to the overview")
    return [("App", notice.app), ("What", notice.kind.replace("_", " ")), ("Why", notice.body)]
