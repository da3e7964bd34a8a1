"""What a field of a file may hold: names and units as people write them, and how each is told to an editor."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError

from serinus.core.access import APPROVERS, Role, role
from serinus.core.errors import InvalidInput
from serinus.core.metrics import REGISTRY
from serinus.core.notices.kinds import KINDS
from serinus.files import units
from serinus.files.faults import did_you_mean


def _readable(read: Callable[[object], Any]) -> BeforeValidator:
    def validate(value: object) -> Any:
        try:
            return read(value)
        except InvalidInput as error:
            raise _told(error.what, error.mend) from None

    return BeforeValidator(validate)


def _told(what: str, mend: str) -> PydanticCustomError:
    return PydanticCustomError("unit", "{what}", {"what": what, "mend": mend})


def _metric_name(value: object) -> str:
    if value not in REGISTRY:
        raise InvalidInput(f"unknown metric {value!r}", mend=did_you_mean(str(value), REGISTRY))
    return str(value)


def _kind_name(value: object) -> str:
    if value not in KINDS:
        raise InvalidInput(f"unknown kind of notice {value!r}", mend=did_you_mean(str(value), KINDS))
    return str(value)


def _expression(value: object) -> str:
    try:
        return re.compile(str(value)).pattern
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidInput(f"not a regular expression: {error}", mend="escape it, or quote it in YAML") from None


def _role_name(value: object) -> str:
    known = sorted(Role)
    if value not in known:
        raise InvalidInput(f"unknown role {value!r}", mend=did_you_mean(str(value), known))
    if role(str(value)) not in APPROVERS:
        raise InvalidInput(f"a {value} only looks", mend="name a role that answers for it, such as `ml_lead`")
    return str(value)


_DURATION = r"^\s*(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+$"
_SIZE = r"^\s*\d+(\.\d+)?\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)\s*$"
_SHARE = {
    "anyOf": [
        {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%\s*$"},
        {"type": "number", "minimum": 0, "maximum": 1},
    ],
    "description": "A share such as `2.5%`, or a number in [0, 1].",
}


def _text(description: str, **fields: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "description": description, **fields})


_USD = r"^\s*\$\s*\d{1,9}(\.\d{1,9})?\s*$"
_DOLLARS = {
    "anyOf": [{"type": "string", "pattern": _USD}, {"type": "number", "minimum": 0}],
    "description": "US dollars such as `$0.15`.",
}
_BOUND = {
    "anyOf": [
        *_SHARE["anyOf"],
        {"type": "string", "pattern": _DURATION},
        {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*tokens(/s)?\s*$"},
        {"type": "string", "pattern": _USD},
        {"type": "number", "minimum": 0, "maximum": 5},
    ],
    "description": "A value in the metric's unit: `2.5%`, `5s`, `15 tokens/s`, `800 tokens`, `$0.02`, or `0.8`.",
}


def bound(metric: str | None, value: object) -> float:
    """A bound in the unit of a metric; a value error of pydantic for one in another unit. None: an unknown metric, of
    which all is said already."""
    if metric is None:
        return 0.0
    unit = REGISTRY[metric].unit
    try:
        return units.amount(unit, value)
    except InvalidInput as error:
        raise _told(f"{error.what}, and {metric} has the unit {unit}", error.mend) from None


Share = Annotated[float, _readable(units.share), WithJsonSchema(_SHARE)]
Seconds = Annotated[
    float, _readable(units.duration_s), _text("A duration such as `30s`, `5m`, `1h30m`, `2d`.", pattern=_DURATION)
]
Bytes = Annotated[int, _readable(units.size_bytes), _text("A size such as `64KiB`, `8MB`.", pattern=_SIZE)]
Dollars = Annotated[int, _readable(units.usd_nano), WithJsonSchema(_DOLLARS)]
Bound = Annotated[float, WithJsonSchema(_BOUND)]
MetricName = Annotated[str, _readable(_metric_name), _text("A metric.", enum=sorted(REGISTRY))]
KindName = Annotated[str, _readable(_kind_name), _text("A kind of notice.", enum=sorted(KINDS))]
RoleName = Annotated[str, _readable(_role_name), _text("A role.", enum=sorted(APPROVERS))]
RouteName = Literal["release_channel", "on_call", "leads", "owner"]
Expression = Annotated[str, _readable(_expression), _text("A regular expression.", format="regex")]


class Model(BaseModel):
    """Base of what files hold: unknown keys are refused, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
