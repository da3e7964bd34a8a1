"""The lease of candidate shares: a 32-byte file beside the snapshot that the host agent renews.

Dead-man switch: without renewal within `Release.lease_s` of the monotonic clock, or before the first renewal seen
after a worker's start, workers serve the baseline only.
"""

from __future__ import annotations

import struct
import zlib

_LAYOUT = struct.Struct("<4sIQQQ")
_MAGIC = b"SLS1"
SIZE = _LAYOUT.size


def encode(counter: int, renewed_mono_ns: int, boot: int) -> bytes:
    """Lease bytes: magic, CRC-32 of the rest, renewal counter, the host's monotonic ns at the renewal, boot tag."""
    rest = struct.pack("<QQQ", counter, renewed_mono_ns, boot)
    return _LAYOUT.pack(_MAGIC, zlib.crc32(rest), counter, renewed_mono_ns, boot)


def decode(raw: bytes) -> tuple[int, int, int] | None:
    """(counter, renewed_mono_ns, boot), or None for anything that is not a whole, intact lease."""
    if len(raw) != SIZE:
        return None
    magic, crc, counter, renewed, boot = _LAYOUT.unpack(raw)
    if magic != _MAGIC or crc != zlib.crc32(raw[8:]):
        return None
    return counter, renewed, boot


def valid(renewed_mono_ns: int, now_mono_ns: int, lease_s: float) -> bool:
    """Whether a lease renewed at `renewed_mono_ns` still holds."""
    return 0 <= now_mono_ns - renewed_mono_ns < lease_s * 1e9
