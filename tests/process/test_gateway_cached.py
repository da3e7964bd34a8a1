"""Cached answers of a real worker whose provider is down or slow, heard by the official client (J5)."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import Any

import openai
import pytest

from serinus.core.records import call_id
from serinus.core.records.record import ErrorClass, Event, Rung
from serinus.core.routing.assignment import Arm
from serinus.core.routing.cached import AnswerCache, CachedAnswer, normalised
from serinus.core.routing.snapshot import App, Limits
from tests.process import gateway_rig as rig

pytestmark = pytest.mark.process
ASKED, ANSWER = "How do I reset my password?", "Open Settings – 設定, then Security."
MESSAGE, HAND_OFF = "One moment, please.", "A colleague will answer."
BEHAVIOUR = rig.version(rig.LIVE, "assistant-2026-W47-1").behaviour
LIMITS = Limits(connect_s=2.0, first_token_s=30.0, between_tokens_s=5.0, total_s=60.0)


def app(**changes: Any) -> App:
    """The app with one cached answer of what is live."""
    entry = CachedAnswer(asked=normalised(ASKED), answer=ANSWER, version=rig.LIVE)
    cache = AnswerCache(answers={BEHAVIOUR: (entry,)}, after_s=0.4)
    given: dict[str, Any] = {
        "name": "assistant",
        "live": rig.LIVE,
        "limits": LIMITS,
        "fallback_message": MESSAGE,
        "cached": cache,
    }
    return App(**given | {"hand_off_message": HAND_OFF} | changes)


def ask(text: str) -> dict[str, Any]:
    return {"model": "assistant", "messages": [{"role": "user", "content": text}], "user": "ann"}


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: object) -> None:
    """Never answer."""
    await reader.read()


async def test_J5_with_the_provider_down_the_official_client_hears_an_approved_answer(tmp_path: Path) -> None:
    """Whole and streamed, for the question and one very like it; another question is handed over, a second turn gets
    the message. Nobody listens at the provider's port. Both arms count the failure as theirs."""
    release = rig.release(share=0.5, forced=("ann",))
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app(release=release))) as (worker, upstream):
        await worker.until_leased()
        await upstream.stop()
        client = openai.AsyncOpenAI(api_key=rig.KEY, base_url=f"http://127.0.0.1:{worker.port}/v1", max_retries=0)
        async with client:
            for text in (ASKED, "how can I reset my password"):
                worker.host.renew()
                raw = await client.chat.completions.with_raw_response.create(**ask(text))
                assert raw.headers["x-serinus-fallback"] == "cache"
                assert raw.headers["x-serinus-version"] == rig.LIVE
                assert raw.parse().choices[0].message.content == ANSWER
            end = rig.ends(worker.host.records(worker.instance))[-1]
            assert (end["rung"], end["error"], end["events"]) == (
                Rung.CACHE, ErrorClass.UPSTREAM_CONNECT, Event.ERROR,
            )  # fmt: skip
            assert call_id.parse(end["call"]).arm is Arm.CANDIDATE
            assert end["version"].hex() == rig.LIVE
            stream = await client.chat.completions.create(**ask(ASKED), stream=True)
            chunks = [chunk async for chunk in stream]
            assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ANSWER
            assert chunks[-1].choices[0].finish_reason == "stop"
            other = await client.chat.completions.with_raw_response.create(**ask("Where is my parcel?"))
            assert other.headers["x-serinus-fallback"] == "hand_off"
            assert other.parse().choices[0].message.content == HAND_OFF
            turns = ask(ASKED)
            turns["messages"] = [*turns["messages"], {"role": "assistant", "content": "x"}, *turns["messages"]]
            later = await client.chat.completions.with_raw_response.create(**turns)
            assert later.headers["x-serinus-fallback"] == "message"
        rungs = [end["rung"] for end in rig.ends(worker.host.records(worker.instance))]
        assert rungs == [Rung.CACHE, Rung.CACHE, Rung.CACHE, Rung.HAND_OFF, Rung.MESSAGE]


async def test_J5_a_slow_provider_gives_way_and_a_question_without_an_answer_waits(tmp_path: Path) -> None:
    """After `after_s`, long before the limit on the first token; the upstream sees its connection close."""
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app())) as (worker, upstream):
        upstream.behave = hangs
        begun = time.monotonic()
        status, headers, body = await rig.exchange(worker.port, rig.chat(rig.question(ASKED)))
        assert 0.4 <= time.monotonic() - begun < LIMITS.first_token_s
        assert (status, headers["x-serinus-fallback"]) == (200, "cache")
        assert ANSWER.encode() in body
        await asyncio.wait_for(upstream.left.wait(), rig.DEADLINE_S)
        assert rig.ends(worker.host.records(worker.instance))[-1]["error"] == ErrorClass.UPSTREAM_TIMEOUT

        async def comes_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
            await asyncio.sleep(1.0)
            await rig.completes(reader, writer, body)

        upstream.behave = comes_late
        status, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question("Where is my parcel?")))
        assert (status, "x-serinus-fallback" in headers) == (200, False)
