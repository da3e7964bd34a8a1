"""Whether a judge can be reached: one that is away is left alone for a while, and then asked for one call at a time."""

from __future__ import annotations

import msgspec

MISSES = 3
"""So many calls, and no other one in between, that a judge did not answer: it is away, and not one of them too much for
it."""
_FIRST_REST_S = 10.0
_LONGEST_REST_S = 60.0


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """`missed`: the first calls that it did not answer since it answered one; `rest_s`: for how long it is left alone
    (0: it is not), until `until_us`."""

    missed: frozenset[bytes] = frozenset()
    rest_s: float = 0.0
    until_us: int = 0

    @property
    def away(self) -> bool:
        """Whether it has missed so many that the next one only finds out whether it is back."""
        return self.rest_s > 0

    def rests(self, now_us: int) -> bool:
        """Whether nothing is asked of it now. A clock that is set back lengthens no rest."""
        return self.until_us - self.rest_s * 1e6 <= now_us < self.until_us


def after_miss(known: Reach, call: bytes, now_us: int) -> Reach:
    """Each rest is twice as long as the last. What was on its way when one began makes it no longer."""
    missed = known.missed if known.away else known.missed | {call}
    if known.rests(now_us) or len(missed) < MISSES:
        return msgspec.structs.replace(known, missed=missed)
    rest_s = min(_LONGEST_REST_S, 2 * known.rest_s) or _FIRST_REST_S
    return Reach(missed=missed, rest_s=rest_s, until_us=now_us + round(rest_s * 1e6))
