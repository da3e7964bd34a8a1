"""Canonical JSON (RFC 8785) over normalised text: equal content gives equal bytes in every language.

Before encoding, strings and keys become Unicode NFC with LF line ends, so that an editor or a file system cannot
change a digest. Nothing is filled in: a key that is absent stays absent.
"""

from __future__ import annotations

import json
import math
import unicodedata
from decimal import Decimal
from typing import Any

from serinus.core.errors import InvalidInput

MAX_NUMBER = 2**53 - 1  # RFC 7493, section 2.2: beyond it doubles cannot tell whole numbers apart
MAX_DEPTH = 64


def normal_text(text: str) -> str:
    """Unicode NFC with LF line ends. Idempotent."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def normalise(value: Any, where: str = "") -> Any:
    """A copy of a JSON value with normal text and lists for tuples; InvalidInput, naming the place, for what JSON
    cannot hold alike everywhere: NaN, infinities, numbers beyond ±(2⁵³ − 1), lone surrogates, keys that collide."""
    return _normalise(value, where, 0)


def _normalise(value: Any, where: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise InvalidInput(f"nested deeper than {MAX_DEPTH} levels", where=where, mend="flatten it")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, int | float):
        return _number(value, where)
    if isinstance(value, dict):
        return _object(value, where, depth)
    if isinstance(value, list | tuple):
        return [_normalise(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    raise InvalidInput(
        f"{type(value).__name__} is not a JSON value", where=where, mend="use text, numbers, lists, maps"
    )


def _text(value: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidInput("half of a surrogate pair", where=where, mend="save the file as UTF-8") from None
    return normal_text(value)


def _number(value: int | float, where: str) -> int | float:
    if not math.isfinite(value):
        raise InvalidInput(f"{value} is not a finite number", where=where, mend="leave it out")
    if abs(value) > MAX_NUMBER:
        raise InvalidInput("number beyond ±(2^53 − 1)", where=where, mend="write it as a string")
    return value


def _object(value: dict[Any, Any], where: str, depth: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise InvalidInput(f"key {key!r} is not text", where=where, mend="put it in quotes")
        name = _text(key, where)
        if name in result:
            raise InvalidInput(f"key {name!r} occurs twice", where=where, mend="keep one of them")
        result[name] = _normalise(item, f"{where}.{name}" if where else name, depth + 1)
    return result


def encode(value: Any) -> bytes:
    """The canonical bytes of a JSON value; InvalidInput as in `normalise`. Idempotent over parsing."""
    return _write(normalise(value)).encode()


def _write(value: Any) -> str:
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{_quoted(key)}:{_write(item)}" for key, item in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_write, value)) + "]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return number_text(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    # json escapes exactly what RFC 8785, 3.2.2.2 asks for once non-ASCII is left alone.
    return json.dumps(text, ensure_ascii=False)


def number_text(value: float) -> str:
    """A finite double as ECMAScript prints it (RFC 8785, 3.2.2.3; ECMA-262, Number::toString)."""
    if value == 0:
        return "0"
    digits, point = _decimal(abs(value))
    return ("-" if value < 0 else "") + _placed(digits, point)


def _decimal(value: float) -> tuple[str, int]:
    """The shortest digits that read back as this double, and where the decimal point stands after them."""
    _, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)
    return text.rstrip("0"), point


def _placed(digits: str, point: int) -> str:
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    fraction = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"
