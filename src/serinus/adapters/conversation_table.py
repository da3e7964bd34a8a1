"""The `conversations` file of a host: where conversations began, for callers that do not send our token back.

A table of 16-byte entries (key, note of the beginning; little-endian u64) mapped by all workers. Best effort: a full
bucket forgets one of its entries, and two workers may write one at the same time. The token is the exact way.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

ENTRIES = 1 << 16
_WAYS = 4
_ENTRY = struct.Struct("<QQ")
_SIZE = ENTRIES * _ENTRY.size


class ConversationTable:
    """Conversations in a mapped file, made when it is not there. Raises OSError when there is no room for it."""

    def __init__(self, path: Path) -> None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, _SIZE)
            self._map = mmap.mmap(fd, _SIZE)
        finally:
            os.close(fd)

    def started(self, key: int, note: int) -> int:
        """What is noted for `key`; notes and returns `note` when there is nothing."""
        key = key or 1  # an entry of zeros is free
        first = (key & (ENTRIES - 1) & -_WAYS) * _ENTRY.size
        free = -1
        for offset in range(first, first + _WAYS * _ENTRY.size, _ENTRY.size):
            known, started = _ENTRY.unpack_from(self._map, offset)
            if known == key:
                return int(started)
            if not known and free < 0:
                free = offset
        if free < 0:
            free = first + (key >> 32) % _WAYS * _ENTRY.size
        _ENTRY.pack_into(self._map, free, key, note)
        return note

    def close(self) -> None:
        """Unmap."""
        self._map.close()
