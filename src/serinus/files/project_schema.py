"""The JSON Schema of the project file: for editors, and for whoever writes one by a program."""

from __future__ import annotations

from typing import Any

from serinus.files.project_model import ProjectModel
from serinus.files.yaml_nodes import parse_yaml

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "Serinus project file"


def project_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of `serinus.yaml`. What it accepts may still be refused: shares that do not grow, say."""
    schema: dict[str, Any] = _readable(ProjectModel.model_json_schema(by_alias=True))
    return {"$schema": DIALECT, **schema, "title": TITLE}


def _readable(part: Any) -> Any:
    """Without what only programs wrote: titles made of names, nulls for what is left out, examples as text."""
    if isinstance(part, list):
        return [_readable(one) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {name: value for name, value in part.items() if name != "discriminator" and not _is_noise(name, value)}
    ways = [way for way in kept.get("anyOf", ()) if way != {"type": "null"}]
    if len(ways) == 1:
        kept = {**{name: value for name, value in kept.items() if name != "anyOf"}, **ways[0]}
    if isinstance(kept.get("examples"), list):
        kept["examples"] = [_example(one) for one in kept["examples"]]
    return {name: value if name == "examples" else _readable(value) for name, value in kept.items()}


def _is_noise(name: str, value: object) -> bool:
    """A title is noise where it is a text; a property of that name is not."""
    return (name == "title" and isinstance(value, str)) or (name == "default" and _is_empty(value))


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, dict) and not any(value.values()))


def _example(text: object) -> object:
    return parse_yaml("example", text).plain() if isinstance(text, str) else text
