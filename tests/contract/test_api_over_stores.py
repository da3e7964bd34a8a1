"""The API over every kind of store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from serinus.adapters.clock import SystemClock, system_random
from serinus.control.create_key import create_key
from serinus.core.ids import IdSource
from tests.api_app import api_app
from tests.conftest import Place

CONTENT = {"endpoint": "sim", "model": "m", "messages": [{"role": "system", "template": "Be kind."}]}
PLAN = {
    "owner": "ada",
    "steps": [{"share": 0.05, "dwell_s": 60}, {"share": 1.0, "dwell_s": 60}],
    "limits": [{"metric": "call.error", "above": 0.1}],
}


@pytest.fixture
def client(place: Place) -> Iterator[TestClient]:
    """An API over a fresh store, as an admin."""
    clock = SystemClock()
    ids = IdSource(clock.now_us, system_random)
    control, telemetry = place.open()
    _, key = create_key(control, clock.now_us(), "test", ids, system_random(32), "root", ("admin",), ())
    app = api_app(
        control=control, telemetry=telemetry, clock=clock, ids=ids, random_bytes=system_random, wake=lambda: None
    )
    headers = {"authorization": f"Bearer {key}"}
    with TestClient(app, "http://test/api/v1", raise_server_exceptions=False, headers=headers) as opened:
        yield opened


def _prepared(client: TestClient) -> str:
    client.put("/endpoints/sim", json={"base_url": "http://127.0.0.1:9/v1"})
    client.put("/apps/bot", json={"plan": PLAN})
    first = client.post("/apps/bot/versions", json=CONTENT).json()["name"]
    assert client.post("/apps/bot/live", json={"version": first}).status_code == 200
    return str(client.post("/apps/bot/versions", json={**CONTENT, "model": "n"}).json()["name"])


def test_a_release_is_done_once_on_every_store(client: TestClient) -> None:
    """A use-case and its remembered answer share one transaction, whatever the database."""
    body = {"app": "bot", "version": _prepared(client)}
    answers = [client.post("/releases", json=body, headers={"idempotency-key": "k"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.text for answer in answers}) == 1
    release = answers[0].json()["id"]
    paused = client.post(f"/releases/{release}/pause", json={"reason": "a"}, headers={"idempotency-key": "p"})
    assert paused.json()["state"] == "paused"
    assert client.get(f"/releases/{release}").json()["standing"]["dwell"]["needed_s"] == 60
    assert client.post("/audit/verify").json()["whole"] is True


@pytest.mark.parametrize(
    "path", ["/apps/%00", "/apps/bot/versions/%00", "/releases/%00", "/releases?app=%00", "/audit?subject=%00"]
)
def test_what_a_database_cannot_hold_is_not_found_or_refused(client: TestClient, path: str) -> None:
    """NUL in an address never becomes a failure of the server."""
    assert client.get(path).status_code in (200, 404, 422)


@pytest.mark.parametrize("text", ["\x00", "\x1b[2J", "\u0085"])
def test_control_characters_in_reasons_are_refused(client: TestClient, text: str) -> None:
    """They would reach terminals and pages of others."""
    response = client.post("/releases", json={"app": "bot", "version": "v", "reason": f"a{text}"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _mutated(body: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A good body in which one field is anything."""
    return st.tuples(st.sampled_from(sorted(body)), _JSON).map(lambda change: {**body, change[0]: change[1]})


_REQUESTS = st.one_of(
    st.tuples(st.just(("PUT", "/apps/other")), st.builds(lambda plan: {"plan": plan}, _mutated(PLAN)) | _JSON),
    st.tuples(st.just(("PUT", "/endpoints/other")), _mutated({"base_url": "http://h/v1", "ca_file": ""}) | _JSON),
    st.tuples(st.just(("POST", "/apps/bot/versions")), _mutated({**CONTENT, "parameters": {}}) | _JSON),
    st.tuples(st.just(("POST", "/releases")), _mutated({"app": "bot", "version": "v", "reason": ""}) | _JSON),
    st.tuples(st.just(("POST", "/keys")), _mutated({"name": "k", "roles": [], "apps": []}) | _JSON),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=_REQUESTS)
def test_no_body_makes_the_api_fail(client: TestClient, request: tuple[tuple[str, str], Any]) -> None:
    """Any JSON in any body is done or refused with a problem document; never a 500."""
    (method, path), body = request
    raw = json.dumps(body).encode()
    response = client.request(method, path, content=raw, headers={"content-type": "application/json"})
    assert response.status_code < 500, (raw, response.text)
    assert response.is_success or response.json()["code"]
