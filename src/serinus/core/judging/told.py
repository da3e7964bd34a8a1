"""The JSON tree of a value without what says nothing: a field that is absent and one that is given its default are the
same, and a field that a later Serinus adds changes no digest."""

from __future__ import annotations

import functools
from typing import Any

import msgspec


def told(value: Any) -> Any:
    """Structs as objects (with their tags) without fields that hold their defaults; lists and maps gone through."""
    if isinstance(value, msgspec.Struct):
        kept = {
            name: told(given)
            for field, name, default in _fields(type(value))
            if (given := getattr(value, field)) is not default and given != default
        }
        config = type(value).__struct_config__
        return {config.tag_field: config.tag, **kept} if config.tag_field else kept
    if isinstance(value, dict):
        return {key: told(item) for key, item in value.items()}
    return [told(item) for item in value] if isinstance(value, list | tuple) else value


@functools.lru_cache(maxsize=64)
def _fields(kind: type[msgspec.Struct]) -> list[tuple[str, str, Any]]:
    """Name, name on the wire, and default (NODEFAULT: required)."""
    found = []
    for field in msgspec.structs.fields(kind):
        factory = field.default_factory
        default = field.default if factory is msgspec.NODEFAULT else factory()
        found.append((field.name, field.encode_name, default))
    return found
