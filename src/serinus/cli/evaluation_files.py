"""Suites, data sets and endpoints that the user names on the command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from serinus.cli.local_files import read_file
from serinus.cli.project_files import beside, read_project
from serinus.core.errors import InvalidInput
from serinus.core.routing.snapshot import Endpoint
from serinus.files.suite_file import SuiteFile, parse_suite_file

_PROJECT = Path("serinus.yaml")
_ENDPOINT = re.compile(r"([a-z0-9][a-z0-9._-]{0,62})=(https?://[^\s@,]+)(?:,([A-Za-z_][A-Za-z0-9_]*))?")


def load_suite(file: Path) -> SuiteFile:
    """A suite file with the files that it names, by paths beside it."""
    return parse_suite_file(str(file), read_file(file), beside(file))


def open_project(project: Path | None, given: list[str]) -> dict[str, Endpoint]:
    """The endpoints of a project file (`serinus.yaml`, where there is one and none is named) and of the options."""
    file = project or (_PROJECT if _PROJECT.is_file() else None)
    found: dict[str, Endpoint] = {}
    if file is not None:
        found = {endpoint.name: endpoint for endpoint in read_project(file).endpoints}
    for text in given:
        read = _ENDPOINT.fullmatch(text)
        if read is None:
            raise InvalidInput(f"{text!r} is no endpoint", where="--endpoint", mend="NAME=URL or NAME=URL,KEY_VARIABLE")
        found[read[1]] = Endpoint(name=read[1], base_url=read[2], api_key_env=read[3] or "")
    return found


def endpoint_named(item: dict[str, Any]) -> Endpoint:
    """An endpoint of the API."""
    return msgspec.convert(item, Endpoint)
