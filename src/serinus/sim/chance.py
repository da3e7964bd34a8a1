"""Reproducible chance: endless numbers drawn from a key, the same for the same key in every process."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import xxhash

_SCALE = 2.0**-53
_T = TypeVar("_T")


class Draws:
    """Numbers of one key: the i-th is the first 53 bits of xxh3_64(key, seed = i) / 2⁵³."""

    __slots__ = ("_key", "_taken")

    def __init__(self, *parts: str | int | bytes) -> None:
        """Parts are joined by 0x1f (text as UTF-8, integers in decimal) and hashed to the 16-byte key."""
        joined = b"\x1f".join(part if isinstance(part, bytes) else str(part).encode() for part in parts)
        self._key = xxhash.xxh3_128_digest(joined)
        self._taken = 0

    @property
    def key_hex(self) -> str:
        """The key as 32 hex digits."""
        return self._key.hex()

    def uniform(self) -> float:
        """The next number, uniform in [0, 1)."""
        self._taken += 1
        return (xxhash.xxh3_64_intdigest(self._key, self._taken) >> 11) * _SCALE

    def below(self, n: int) -> int:
        """The next integer, uniform in [0, n)."""
        return int(self.uniform() * n)

    def pick(self, items: Sequence[_T]) -> _T:
        """One of the items, all alike."""
        return items[int(self.uniform() * len(items))]

    def exponential(self, mean: float) -> float:
        """An exponential waiting time with this mean."""
        return -mean * math.log1p(-self.uniform())

    def log_normal(self, median: float, sigma: float) -> float:
        """A log-normal number: median · exp(sigma · z), z by Box and Muller."""
        radius = math.sqrt(-2.0 * math.log1p(-self.uniform()))
        return median * math.exp(sigma * radius * math.cos(2.0 * math.pi * self.uniform()))
