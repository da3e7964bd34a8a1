"""Files that the user names on the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

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


@contextmanager
def written(path: Path, force: bool) -> Iterator[BinaryIO]:
    """A new file that gets its name when it is whole, and leaves nothing behind otherwise; standard output for `-`.

    InvalidInput when there is one of this name already, unless `force`, or when it cannot be written.
    """
    if str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.exists() and not force:
        raise InvalidInput("the file is there already", where=str(path), mend="name another, or overwrite with --force")
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        what = f"cannot be written: {error.strerror or type(error).__name__}"
        raise InvalidInput(what, where=str(path), mend="name a folder that exists and is yours to write") from None
    finally:
        part.unlink(missing_ok=True)
