"""Who may put files of kept texts in the place of others: one at a time, over all processes of a machine."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = ".lock"


@contextmanager
def held(root: Path) -> Iterator[bool]:
    """Whether the turn was free; then it is held until the end. It ends with the process too."""
    descriptor = os.open(root / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)
