"""What a version answered to a case, or why there is no answer."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from serinus.core.routing import price as routing

_NANO = 10**9
_BYTES_A_TOKEN = 2
"""Of UTF-8: English has about four, other scripts two to three; so an estimate is rather too high."""
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

    @property
    def may_cost(self) -> bool:
        """Whether the provider had the request and may bill it: an answer that came too late, or could not be read."""
        return self.status == 200 or (not self.status and self.kind in ("timeout", "upstream_error"))


class Cost(NamedTuple):
    """Nano-USD, and how much of it is estimated, since the provider did not say how many tokens there were."""

    nano: int = 0
    estimated_nano: int = 0

    def plus(self, other: Cost) -> Cost:
        """Both."""
        return Cost(self.nano + other.nano, self.estimated_nano + other.estimated_nano)


NO_COST = Cost()


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens."""

    input: float
    output: float

    def cost_nano(self, tokens_in: int, tokens_out: int) -> int:
        """Nano-USD for these tokens, as of any call; unknown ones (−1) cost nothing."""
        exact = routing.Price(input=round(self.input * _NANO), output=round(self.output * _NANO))
        return exact.cost_nano(max(tokens_in, 0), max(tokens_out, 0))

    def cost(self, request_bytes: int, outcome: Answer | Fault) -> Cost:
        """What a request of so many bytes cost that came to this. Tokens that the provider did not tell, or of which it
        told none where there must be some, are estimated from bytes; a fault costs nothing unless it `may_cost`."""
        if isinstance(outcome, Fault):
            lost = self.cost_nano(_tokens_at_most(request_bytes), 0) if outcome.may_cost else 0
            return Cost(lost, lost)
        told_in, told_out = max(outcome.tokens_in, 0), max(outcome.tokens_out, 0)
        tokens_in = told_in or _tokens_at_most(request_bytes)
        tokens_out = told_out or _tokens_at_most(len(outcome.text.encode("utf-8", "replace")))
        nano = self.cost_nano(tokens_in, tokens_out)
        return Cost(nano, nano - self.cost_nano(told_in, told_out))


def _tokens_at_most(size: int) -> int:
    return -(-size // _BYTES_A_TOKEN)


def listed(price: routing.Price | None) -> Price | None:
    """The price of a model as a suite would declare it; None for none."""
    return Price(input=price.input / _NANO, output=price.output / _NANO) if price else None
