"""The page of an app: what is live, what is declared, its versions and its releases."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from serinus.console.monitor_view import monitor_lines
from serinus.console.page import Desk
from serinus.console.plan_words import plan_facts
from serinus.console.release_view import judged_now
from serinus.console.visitor import Visitor
from serinus.control.lookup import app_of
from serinus.control.name_versions import name_versions
from serinus.control.start_release import active_release
from serinus.core.access import Operation
from serinus.core.pipeline.notifications import Route as NoticeRoute
from serinus.ports.control_store import Page

VERSIONS = 25
RELEASES = 10


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/apps/{app}`."""

    def show(request: Request, visitor: Visitor) -> Response:
        name, cursor = request.path_params["app"], request.query_params.get("cursor", "")
        with desk.parts.control.tx() as tx:
            state = app_of(tx, name)
            versions, following = tx.versions(name, Page(cursor=cursor, limit=VERSIONS))
            releases, _ = tx.releases(Page(limit=RELEASES), name)
            digests = {digest for release in releases for digest in (release.candidate, release.control)}
            digests |= {version.digest for version in versions}
            named = name_versions(tx, [(name, digest) for digest in (*digests, state.live, state.override)])
            monitors = monitor_lines(tx, name, desk.parts.clock.now_us())
            active = active_release(tx, name)
        config, plan = state.config, state.config.plan
        return desk.page(
            request, "app.html", visitor,
            state=state, config=config, plan=plan, versions=versions, following=following, releases=releases,
            names=named, monitors=monitors, app_name=name, active=active,
            judges=judged_now(desk.parts, name, desk.parts.clock.now_us()),
            **plan_facts(plan, config.rules),
            told={r.value: [t.reference for t in config.notifications.targets(r)] for r in NoticeRoute},
        )  # fmt: skip

    return [Route("/apps/{app}", desk.view(Operation.VIEW, show))]
