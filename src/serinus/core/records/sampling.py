"""Which calls belong to a sample: by the hash of the call's id, so that all arms are sampled alike and a smaller sample
lies within a larger one."""

from __future__ import annotations

import xxhash

_ALL = 1 << 64


def below(share: float) -> int:
    """The bound under which the hashes of this share of all calls lie."""
    return round(share * _ALL)


def sampled(raw: bytes, bound: int) -> bool:
    """Whether the call with these 48 bytes of id is in the sample."""
    return xxhash.xxh3_64_intdigest(raw) < bound
