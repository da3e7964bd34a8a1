"""Faster steps as the project file writes them."""

from __future__ import annotations

from collections.abc import Sequence

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.acceleration import Acceleration, Pace
from serinus.core.pipeline.monitor import Monitor
from serinus.files.project_model import AccelerateModel
from serinus.files.thresholds import mark


def acceleration_of(model: AccelerateModel, monitors: Sequence[Monitor]) -> Acceleration:
    """Core's value; thresholds are read in the unit of their monitor. InvalidInput names the place in a plan."""
    units = {monitor.name: monitor.unit for monitor in monitors}
    given = model.model_dump(include={"clean_releases", "cut", "up_to", "later_cut"}, exclude_none=True)
    when = tuple(_pace(i, name, text, units.get(name)) for i, (name, text) in enumerate(model.when.items()))
    return Acceleration(**given, first_dwell_s=model.first_dwell, when=when)


def _pace(index: int, name: str, text: str, unit: str | None) -> Pace:
    try:
        return Pace(monitor=name, threshold=mark(unit or None, text).threshold)
    except InvalidInput as error:
        raise InvalidInput(f"{name}: {error.what}", where=f"plan.accelerate.when[{index}]", mend=error.mend) from None
