"""Asking real endpoints: whatever a provider does comes back as an answer or a named fault."""

from __future__ import annotations

import time

import orjson
import pytest

from serinus.adapters.http_completions import HttpCompletions
from serinus.core.judging.answer import Answer, Fault
from serinus.core.routing.snapshot import Endpoint
from tests.process.sim_programs import running_provider

pytestmark = pytest.mark.process


def body(model: str = "sim-large", **fields: object) -> bytes:
    """A question."""
    messages = [{"role": "system", "content": "Answer in JSON with the keys a."}, {"role": "user", "content": "Hello"}]
    return orjson.dumps({"model": model, "messages": messages, **fields})


async def ask(url: str, raw: bytes, key: str = "", timeout_s: float = 10.0, **endpoint: str) -> Answer | Fault:
    """One attempt."""
    async with HttpCompletions({"KEY": key, "NONE": ""}.__getitem__, time.monotonic_ns) as completions:
        return await completions.ask(Endpoint(name="sim", base_url=url, **endpoint), raw, timeout_s)


async def test_an_answer_has_text_tokens_and_time() -> None:
    """As the provider tells them."""
    with running_provider("--speed", "inf") as provider:
        found = await ask(provider.url, body())
    assert isinstance(found, Answer)
    assert found.text
    assert found.tokens_out > 0
    assert found.latency_ms > 0


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        ("429:1:7", "rate_limited", 429),
        ("500", "upstream_error", 500),
        ("503", "upstream_error", 503),
        ("hang", "timeout", 0),
        ("cut", "upstream_error", 0),
        ("garbage", "garbage", 200),
        ("garbage_head", "upstream_error", 0),
        ("huge", "garbage", 200),
    ],
)
async def test_what_goes_wrong_is_named(fault: str, kind: str, status: int) -> None:
    """And never an exception."""
    with running_provider("--speed", "inf", "--fault", fault) as provider:
        found = await ask(provider.url, body(), timeout_s=2.0)
    assert isinstance(found, Fault)
    assert (found.kind, found.status) == (kind, status)
    assert found.retry_after_s == (7.0 if status == 429 else 0.0)


@pytest.mark.parametrize("fault", ["gzip", "http10", "content_type"])
async def test_odd_but_whole_answers_are_read(fault: str) -> None:
    """Compressed, without length, or under another type."""
    with running_provider("--speed", "inf", "--fault", fault) as provider:
        assert isinstance(await ask(provider.url, body()), Answer)


async def test_the_key_goes_to_the_endpoint_and_into_no_text() -> None:
    """Without the right one the provider's words come back, and nobody answers at a closed port."""
    with running_provider("--speed", "inf", "--api-key", "sk-right") as provider:
        good = await ask(provider.url, body(), key="sk-right", api_key_env="KEY")
        bad = await ask(provider.url, body(), key="sk-wrong", api_key_env="KEY")
        broken = await ask(provider.url, body(), key="sk\nwrong", api_key_env="KEY")
    assert isinstance(good, Answer)
    assert isinstance(bad, Fault)
    assert (bad.kind, bad.status, bad.text) == ("request_refused", 401, "Incorrect API key provided.")
    assert isinstance(broken, Fault)
    assert "wrong" not in broken.text
    closed = await ask("http://127.0.0.1:9/v1", body())
    assert isinstance(closed, Fault)
    assert closed.kind == "unreachable"


async def test_a_refusal_has_its_words() -> None:
    """The `refusal` field in place of the content."""
    with running_provider("--speed", "inf") as provider:
        asked = [await ask(provider.url, body(metadata={"n": str(n)}), timeout_s=5) for n in range(300)]
    refused = [one for one in asked if isinstance(one, Answer) and one.refused]
    assert refused
    assert all(one.text for one in refused)
