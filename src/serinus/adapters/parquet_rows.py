"""Rows of a struct type in Parquet: their columns, and the SQL that turns them into one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec
import orjson

T = TypeVar("T", bound=msgspec.Struct)

_TYPES: dict[Any, str] = {str: "VARCHAR", int: "BIGINT", bool: "BOOLEAN", int | None: "BIGINT"}


class Rows(Generic[T]):
    """The columns of one struct type. `insert` selects the rows of a JSON document given as `$1`, `names` its columns
    for a SELECT, `none` is a relation of these columns without rows."""

    def __init__(self, row_type: type[T]) -> None:
        self._row_type = row_type
        fields = msgspec.structs.fields(row_type)
        self._newer = {field.name for field in fields if not field.required}
        self.columns = {field.name: _TYPES.get(field.type, "VARCHAR[]") for field in fields}
        structure = orjson.dumps({name: f"{kind}[]" for name, kind in self.columns.items()}).decode()
        unnested = ", ".join(f"unnest(batch.{name}) AS {name}" for name in self.columns)
        self.insert = f"SELECT {unnested} FROM (SELECT from_json($1::VARCHAR, '{structure}') AS batch)"  # noqa: S608
        self.names = ", ".join(self.columns)
        nulls = ", ".join(f"NULL::{kind} AS {name}" for name, kind in self.columns.items())
        self.none = f"(SELECT {nulls} LIMIT 0)"

    def document(self, rows: Sequence[T]) -> str:
        """Rows as the JSON document that `insert` reads."""
        return orjson.dumps({name: [getattr(row, name) for row in rows] for name in self.columns}).decode()

    def read(self, found: Sequence[tuple[Any, ...]]) -> list[T]:
        """Rows of a SELECT of `names`."""
        return [msgspec.convert(self._told(row), self._row_type) for row in found]

    def source(self, files: str) -> str:
        """A relation of all rows in the files that a parameter names. Columns that an older Serinus did not write are
        null there."""
        found = f"SELECT * FROM read_parquet({files}, union_by_name = true)"  # noqa: S608 - constants
        return f"(SELECT * FROM {self.none} UNION ALL BY NAME {found})"  # noqa: S608 - constants

    def _told(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """Without the nulls where the type has a default."""
        named = zip(self.columns, row, strict=True)
        return {name: value for name, value in named if value is not None or name not in self._newer}
