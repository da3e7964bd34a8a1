"""Files that the user names on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from serinus.core.errors import InvalidInput
from serinus.files.text import MAX_BYTES


def read_file(path: Path) -> bytes:
    """The bytes of a file, or of standard input for `-`; InvalidInput when it cannot be read or has no end."""
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        what = f"cannot be read: {error.strerror or type(error).__name__}"
        raise InvalidInput(what, where=str(path), mend="name a file that exists and is yours to read") from None
