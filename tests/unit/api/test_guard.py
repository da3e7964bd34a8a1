"""Who may call what."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute

from serinus.api.guard import Guard
from serinus.core.access import TABLE, Operation

from .conftest import Api


def _routes(api: Api) -> list[APIRoute]:
    found: list[APIRoute] = []
    todo = list(api.client.app.routes)  # type: ignore[attr-defined]
    while todo:
        route = todo.pop()
        if isinstance(route, APIRoute):
            found.append(route)
        todo += getattr(getattr(route, "original_router", None), "routes", [])
    return found


def _operations(route: APIRoute) -> list[Operation]:
    return [one.call.operation for one in route.dependant.dependencies if isinstance(one.call, Guard)]


def test_every_route_but_health_is_guarded_once(api: Api) -> None:
    """No route can be forgotten: each has exactly one operation, and each operation has a route."""
    routes = _routes(api)
    assert len(routes) >= 24
    unguarded = [route.path for route in routes if len(_operations(route)) != 1]
    assert [path.rpartition("/")[2] for path in unguarded] == ["health"]
    assert {op for route in routes for op in _operations(route)} == set(Operation)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic eDp5", "Bearer a b", "x"])
def test_callers_without_a_valid_key_all_get_the_same_answer(api: Api, authorization: str) -> None:
    """Missing, malformed, unknown and revoked keys cannot be told apart."""
    revoked = api.key("admin")
    for key in api.ok("GET", "/keys")["items"]:
        if key["name"] == "somebody":
            api.ok("DELETE", f"/keys/{key['id']}")
    expected = api.ask("GET", "/apps", key=revoked)
    response = api.ask("GET", "/apps", key="", authorization=authorization)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json() == expected.json()


def test_health_needs_no_key(api: Api) -> None:
    """Load balancers hold none."""
    assert api.ask("GET", "/health", key="").json()["status"] == "ok"


@pytest.mark.parametrize(
    ("operation", "method", "path", "body"),
    [
        (Operation.VIEW, "GET", "/apps", None),
        (Operation.VIEW_AUDIT, "GET", "/audit", None),
        (Operation.VERIFY_AUDIT, "POST", "/audit/verify", None),
        (Operation.CONFIGURE_APP, "PUT", "/apps/bot", {}),
        (Operation.CONFIGURE_ENDPOINT, "PUT", "/endpoints/e", {"base_url": "http://h/v1"}),
        (Operation.PUSH_VERSION, "POST", "/apps/bot/versions", {}),
        (Operation.MAKE_LIVE, "POST", "/apps/bot/live", {"version": "v"}),
        (Operation.START_RELEASE, "POST", "/releases", {"app": "bot", "version": "v"}),
        (Operation.PAUSE_RELEASE, "POST", "/releases/rel_1/pause", {}),
        (Operation.RESUME_RELEASE, "POST", "/releases/rel_1/resume", {}),
        (Operation.ABORT_RELEASE, "POST", "/releases/rel_1/abort", {}),
        (Operation.ROLL_BACK_RELEASE, "POST", "/releases/rel_1/rollback", {}),
        (Operation.APPROVE_RELEASE, "POST", "/releases/rel_1/approve", {"evidence": "0" * 64}),
        (Operation.REJECT_RELEASE, "POST", "/releases/rel_1/reject", {}),
        (Operation.RERUN_STAGE, "POST", "/releases/rel_1/rerun", {}),
        (Operation.SET_OVERRIDE, "PUT", "/apps/bot/override", {"version": "v"}),
        (Operation.CLEAR_OVERRIDE, "DELETE", "/apps/bot/override", None),
        (Operation.FREEZE_RELEASES, "PUT", "/freeze", {}),
        (Operation.UNFREEZE_RELEASES, "DELETE", "/freeze", None),
        (Operation.VIEW_KEYS, "GET", "/keys", None),
        (Operation.CREATE_KEY, "POST", "/keys", {"name": "k"}),
        (Operation.REVOKE_KEY, "DELETE", "/keys/key_1", None),
    ],
)
def test_G1_a_route_is_open_to_the_roles_of_its_operation_only(
    api: Api, operation: Operation, method: str, path: str, body: object
) -> None:
    """One role that may is let in (whatever the route then answers); a viewer or a mere caller is not."""
    allowed = sorted(TABLE[operation] | {"admin"})[0]
    assert api.ask(method, path, body, key=api.key(allowed)).status_code != 403
    outsider = api.key() if "viewer" in TABLE[operation] else api.key("viewer")
    response = api.ask(method, path, body, key=outsider)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
