"""What a release does about suspicions (product.md H4)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from serinus.core.decision.wording import span
from serinus.core.errors import InvalidInput

DECLARED_LEAST_S = 60.0
"""A project file that asks for less means something else: nobody reads an answer and decides in seconds."""
HASTY_S, LONG_S = 300.0, 3600.0
"""From where to where nothing has to be said of it; the on-call has 15 minutes."""


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


def check_declared_suspicions(rules: SuspicionRules) -> None:
    """Refuse what a person cannot have meant; InvalidInput names the field and the reason."""
    if rules.confirm_within_s < DECLARED_LEAST_S:
        raise InvalidInput(
            f"within {span(rules.confirm_within_s)} nobody can read the answer and decide: every suspicion would roll "
            "the release back unseen",
            where="plan.suspicions.confirm_within_s",
            mend=f"use {span(DECLARED_LEAST_S)} or more, such as 15m; what needs no person is a rule with "
            "`zero_tolerance: true`",
        )


def suspicion_concerns(rules: SuspicionRules) -> Iterator[str]:
    """What to know of a time that is allowed."""
    within = span(rules.confirm_within_s)
    if rules.confirm_within_s < HASTY_S:
        yield (
            f"suspicions: `confirm_within` is {within}: a person who has to be told, to read the answer and to decide "
            "in that time mostly will not, and the release rolls back; 15m is usual"
        )
    elif rules.confirm_within_s > LONG_S:
        yield (
            f"suspicions: `confirm_within` is {within}: so long users of the candidate go on getting answers of a "
            "version that is suspected; 15m is usual"
        )
