"""What a shadow stage judges its pairs by, as the project file writes it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from serinus.core.pipeline.peak import AUTO
from serinus.files.fields import Model, Share

PairedName = Literal[
    "call.error", "call.refusal", "call.invalid_format", "call.policy_violation", "call.zero_tolerance"
]
Role = Literal["guardrail", "signal", "info"]


class PairGuardrailModel(Model):
    """A sequential comparison over pairs."""

    metric: PairedName = Field(examples=["call.invalid_format"])
    max_ratio: float | None = Field(default=None, examples=["1.25"])
    design_ratio: float | None = Field(default=None, examples=["2"])
    role: Role | None = Field(default=None, examples=["guardrail"])
    dry_run: bool | None = None
    weight: float | None = Field(default=None, examples=["1"])


class PairLimitModel(Model):
    """An absolute rate over pairs."""

    metric: PairedName = Field(examples=["call.policy_violation"])
    above: Share = Field(examples=["2%"])
    min_pairs: int | None = Field(default=None, ge=1, examples=["200"])


class MeasureModel(Model):
    """A ratio of sizes over pairs."""

    measure: Literal["latency", "ttft", "tokens_out", "cost", "length"] = Field(examples=["cost"])
    max_ratio: float | None = Field(default=None, examples=["1.15"])
    role: Role | None = Field(default=None, examples=["signal"])


class PeakModel(Model):
    """A window of peak traffic."""

    hours: str = Field(examples=['"09:00-17:00"'])
    days: str | None = Field(default=None, examples=["mon-fri"])
    zone: str | None = Field(default=None, examples=["Europe/Berlin"])
    min_units: int | None = Field(default=None, ge=1, examples=["100"])

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str | None) -> str | None:
        try:
            return zone if zone is None else ZoneInfo(zone).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            told = {"what": f"there is no time zone {zone!r}", "mend": "use an IANA name, such as `Europe/Berlin`"}
            raise PydanticCustomError("unit", "{what}", told) from None


def _whole(value: object) -> Any:
    return {"hours": AUTO} if value == AUTO else value


Peak = Annotated[
    PeakModel,
    BeforeValidator(_whole),
    WithJsonSchema({"anyOf": [{"const": AUTO}, PeakModel.model_json_schema()], "description": PeakModel.__doc__}),
]
