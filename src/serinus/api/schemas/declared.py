"""The base of what a caller may send."""

import re

from pydantic import BaseModel, ConfigDict, field_validator
from pydantic_core import PydanticCustomError

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Declared(BaseModel):
    """Base of what a caller may send: unknown fields and control characters (but tabs and line ends) are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="after")
    @classmethod
    def _without_control(cls, value: object) -> object:
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and _CONTROL.search(text) for text in texts):
            raise PydanticCustomError("control_character", "control characters are not allowed")
        return value
