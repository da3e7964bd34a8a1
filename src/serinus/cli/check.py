"""`serinus check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serinus.cli.failures import REFUSED, tell
from serinus.cli.local_files import read_file
from serinus.cli.options import Json
from serinus.cli.output import print_json
from serinus.core.errors import InvalidInput
from serinus.core.versions.content import digests
from serinus.files.faults import InvalidFile
from serinus.files.project_file import parse_project_file
from serinus.files.version_file import parse_version_file

_PROJECT_SUFFIXES = (".yaml", ".yml")


def check(
    files: Annotated[list[Path], typer.Argument(help="Project files (.yaml) and version files (any other).")],
    json: Json = False,
) -> None:
    """Check files without sending them anywhere; every fault with file, line, what and how to mend it.

    Example: serinus check serinus.yaml prompts/*.md
    """
    faults: list[InvalidInput] = []
    for file in files:
        try:
            said = _checked(file)
        except InvalidFile as error:
            faults += error.faults
        except InvalidInput as error:
            faults.append(error)
        else:
            if not json:
                print(f"{file}: {said}")
    if json:
        print_json({"ok": not faults, "faults": [{"what": f.what, "where": f.where, "mend": f.mend} for f in faults]})
    else:
        for fault in faults:
            tell(fault)
    if faults:
        raise typer.Exit(REFUSED)


def _checked(file: Path) -> str:
    """What a sound file holds."""
    raw = read_file(file)
    if file.suffix in _PROJECT_SUFFIXES:
        project = parse_project_file(str(file), raw)
        return f"good: {len(project.endpoints)} endpoints, {len(project.apps)} apps"
    return f"good: version {digests(parse_version_file(str(file), raw)).version[:12]}"
