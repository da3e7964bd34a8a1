"""How a release stands, on the wire."""

from __future__ import annotations

import msgspec

from serinus.api.schemas.standing import StandingView
from serinus.core.decision.standing import Standing


def shown_standing(now: Standing) -> StandingView:
    """The standing of a release. Rates and ages that nobody knows are null, never 0."""
    return StandingView.model_validate(msgspec.to_builtins(now))
