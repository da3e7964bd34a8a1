"""The API describes itself completely."""

from __future__ import annotations

from typing import Any

from .conftest import Api


def _operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_is_described(api: Api) -> None:
    """Each has an id, a summary, a text, an answer with a schema, and its problems."""
    document = api.client.get("/api/v1/openapi.json").json()
    operations = _operations(document)
    assert len(operations) >= 24
    for name, operation in operations:
        assert operation["operationId"], name
        assert operation["summary"], name
        assert operation.get("description") or "{id}" in name, name
        good = [a for status, a in operation["responses"].items() if status.startswith("2")]
        assert all(a["content"]["application/json"]["schema"] for a in good), name
        assert all(p.get("description") for p in operation.get("parameters", []) if p["in"] != "path"), name
        if name != "get /api/v1/health":
            assert operation["security"] == [{"key": []}], name
            assert {"401", "403", "422"} <= set(operation["responses"]), name
            for status, answer in operation["responses"].items():
                if status >= "4":
                    assert "application/problem+json" in answer["content"], (name, status)


def test_operation_ids_are_unique_and_changes_take_idempotency_keys(api: Api) -> None:
    """Client generators rely on the first; retries rely on the second."""
    operations = _operations(api.client.get("/api/v1/openapi.json").json())
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)
    for name, operation in operations:
        if name.startswith("post") and not name.endswith("/verify"):
            assert "idempotency-key" in [parameter["name"] for parameter in operation["parameters"]], name


def test_no_page_loads_anything_from_elsewhere(api: Api) -> None:
    """The description is JSON; there is no page with scripts of a CDN."""
    assert api.client.get("/docs").status_code == 404
    assert api.client.get("/redoc").status_code == 404
