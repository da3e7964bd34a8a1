"""What a version answered to a case, or why there is no answer."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.routing import price as routing

_NANO = 10**9
FaultKind = Literal["timeout", "unreachable", "rate_limited", "upstream_error", "request_refused", "garbage"]
RETRIED: frozenset[FaultKind] = frozenset({"timeout", "unreachable", "rate_limited", "upstream_error"})


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A model's answer. Tokens are −1 where the provider did not say."""

    text: str
    latency_ms: float
    refused: bool = False
    finish: str = ""
    tokens_in: int = -1
    tokens_out: int = -1


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no answer. `retry_after_s`: what the provider asked for (0: nothing); `status` 0 without one."""

    kind: FaultKind
    text: str
    status: int = 0
    retry_after_s: float = 0.0


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens."""

    input: float
    output: float

    def cost_nano(self, tokens_in: int, tokens_out: int) -> int:
        """Nano-USD for these tokens, as of any call; unknown ones (−1) cost nothing."""
        exact = routing.Price(input=round(self.input * _NANO), output=round(self.output * _NANO))
        return exact.cost_nano(max(tokens_in, 0), max(tokens_out, 0))


def listed(price: routing.Price | None) -> Price | None:
    """The price of a model as a suite would declare it; None for none."""
    return Price(input=price.input / _NANO, output=price.output / _NANO) if price else None
