"""Which sixteenth of users the events of a minute come from, so that nobody's storm of failing calls is taken for an
ill provider.

Units are told apart by their hash, in PARTS parts, as counts of those add up over seconds, hosts and restarts with no
memory of units. Kept encoded, as rollups carry them to the stores and back.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

PARTS = 16
NOT_TOLD = bytes(8)
"""The unit of a call that has none: it belongs to no part."""

EventParts = dict[int, dict[int, int]]
"""Event bit, or that of a slow answer (`unit_measures.bit_of`) → part → calls with it."""


def part_of(unit: bytes) -> int | None:
    """The part that a unit belongs to; None for no unit."""
    return None if unit == NOT_TOLD else unit[-1] % PARTS


def encode(parts: EventParts) -> bytes | None:
    """As the stores keep it; None: there were none."""
    return msgspec.msgpack.encode(parts) if parts else None


def decode(raw: bytes | None) -> EventParts:
    """What was encoded; none of a row that an earlier agent wrote."""
    return msgspec.msgpack.decode(raw, type=EventParts) if raw else {}


def merge_encoded(left: bytes | None, right: bytes | None) -> bytes | None:
    """Both added up: commutative and associative."""
    if not left or not right:
        return left or right
    found = decode(left)
    for bit, parts in decode(right).items():
        mine = found.setdefault(bit, {})
        for part, count in parts.items():
            mine[part] = mine.get(part, 0) + count
    return encode(found)


def counts(encoded: Iterable[bytes | None], bit: int) -> tuple[int, ...]:
    """Calls with this event by part, PARTS of them, over several rollups; nothing where none tells any."""
    found = [0] * PARTS
    for raw in encoded:
        for part, count in decode(raw).get(bit, {}).items():
            found[part % PARTS] += count
    return tuple(found) if any(found) else ()
