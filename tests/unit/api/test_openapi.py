"""The API describes itself completely."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from serinus.core.access import TABLE, Operation, Role

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
        assert all(media["schema"] for a in good for media in a["content"].values()), name
        assert all(p.get("description") for p in operation.get("parameters", []) if p["in"] != "path"), name
        if name != "get /api/v1/health":
            assert operation["security"] == [{"key": []}], name
            assert {"401", "403", "422"} <= set(operation["responses"]), name
            for status, answer in operation["responses"].items():
                if status >= "4":
                    told = {kind: media["schema"]["$ref"] for kind, media in answer["content"].items()}
                    assert told == {"application/problem+json": "#/components/schemas/Problem"}, (name, status)
    assert {"code", "detail", "where", "mend"} <= set(document["components"]["schemas"]["Problem"]["properties"])


def test_operation_ids_are_unique_and_changes_take_idempotency_keys(api: Api) -> None:
    """Client generators rely on the first; retries rely on the second."""
    operations = _operations(api.client.get("/api/v1/openapi.json").json())
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)
    for name, operation in operations:
        if name.startswith("post") and not name.endswith(("/verify", "/drift")):
            assert "idempotency-key" in [parameter["name"] for parameter in operation["parameters"]], name


def test_no_page_loads_anything_from_elsewhere(api: Api) -> None:
    """The description is JSON; there is no page with scripts of a CDN."""
    assert api.client.get("/docs").status_code == 404
    assert api.client.get("/redoc").status_code == 404


REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "api.md"


def test_every_route_is_documented(api: Api) -> None:
    """The reference names each route."""
    text = REFERENCE.read_text(encoding="utf-8")
    paths = api.client.get("/api/v1/openapi.json").json()["paths"]
    routes = [f"`{method.upper()} {path.removeprefix('/api/v1')}`" for path, ways in paths.items() for method in ways]
    assert not [route for route in routes if route not in text]


def test_G1_the_table_of_roles_is_documented_as_it_is() -> None:
    """Each operation stands in the reference with exactly the roles that the one table gives it."""
    shown: dict[str, set[str]] = {}
    for line in REFERENCE.read_text(encoding="utf-8").split("## Roles")[1].split("##")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            for operation in cells[0].replace("`", "").split(", "):
                shown[operation] = {role for role in cells[1].replace("`", "").split(", ") if role}
    everybody = {operation for operation in Operation if TABLE[operation] == frozenset(Role)}
    assert {operation.value for operation in everybody} == {"view", "view_audit", "verify_audit"}
    for operation in set(Operation) - everybody:
        assert shown.pop(operation.value) == {role.value for role in TABLE[operation] - {Role.ADMIN}}, operation
    assert shown == {}
