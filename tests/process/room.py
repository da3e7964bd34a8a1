"""A disk that is full for one process: no file of its own may grow beyond a limit until that is lifted."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def limited(pid: int, limit_bytes: int) -> Iterator[Callable[[], None]]:
    """Writes beyond this fail (EFBIG, as ENOSPC would) until the yielded function is called. What is allocated stays
    usable, as on a full disk."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)

    def lift() -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))

    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield lift
    finally:
        lift()
