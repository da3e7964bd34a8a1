"""What a request cost, told or estimated."""

from __future__ import annotations

import pytest

from serinus.core.judging.answer import Answer, Fault, FaultKind, Price

PRICE = Price(input=1.0, output=10.0)  # 1,000 and 10,000 nano-USD a token
BODY = 400


@pytest.mark.parametrize(
    ("tokens_in", "tokens_out", "cost"),
    [
        (100, 20, (300_000, 0)),
        (-1, -1, (200_000 + 50_000, 250_000)),
        (100, -1, (100_000 + 50_000, 50_000)),
        (0, 0, (250_000, 250_000)),
    ],
)
def test_I2_tokens_that_nobody_tells_are_estimated_from_bytes(
    tokens_in: int, tokens_out: int, cost: tuple[int, int]
) -> None:
    """Two bytes a token, which is rather too many tokens; a request or an answer of no tokens is not believed."""
    answer = Answer(text="twelve €", latency_ms=1.0, tokens_in=tokens_in, tokens_out=tokens_out)
    assert PRICE.cost(BODY, answer) == cost


def test_I2_an_empty_answer_takes_no_tokens() -> None:
    """Its request does."""
    assert PRICE.cost(BODY, Answer(text="", latency_ms=1.0, tokens_in=7, tokens_out=0)) == (7_000, 0)


@pytest.mark.parametrize(
    ("kind", "status", "costs"),
    [
        ("timeout", 0, True),
        ("upstream_error", 0, True),
        ("garbage", 200, True),
        ("unreachable", 0, False),
        ("rate_limited", 429, False),
        ("request_refused", 401, False),
        ("upstream_error", 503, False),
        ("timeout", 408, False),
    ],
)
def test_I2_a_request_that_the_provider_had_may_cost(kind: FaultKind, status: int, costs: bool) -> None:
    """One that it refused, or never saw, does not."""
    cost = PRICE.cost(BODY, Fault(kind=kind, text="", status=status))
    assert cost == ((200_000, 200_000) if costs else (0, 0))
