"""The project file that the user names, and the files that a file names itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from serinus.adapters.clock import SystemClock
from serinus.adapters.genai_table import GenaiPrices
from serinus.cli.local_files import read_file
from serinus.core.errors import InvalidInput
from serinus.files.dataset_file import MAX_BYTES
from serinus.files.project_file import Project, parse_project_file


def read_project(file: Path) -> Project:
    """The project; InvalidFile with every fault."""
    return parse_project_file(str(file), read_file(file), beside(file), GenaiPrices(SystemClock().now_us))


def beside(file: Path) -> Callable[[str], bytes]:
    """What reads the files that `file` names, by their paths from its folder; InvalidInput when one cannot be read."""

    def load(name: str) -> bytes:
        path = file.parent / name
        try:
            if path.stat().st_size > MAX_BYTES:
                raise InvalidInput("is too large", where=name, mend=f"at most {MAX_BYTES:,} bytes")
            return path.read_bytes()
        except OSError as error:
            what = f"cannot be read: {error.strerror or type(error).__name__}"
            raise InvalidInput(what, where=name, mend=f"paths are read from the folder of {file.name}") from None

    return load
