"""Readable thresholds: `above 3%`, `below 15 tokens/s`, `baseline + 20%`, `baseline − 2 points`, `baseline × 1.25`."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.threshold import Threshold
from serinus.files import units

Side = Literal["above", "below"]

_SIDE = re.compile(r"(above|below|>|<)?\s*(.+)", re.ASCII)
_RELATIVE = re.compile(r"baseline\s*([-+−×x*])\s*(.+)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_PERCENT = re.compile(r"(-?\d+(?:\.\d+)?)\s*%", re.ASCII)
_POINTS = re.compile(r"(\d+(?:\.\d+)?)\s*points?", re.ASCII)
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*calls/s", re.ASCII)
_SIDES: dict[str, Side] = {"above": "above", ">": "above", "below": "below", "<": "below"}
_LONGEST = 60
_MEND = "write `above 3%` or `below 25 tokens/s`, or against the baseline `baseline + 20%`, `baseline − 2 points`"


class Mark(NamedTuple):
    """A threshold as it was read, and the unit that its text tells: of a number without one, empty."""

    threshold: Threshold
    unit: str


def mark(unit: str | None, text: str, width: float = 1.0) -> Mark:
    """The threshold in a text. `unit` None: its number comes from a query, and may be a percentage or plain. `width`:
    of a score's scale, of which a point is a hundredth. InvalidInput says what is wrong with it."""
    found = _SIDE.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        raise InvalidInput(f"{text[:_LONGEST]!r} is not a threshold", where="threshold", mend=_MEND)
    side = _SIDES.get(found[1] or "")
    relative = _RELATIVE.fullmatch(found[2])
    if relative is not None:
        return Mark(_against(unit, side, relative[1], relative[2].strip(), width), unit or "")
    if side is None:
        raise InvalidInput(f"{text!r} does not say on which side", where="threshold", mend=_MEND)
    bound, told = _amount(unit, found[2])
    return Mark(Threshold(side=side, bound=bound), told)


def _against(unit: str | None, side: Side | None, sign: str, rest: str, width: float) -> Threshold:
    factor, bound = 1.0, 0.0
    percent, points = _PERCENT.fullmatch(rest), _POINTS.fullmatch(rest)
    if sign in "×x*":
        if not _NUMBER.fullmatch(rest) or float(rest) <= 0:
            raise InvalidInput(f"{rest!r} is no factor", where="threshold", mend="write `baseline × 1.25`")
        factor = float(rest)
    elif percent:
        factor = round(1 + _signed(sign, float(percent[1])) / 100, 12)
    elif points:
        if unit not in ("share", "score", None):
            raise InvalidInput("only shares and scores have points", where="threshold", mend="write `baseline + 20%`")
        bound = _signed(sign, float(f"{points[1]}e-2") * width)
    else:
        bound = _signed(sign, _amount(unit, rest)[0])
    return Threshold(side=side or ("above" if factor > 1 or bound > 0 else "below"), factor=factor, bound=bound)


def _signed(sign: str, value: float) -> float:
    return value if sign == "+" else -value


def _amount(unit: str | None, text: str) -> tuple[float, str]:
    if unit is None:
        if percent := _PERCENT.fullmatch(text):
            return float(f"{percent[1]}e-2"), "share"
        if not _NUMBER.fullmatch(text):
            raise InvalidInput(
                f"{text!r} is neither a number nor a percentage",
                where="threshold",
                mend="write `above 120`, in what the query gives, or `above 3%`",
            )
        return float(text), ""
    if unit == "calls/s":
        if rate := _RATE.fullmatch(text):
            return float(rate[1]), unit
        raise InvalidInput(f"{text!r} is not a rate", where="threshold", mend="write `below 5 calls/s`")
    try:
        return units.amount(unit, text), unit
    except InvalidInput as error:
        what = f"{error.what}, and the metric has the unit {unit}"
        raise InvalidInput(what, where="threshold", mend=error.mend) from None
