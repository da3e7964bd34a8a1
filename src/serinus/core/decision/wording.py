"""Numbers as people read them in a reason."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage without needless digits."""
    return f"{100 * share:.3g} %"


def span(seconds: float) -> str:
    """A duration in the largest unit that keeps it at 2 or more."""
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def instant(at_us: int) -> str:
    """A time in µs UTC to the minute: `2026-11-21 14:05 UTC`."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def amount(unit: str, value: float) -> str:
    """A value of a metric in its unit: `2.5 %`, `850 ms`, `6.2 s`, `$0.02`, `14.8 tokens/s`, `0.85`."""
    if unit == "share":
        return percent(value)
    if unit == "ms":
        return span(value / 1000) if value >= 1000 else f"{value:.3g} ms"
    if unit == "score":
        return f"{value:.3g}"
    return usd(value) if unit == "usd" else f"{value:.3g} {unit}"


def usd(value: float) -> str:
    """US dollars: `$1,250.00`, `$0.02`, `$0.000123`."""
    if value >= 1 or value == 0:
        return f"${value:,.2f}"
    digits = max(2, 2 - math.floor(math.log10(value)))
    text = f"{value:.{digits}f}"
    whole, _, part = text.partition(".")
    return f"${whole}.{part[:2]}{part[2:].rstrip('0')}"


def odds(log_e: float) -> str:
    """An e-value as odds against 1: 12, 1,000, 10^7."""
    return f"{math.exp(log_e):,.0f}" if log_e < 14 else f"10^{log_e / math.log(10):.0f}"


def rarity(log_e: float) -> str:
    """What an e-value bounds, never made rarer by rounding: `1 in 12`, `1 in 1,000`, `1 in 10^7`."""
    if log_e >= 14:
        return f"1 in 10^{math.floor(log_e / math.log(10))}"
    whole = math.exp(max(0.0, log_e)) * (1 + 1e-6)
    step = 10 ** max(0, math.floor(math.log10(whole)) - 1)
    return f"1 in {math.floor(whole / step) * step:,}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([*([", ".join(words[:-1])] if words[:-1] else []), *words[-1:]])
