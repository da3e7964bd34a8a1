"""What each level of risk asks for, as the project file writes it."""

from __future__ import annotations

from typing import Any

import msgspec

from serinus.core.pipeline.risk import Demands, RiskRules
from serinus.files.project_model import DemandsModel, RiskModel

_IN_SECONDS = frozenset({"shadow_dwell", "canary_floor", "canary"})


def risk_rules_of(model: RiskModel) -> RiskRules:
    """Core's value: each key that is left out has the house default of its level."""
    house = RiskRules()
    given: dict[str, Any] = model.model_dump(include={"canary_up_to"}, exclude_none=True)
    return RiskRules(
        medium=_demands(house.medium, model.medium),
        high=_demands(house.high, model.high),
        critical=_demands(house.critical, model.critical),
        **given,
    )


def _demands(house: Demands, model: DemandsModel) -> Demands:
    given = model.model_dump(exclude_none=True)
    values = {f"{key}_s" if key in _IN_SECONDS else key: value for key, value in given.items()}
    lists = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return msgspec.structs.replace(house, **lists)
