"""`serinus schema`."""

from __future__ import annotations

from serinus.cli.options import Json
from serinus.cli.output import print_json
from serinus.files.project_schema import project_schema


def schema(json: Json = False) -> None:
    """The JSON Schema of the project file, for editors that check while you type. Needs no server; always JSON.

    Example: serinus schema > serinus.schema.json
    """
    print_json(project_schema())
