"""`serinus diff` and `serinus drift`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from serinus.cli.api_client import ApiClient, Document, connect, part
from serinus.cli.apps import AppArgument
from serinus.cli.difference import print_comparison, print_fields
from serinus.cli.failures import REFUSED
from serinus.cli.local_files import read_file
from serinus.cli.options import Json, Key, Url
from serinus.cli.output import console, name_of, plain, print_json
from serinus.cli.project_files import read_project
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.app import AppConfig
from serinus.core.versions.content import canonical
from serinus.core.versions.diff import changes
from serinus.files.version_file import parse_version_file

_NAME = re.compile(r"(.+)-\d{4}-W\d{2}-\d+")
_PROJECT_SUFFIXES = (".yaml", ".yml")
_REF = "Name, digest, its first 8 characters, or `live`."


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help=_REF)],
    after: Annotated[str, typer.Argument(metavar="B", help=_REF)],
    app: Annotated[str, typer.Option("--app", help="The app, where neither name tells it.")] = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """What leads from version A to version B: prompts word by word, all else by field, and the type of release.

    Example: serinus diff support-bot-2026-W47-1 support-bot-2026-W47-2
    """
    named = app or _app_of(before) or _app_of(after)
    if not named:
        raise InvalidInput("neither name tells the app", where="--app", mend="add `--app NAME`")
    with connect(url, key) as api:
        document = api.get(f"/apps/{part(named)}/diff", **{"from": before, "to": after})
    if json:
        print_json(document)
        return
    console().print(f"{plain(name_of(document['before']))} → {plain(name_of(document['after']))}")
    print_comparison(document)


def drift(
    app: AppArgument,
    files: Annotated[list[Path], typer.Argument(help="Version files, and project files (.yaml).")],
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Compare files with what is live: a version file with the live version, a project file with what is declared.

    Exit code 1 when any of them differs, so that CI finds what was changed past the files, or not released yet.

    Example: serinus drift support-bot prompts/support.md serinus.yaml
    """
    with connect(url, key) as api:
        found = [_compared(api, app, file) for file in files]
    drifted = [one for one in found if one["drift"]]
    if json:
        print_json({"drift": bool(drifted), "files": found})
    else:
        for one in found:
            _print(app, one)
    if drifted:
        raise typer.Exit(REFUSED)


def _app_of(name: str) -> str:
    found = _NAME.fullmatch(name)
    return found[1] if found else ""


def _compared(api: ApiClient, app: str, file: Path) -> Document:
    raw = read_file(file)
    if file.suffix in _PROJECT_SUFFIXES:
        return _declared(api, app, file, raw)
    content = canonical(parse_version_file(str(file), raw))
    comparison = api.post(f"/apps/{part(app)}/drift", content)
    return {"file": str(file), "drift": not comparison["same"], "comparison": comparison}


def _declared(api: ApiClient, app: str, file: Path, raw: bytes) -> Document:
    project = read_project(file)
    config = next((one for one in project.apps if one.name == app), None)
    if config is None:
        known = ", ".join(one.name for one in project.apps) or "none"
        raise InvalidInput(f"the file declares no app {app!r}", where=str(file), mend=f"it declares: {known}")
    declared = msgspec.convert({"name": app, **api.get(f"/apps/{part(app)}")["config"]}, AppConfig)
    fields = [msgspec.to_builtins(change) for change in changes(_whole(declared), _whole(config))]
    return {"file": str(file), "drift": bool(fields), "fields": fields}


def _whole(value: Any) -> Any:
    """A core value as JSON with its defaults: what is left out on one side and said on the other is no difference."""
    if isinstance(value, msgspec.Struct):
        return {name: _whole(part) for name, part in msgspec.structs.asdict(value).items()}
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    return [_whole(part) for part in value] if isinstance(value, tuple | list) else value


def _print(app: str, one: Document) -> None:
    if not one["drift"]:
        console().print(f"{plain(one['file'])}: as it is live")
        return
    console().print(f"[bold]{plain(one['file'])}[/bold]: differs from what is live")
    if "fields" in one:
        print_fields(one["fields"])
        console().print("\nbefore: as declared now; after: as in the file")
        return
    comparison = one["comparison"]
    pushed = plain(name_of(comparison["after"])) if comparison["after"] else "not pushed yet"
    console().print(f"{plain(app)} serves {plain(name_of(comparison['before']))}; the file is {pushed}")
    print_comparison(comparison)
