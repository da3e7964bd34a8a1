"""List prices from the data in the package: known ones exactly, unknown ones not at all, and nobody asked."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price

from serinus.adapters.genai_table import GenaiPrices

NOW_US = 1_763_000_000_000_000
OPENAI = "https://api.openai.com/v1"


@pytest.mark.parametrize("tokens", [(1000, 100, 0), (1_234_567, 3, 1000), (7, 1, 7)])
@pytest.mark.parametrize(
    ("url", "model"),
    [
        (OPENAI, "gpt-4o-mini"),
        (OPENAI, "gpt-4o-2024-08-06"),
        ("https://api.anthropic.com/v1", "claude-sonnet-4-5"),
        ("https://generativelanguage.googleapis.com/v1beta", "gemini-2.5-pro"),
    ],
)
def test_the_price_is_the_packages_own_tiers_included(url: str, model: str, tokens: tuple[int, int, int]) -> None:
    """Against the package's own calculation, to the nano-dollar."""
    price = GenaiPrices(lambda: NOW_US).price(url, model)
    assert price is not None
    assert price.table.startswith("genai-prices ")
    usage = Usage(input_tokens=tokens[0], output_tokens=tokens[1], cache_read_tokens=tokens[2])
    expected = calc_price(usage, model, provider_api_url=url).total_price * 10**9
    assert abs(Decimal(price.cost_nano(*tokens)) - expected) <= Decimal("0.5")


@pytest.mark.parametrize(("url", "model"), [("http://127.0.0.1:9000/v1", "gpt-4o"), (OPENAI, "sim-large")])
def test_an_unknown_provider_or_model_has_no_price(url: str, model: str) -> None:
    """A model's name alone does not say who sells it."""
    assert GenaiPrices(lambda: NOW_US).price(url, model) is None


def test_importing_and_asking_starts_no_thread_and_opens_no_socket() -> None:
    """The package could update its prices from the network; nothing here lets it."""
    code = """
import socket, threading
def refuse(*a, **k): raise AssertionError("asked the network")
socket.socket.connect = refuse
from serinus.adapters.genai_table import GenaiPrices
assert GenaiPrices(lambda: 1763000000000000).price("https://api.openai.com/v1", "gpt-4o-mini") is not None
assert threading.active_count() == 1
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
