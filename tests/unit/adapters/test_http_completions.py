"""What a provider sends, as an answer or a fault that holds no secret."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from serinus.adapters.http_completions import HttpCompletions, read_answer
from serinus.core.judging.answer import Fault
from serinus.core.routing.snapshot import Endpoint

KEY = "sk-0123456789abcdef"


@pytest.mark.parametrize("before", [0, 190])
def test_no_part_of_a_key_is_in_the_text_of_a_fault(before: int) -> None:
    """Nor the beginning of one that the end of the text cuts."""
    said = "x" * before + f" Incorrect key: {KEY}."
    found = read_answer(json.dumps({"error": {"message": said}, "choices": []}).encode(), 1.0, KEY)
    assert isinstance(found, Fault)
    assert found.text
    assert KEY[:4] not in found.text


async def test_a_refusal_that_quotes_the_key_across_its_end_tells_nothing_of_it() -> None:
    """As providers do that echo what was wrong with a request."""
    said = json.dumps({"error": {"message": "y" * 192 + KEY}}).encode()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 401 Unauthorized\r\ncontent-length: {len(said)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + said)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        endpoint = Endpoint(name="sim", base_url=f"http://127.0.0.1:{port}/v1", api_key_env="JUDGE_KEY")
        async with HttpCompletions(lambda _: KEY, time.monotonic_ns) as completions:
            found = await completions.ask(endpoint, b"{}", 5.0)
    assert isinstance(found, Fault)
    assert (found.kind, found.status) == ("request_refused", 401)
    assert found.text.startswith("y" * 192)
    assert KEY[:3] not in found.text
