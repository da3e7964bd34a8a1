"""Every error has one status, and every refusal is a problem document."""

from __future__ import annotations

import importlib
import pkgutil
from typing import NoReturn

import pytest

import serinus
from serinus.api.problems import STATUS, status_of
from serinus.core.errors import SerinusError, StoreUnavailable

from .conftest import Api

# The gateway answers its callers in the providers' own error format (core.wire); the rest never meets the API.
_ELSEWHERE = ("serinus.cli", "serinus.demo", "serinus.core.wire", "serinus.gateway")


def _all_errors() -> list[type[SerinusError]]:
    for module in pkgutil.walk_packages(serinus.__path__, "serinus."):
        if not module.name.startswith(_ELSEWHERE) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, todo = list[type[SerinusError]](), [SerinusError]
    while todo:
        following = [sub for sub in todo.pop().__subclasses__() if not sub.__module__.startswith(_ELSEWHERE)]
        found += following
        todo += following
    return found


def test_the_map_from_error_to_status_is_total() -> None:
    """Each error class has a status of its own or of its nearest ancestor below SerinusError."""
    errors = _all_errors()
    assert len(errors) >= len(STATUS)
    for error in errors:
        assert any(ancestor in STATUS for ancestor in error.__mro__), error
        assert 400 <= status_of(error) < 600, error


def test_codes_are_told_apart() -> None:
    """No two error classes share a code, except where a subclass keeps its parent's."""
    owners: dict[str, type[SerinusError]] = {}
    for error in _all_errors():
        owner = owners.setdefault(error.code, error)
        assert issubclass(error, owner) or issubclass(owner, error), (error, owner)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/apps/nobody", None, 404, "not_found"),
        ("GET", "/nothing/here", None, 404, "not_found"),
        ("PATCH", "/apps/bot", None, 405, "method_not_allowed"),
        ("PUT", "/apps/bot", {"unti": "user"}, 422, "invalid_input"),
        ("PUT", "/apps/Big", {}, 422, "invalid_input"),
        ("PUT", "/endpoints/sim", {"base_url": "ftp://x"}, 422, "invalid_input"),
        ("POST", "/apps/bot/versions", {"endpoint": "sim"}, 422, "invalid_input"),
        ("POST", "/releases/rel_0/pause", {"reason": "x"}, 404, "not_found"),
        ("GET", "/releases?limit=0", None, 422, "invalid_input"),
        ("GET", "/releases?state=asleep", None, 422, "invalid_input"),
        ("GET", "/audit?cursor=%00garbage", None, 422, "invalid_input"),
    ],
)
def test_every_refusal_is_a_problem_document(
    api: Api, method: str, path: str, body: object, status: int, code: str
) -> None:
    """Status, media type and members of RFC 9457, with a stable code."""
    response = api.ask(method, path, body)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    document = response.json()
    assert document["status"] == status
    assert document["code"] == code
    assert document["detail"]


def test_bad_json_is_a_problem_that_does_not_repeat_it(api: Api) -> None:
    """What was sent may hold a secret; the refusal tells only where it is broken."""
    headers = {"authorization": f"Bearer {api.admin}", "content-type": "application/json"}
    for raw in (b'{"name": "s3cret', b"\xff\xfe s3cret", b'["s3cret"]', b'"s3cret"'):
        response = api.client.post("/api/v1/keys", content=raw, headers=headers)
        assert response.status_code in (400, 422)
        assert response.headers["content-type"] == "application/problem+json"
        assert "s3cret" not in response.text


def test_numbers_without_a_value_are_refused(api: Api) -> None:
    """NaN is larger than nothing and smaller than nothing: no check would stop it."""
    headers = {"authorization": f"Bearer {api.admin}", "content-type": "application/json"}
    for number in ("NaN", "Infinity"):
        response = api.client.put("/api/v1/apps/bot", content=f'{{"overdue_s": {number}}}', headers=headers)
        assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


def test_a_version_whose_prompt_does_not_compile_is_refused(api: Api) -> None:
    """An undeclared variable is found at the push and not by the first user."""
    api.prepared()
    body = {"endpoint": "sim", "model": "m", "messages": [{"role": "user", "template": "{{ who }}"}]}
    response = api.ask("POST", "/apps/bot/versions", body)
    assert (response.status_code, response.json()["code"]) == (422, "template_error")
    assert "who" in response.json()["detail"]


def test_a_body_above_the_limit_is_refused_while_it_arrives(api: Api) -> None:
    """100 MB are answered 413 with and without a length header, and not kept."""
    headers = {"authorization": f"Bearer {api.admin}"}
    declared = api.client.post("/api/v1/keys", content=b"x" * (13 << 20), headers=headers)
    chunks = (b"x" * (1 << 20) for _ in range(100))
    streamed = api.client.post("/api/v1/keys", content=chunks, headers=headers)
    for response in (declared, streamed):
        assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_a_store_that_is_away_is_a_503_with_retry_after(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients are told to come back; nothing else of the failure is told."""

    def away(epoch: int | None = None) -> NoReturn:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr(api.control, "tx", away)
    response = api.ask("GET", "/apps")
    assert (response.status_code, response.json()["code"]) == (503, "store_unavailable")
    assert response.headers["retry-after"] == "1"


def test_what_nobody_foresaw_is_a_500_that_tells_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of an unforeseen error may hold anything; it stays inside."""

    def broken(epoch: int | None = None) -> NoReturn:
        raise RuntimeError("password=s3cret")

    monkeypatch.setattr(api.control, "tx", broken)
    response = api.ask("GET", "/apps")
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert "s3cret" not in response.text
