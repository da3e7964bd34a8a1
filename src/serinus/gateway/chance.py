"""Random bytes in small pieces from one large draw: a system call for each call id would be dear."""

from __future__ import annotations

from collections.abc import Callable

_DRAWN_BYTES = 8192


class Chance:
    """Hands out bytes of an injected source, each once."""

    def __init__(self, source: Callable[[int], bytes]) -> None:
        self._source = source
        self._drawn = b""
        self._position = 0

    def take(self, count: int) -> bytes:
        """`count` random bytes (at most 8192)."""
        start = self._position
        end = start + count
        if end > len(self._drawn):
            self._drawn = self._source(_DRAWN_BYTES)
            start, end = 0, count
        self._position = end
        return self._drawn[start:end]
