"""What a release does about suspicions (product.md H4)."""

from __future__ import annotations

import math

import msgspec

from serinus.core.errors import InvalidInput


class SuspicionRules(msgspec.Struct, frozen=True, kw_only=True):
    """`confirm_within_s`: how long a suspected violation of the candidate waits for an answer before it rolls back."""

    confirm_within_s: float = 900.0


def check_suspicions(rules: SuspicionRules) -> None:
    """Refuse a time in which nobody, or everybody, could answer; InvalidInput names the field."""
    if not 0 < rules.confirm_within_s < math.inf:
        raise InvalidInput(
            f"confirm_within of {rules.confirm_within_s:g} s",
            where="plan.suspicions.confirm_within_s",
            mend="use more than 0, such as 15m",
        )
