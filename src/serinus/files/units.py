"""Readable units: shares as `2.5%`, durations as `1h30m`, sizes as `8MB`."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from serinus.core.decision.wording import usd
from serinus.core.errors import InvalidInput

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)\s*(ms|s|m|h|d))", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)", re.ASCII)
_BYTES = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%", re.ASCII)
_SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*tokens/s", re.ASCII)
_TOKENS = re.compile(r"(\d+(?:\.\d+)?)\s*tokens", re.ASCII)
_USD = re.compile(r"\$?\s*(\d{1,9}(?:\.\d{1,9})?)", re.ASCII)
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_LONGEST = 40
_NANO = 10**9


def share(value: object) -> float:
    """A share in [0, 1] from `2.5%` or a number in [0, 1]; InvalidInput for anything else."""
    mend, given = "write `5%` or `0.05`", value
    if isinstance(value, str) and len(value) <= _LONGEST:
        found = _PERCENT.fullmatch(value.strip())
        # By exponent, so that `1.53%` is the float of 0.0153; arithmetic on floats misses it.
        value = float(f"{found[1]}e-2") if found else value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInput(f"{_shown(given)} is not a share", where="share", mend=mend)
    if not 0 <= value <= 1:
        raise InvalidInput(f"{_shown(given)} is not between 0% and 100%", where="share", mend=mend)
    return float(value)


def duration_s(value: object) -> float:
    """Seconds from `500ms`, `30s`, `5m`, `1h30m` or `2d`; InvalidInput for anything else, bare numbers included."""
    mend = "write a number with its unit: `30s`, `5m`, `2h`, `1h30m`"
    text = value.strip() if isinstance(value, str) else ""
    parts = _DURATION.findall(text) if len(text) <= _LONGEST else []
    if not parts or _DURATION.sub("", text).strip():
        raise InvalidInput(f"{_shown(value)} is not a duration", where="duration", mend=mend)
    units = [unit for _, unit in parts]
    if units != sorted(set(units), key=lambda unit: -_SECONDS[unit]):
        raise InvalidInput(f"{_shown(value)} repeats or mixes up its units", where="duration", mend=mend)
    return math.fsum(float(number) * _SECONDS[unit] for number, unit in parts)


def size_bytes(value: object) -> int:
    """Bytes from `64KiB`, `8MB` or `1GiB`; InvalidInput for anything else, bare numbers included."""
    text = value.strip() if isinstance(value, str) else ""
    found = _SIZE.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise InvalidInput(f"{_shown(value)} is not a size", where="size", mend="write `64KiB`, `8MB` or `1GiB`")
    return round(float(found[1]) * _BYTES[found[2]])


def speed_per_s(value: object) -> float:
    """Tokens per second from `15 tokens/s`; InvalidInput for anything else, bare numbers included."""
    text = value.strip() if isinstance(value, str) else ""
    found = _SPEED.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise InvalidInput(f"{_shown(value)} is not a speed", where="speed", mend="write `15 tokens/s`")
    return float(found[1])


def tokens(value: object) -> float:
    """Tokens from `800 tokens`; InvalidInput for anything else, bare numbers included."""
    text = value.strip() if isinstance(value, str) else ""
    found = _TOKENS.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise InvalidInput(f"{_shown(value)} is not a number of tokens", where="tokens", mend="write `800 tokens`")
    return float(found[1])


def score(value: object) -> float:
    """A score on its own scale from `0.8` or `4.2`, or in percent of a scale from 0 to 1; InvalidInput for anything
    else."""
    text = value.strip() if isinstance(value, str) else str(value) if type(value) in (int, float) else ""
    if len(text) <= _LONGEST and (_NUMBER.fullmatch(text) or _PERCENT.fullmatch(text)):
        return float(f"{text[:-1].strip()}e-2") if text.endswith("%") else float(text)
    raise InvalidInput(f"{_shown(value)} is not a score", where="score", mend="write `0.8`, or `80%` of a scale to 1")


def usd_nano(value: object) -> int:
    """Nano-USD from `$0.15` or a number of dollars, exactly: nine decimals at most; InvalidInput for anything else."""
    text = value.strip() if isinstance(value, str) else str(value) if type(value) in (int, float) else ""
    found = _USD.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise InvalidInput(f"{_shown(value)} is not an amount of US dollars", where="usd", mend="write `$0.15`")
    return int(Decimal(found[1]) * _NANO)


def amount(unit: str, value: object) -> float:
    """A value of a metric in this unit: a share from `2.5%`, ms from `5s`, tokens/s from `15 tokens/s`, tokens from
    `800 tokens`, dollars from `$0.02`, a score from `0.8` or `80%`; InvalidInput for anything else."""
    match unit:
        case "share":
            return share(value)
        case "ms":
            return duration_s(value) * 1000
        case "tokens/s":
            return speed_per_s(value)
        case "tokens":
            return tokens(value)
        case "usd":
            return usd_nano(value) / _NANO
        case "score":
            return score(value)
    raise ValueError(f"no metric has the unit {unit!r}")


def amount_text(unit: str, value: float) -> str:
    """A value of a metric as a file has it: `2.5%`, `1.5s`, `15 tokens/s`, `$0.02`."""
    if unit == "share":
        return percent_text(value)
    if unit == "ms":
        return f"{value / 1000:g}s" if value >= 1000 else f"{value:g}ms"
    if unit == "score":
        return f"{value:g}"
    return usd(value) if unit == "usd" else f"{value:g} {unit}"


def percent_text(value: float) -> str:
    """A share as people read it: `5%`, `2.5%`, `0.01%`."""
    return f"{value * 100:.6g}%"


def duration_text(seconds: float) -> str:
    """A duration as people read it, its two largest units: `45s`, `5m`, `1h30m`, `2d4h`."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms" if seconds > 0 else "0s"
    left, parts = round(seconds), []
    for unit in ("d", "h", "m", "s"):
        number, left = divmod(left, int(_SECONDS[unit]))
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts[:2])


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
