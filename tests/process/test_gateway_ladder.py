"""The fallback ladder of a real worker against a scripted upstream: retry, baseline, message, circuit breaker."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import openai
import pytest

from serinus.core.records.record import ErrorClass, Event, Rung
from serinus.core.routing.snapshot import App, BreakerRule, Endpoint, Limits, Snapshot
from tests.process import gateway_rig as rig

pytestmark = pytest.mark.process
MESSAGE = "One moment, please – 少々お待ちください."
QUICK = Limits(connect_s=2.0, first_token_s=2.0, between_tokens_s=2.0, total_s=20.0)
"""Soon enough for a test, and late enough for a busy machine to answer before."""


def app(**changes: Any) -> App:
    """The app with a message."""
    return App(**{"name": "assistant", "live": rig.LIVE, "limits": QUICK, "fallback_message": MESSAGE} | changes)


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: object) -> None:
    """Never answer."""
    await reader.read()


def in_turn(*answers: rig.Behave) -> rig.Behave:
    """One answer after the other; the last one stays."""
    left = list(answers)

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(reader, writer, body)

    return behave


def fails(status: str, *lines: str, body: dict[str, Any] | None = None) -> rig.Behave:
    """An error answer."""
    return rig.writes(rig.json_answer(body or {"error": {"message": "x"}}, status, *lines))


def last_end(worker: rig.Worker) -> dict[str, Any]:
    """The newest End."""
    return rig.ends(worker.host.records(worker.instance))[-1]


FAILURES: dict[str, tuple[rig.Behave, ErrorClass]] = {
    "500": (fails("500 Oops"), ErrorClass.UPSTREAM_STATUS),
    "401": (fails("401 No"), ErrorClass.UPSTREAM_STATUS),
    "429_long": (fails("429 Slow down", "retry-after: 30"), ErrorClass.RATE_LIMITED),
    "closed": (rig.writes(close=True), ErrorClass.UPSTREAM_CUT),
    "garbage": (rig.writes(b"SSH-2.0-x\r\n\r\n", close=True), ErrorClass.UPSTREAM_GARBAGE),
    "hangs": (hangs, ErrorClass.UPSTREAM_TIMEOUT),
}


async def test_every_failure_before_the_first_byte_becomes_the_message_J5(tmp_path: Path) -> None:
    """Streamed or not the official client gets a whole completion with the configured text; the record keeps the fault
    and says which rung answered."""
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app())) as (worker, upstream):
        client = openai.AsyncOpenAI(api_key=rig.KEY, base_url=f"http://127.0.0.1:{worker.port}/v1", max_retries=0)
        asked: dict[str, Any] = {"model": "assistant", "messages": [{"role": "user", "content": "x"}], "user": "u"}
        async with client:
            for name, (behave, error) in FAILURES.items():
                upstream.behave = behave
                raw = await client.chat.completions.with_raw_response.create(**asked)
                assert raw.headers["x-serinus-fallback"] == "message", name
                assert "x-serinus-version" not in raw.headers
                assert raw.parse().choices[0].message.content == MESSAGE
                assert raw.parse().id == raw.headers["x-request-id"].replace("call_", "chatcmpl-")
                end = last_end(worker)
                assert (end["rung"], end["status"], end["error"]) == (Rung.MESSAGE, 200, error)
                assert end["events"] == Event.ERROR
                stream = await client.chat.completions.create(
                    **asked, stream=True, stream_options={"include_usage": True}
                )
                chunks = [chunk async for chunk in stream]
                assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == MESSAGE, name
                assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
                assert chunks[-1].usage is not None
                assert (last_end(worker)["rung"], last_end(worker)["stream"]) == (Rung.MESSAGE, True)


async def test_what_is_wrong_with_the_request_never_becomes_a_message_J5(tmp_path: Path) -> None:
    """A bad request, a filtered one, one that the version refuses: the client sees the error that it is."""
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app())) as (worker, upstream):
        client = openai.AsyncOpenAI(api_key=rig.KEY, base_url=f"http://127.0.0.1:{worker.port}/v1", max_retries=0)
        asked: dict[str, Any] = {"model": "assistant", "messages": [{"role": "user", "content": "x"}], "user": "u"}
        async with client:
            upstream.behave = fails("400 Bad", body={"error": {"code": "content_filter", "message": "no"}})
            with pytest.raises(openai.BadRequestError) as filtered:
                await client.chat.completions.create(**asked)
            assert filtered.value.code == "content_filter"
            upstream.behave = fails("422 Bad")
            with pytest.raises(openai.UnprocessableEntityError):
                await client.chat.completions.create(**asked)
            with pytest.raises(openai.BadRequestError):
                await client.chat.completions.create(**asked, temperature=2.0)
        assert all(end["rung"] == Rung.NONE for end in rig.ends(worker.host.records(worker.instance)))


async def test_a_slow_version_gives_way_to_the_message_after_the_configured_time_J5(tmp_path: Path) -> None:
    """fallback_after_s, not first_token_s; the upstream sees its connection close."""
    limits = Limits(first_token_s=30.0)
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app(limits=limits, fallback_after_s=0.4))) as (worker, up):
        up.behave = hangs
        begun = time.monotonic()
        status, headers, body = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert 0.4 <= time.monotonic() - begun < limits.first_token_s
        assert (status, headers["x-serinus-fallback"]) == (200, "message")
        assert MESSAGE in json.loads(body)["choices"][0]["message"]["content"]
        await asyncio.wait_for(up.left.wait(), rig.DEADLINE_S)
        assert last_end(worker)["error"] == ErrorClass.UPSTREAM_TIMEOUT


async def test_both_arms_fall_to_the_message_on_their_own_account_J5(tmp_path: Path) -> None:
    """The candidate's caller is offered the baseline first; arm and fault stay what they were."""
    release = rig.release(share=0.5, forced=("ann",))
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app(release=release))) as (worker, upstream):
        await worker.until_leased()
        upstream.behave = in_turn(rig.writes(close=True), fails("500 Oops"))
        status, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert (status, headers["x-serinus-arm"], headers["x-serinus-fallback"]) == (200, "candidate", "message")
        end = last_end(worker)
        assert (end["error"], end["attempts"], end["rung"]) == (ErrorClass.UPSTREAM_CUT, 2, Rung.MESSAGE)


async def test_who_pins_a_version_hears_the_truth(tmp_path: Path) -> None:
    """A pinned call is a test: no message hides what happened."""
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app())) as (worker, upstream):
        upstream.behave = fails("500 Oops")
        pinned = rig.chat(rig.question(), f"x-serinus-version: {rig.LIVE}", key=rig.PIN_KEY)
        assert (await rig.exchange(worker.port, pinned))[0] == 500


@pytest.mark.parametrize("status", ["429 Slow down", "503 Not now"])
async def test_a_short_wait_is_waited_for_once_and_stays_on_record(tmp_path: Path, status: str) -> None:
    """The same version answers at the second try; a third is not made; a longer wait is passed on at once."""
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app(fallback_message=""))) as (worker, upstream):
        soon, late = fails(status, "retry-after-ms: 300"), fails(status, "retry-after: 7")
        upstream.behave = in_turn(soon, rig.completes)
        begun = time.monotonic()
        code, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert (code, "x-serinus-fallback" in headers) == (200, False)
        assert time.monotonic() - begun >= 0.3
        end = last_end(worker)
        assert (end["rung"], end["attempts"], end["events"]) == (Rung.RETRY, 2, Event.ERROR)
        upstream.behave = soon
        code, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert (code, headers["x-should-retry"]) == (int(status[:3]), "false")
        assert last_end(worker)["attempts"] == 2
        upstream.behave = late
        code, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert (code, headers["retry-after"], last_end(worker)["attempts"]) == (int(status[:3]), "7", 1)


async def test_a_caller_who_leaves_during_the_wait_ends_the_call(tmp_path: Path) -> None:
    """No second try is made for nobody."""
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app())) as (worker, upstream):
        upstream.behave = fails("429 Slow down", "retry-after-ms: 2000")
        _, writer = await asyncio.open_connection("127.0.0.1", worker.port)
        writer.write(rig.chat(rig.question()))

        async def asked() -> bool:
            return len(upstream.seen) == 1

        await rig.until(asked, "the upstream was not asked")
        writer.close()

        async def recorded() -> bool:
            return bool(rig.ends(worker.host.records(worker.instance)))

        await rig.until(recorded, "no end on record")
        assert (last_end(worker)["status"], last_end(worker)["attempts"]) == (499, 1)


async def test_a_garbage_stream_is_answered_by_the_next_rung(tmp_path: Path) -> None:
    """With a good head and a comment before it: nothing of it reaches the caller."""
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app())) as (worker, upstream):
        for garbage in (b"data: <html>\n\n", b'data: {"error": {"message": "no"}}\n\n', b"data: {\n\n"):
            upstream.behave = rig.writes(rig.SSE_HEAD + rig.chunked(b": wait\n\n"), rig.chunked(garbage), pause_s=0.05)
            status, headers, body = await rig.exchange(worker.port, rig.chat(rig.question(stream=True)))
            assert (status, headers["x-serinus-fallback"]) == (200, "message")
            assert b"html" not in body
            assert body.endswith(b"data: [DONE]\n\n")


def two_endpoints(release: Any, other_port: int, port: int) -> Snapshot:
    """The candidate at an endpoint of its own, with a breaker that probes soon."""
    rule = BreakerRule(failures=3, share=0.5, window_s=60.0, open_s=1.0)
    return rig.snapshot(
        port,
        app=app(release=release, fallback_message="", limits=Limits()),
        endpoints={
            "up": Endpoint(name="up", base_url=f"http://127.0.0.1:{port}/v1"),
            "other": Endpoint(name="other", base_url=f"http://127.0.0.1:{other_port}/v1", breaker=rule),
        },
        versions={
            rig.LIVE: rig.version(rig.LIVE, "assistant-2026-W47-1"),
            rig.CANDIDATE: rig.version(rig.CANDIDATE, "assistant-2026-W47-2", endpoint="other"),
        },
    )


async def ask_as_candidate(worker: rig.Worker) -> dict[str, Any]:
    """The end of a call of the candidate's arm; a lease that lapsed meanwhile, on a busy machine, is renewed."""

    async def served() -> bool:
        worker.host.renew()
        status, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert status == 200
        return headers["x-serinus-arm"] == "candidate"

    await rig.until(served, "no call got into the candidate's arm")
    return last_end(worker)


async def test_an_open_breaker_sends_calls_to_the_next_rung_at_once(tmp_path: Path) -> None:
    """The candidate's endpoint dies: after three failures its calls go to the baseline without asking it, on its
    account, but for a probe now and then, which finds out when it is back. The worker's status tells."""
    other = rig.Upstream()
    await other.start()
    try:
        build = partial(two_endpoints, rig.release(forced=("ann",)), other.port)
        async with rig.rig(tmp_path, build) as (worker, _):
            await worker.until_leased()
            other.behave = fails("500 Oops")
            passed_over, asked = 0, 0
            while passed_over < 3:
                end = await ask_as_candidate(worker)
                assert (end["rung"], end["events"]) == (Rung.BASELINE, Event.ERROR)
                if end["error"] == ErrorClass.BREAKER_OPEN:
                    assert (end["attempts"], asked >= 3) == (1, True)
                    passed_over += 1
                else:
                    assert (end["error"], end["attempts"]) == (ErrorClass.UPSTREAM_STATUS, 2)
                    asked += 1
                    assert asked < 20, "the breaker does not open"
                assert len(other.seen) == asked

            async def shown() -> bool:
                worker.host.renew()
                found = worker.host.status(worker.instance).get("breakers")
                return found == [{"endpoint": "other", "state": "open", "opened": 1}]

            await rig.until(shown, "the status does not show the breaker")
            other.behave = rig.completes

            async def closed() -> bool:
                return bool((await ask_as_candidate(worker))["error"] == ErrorClass.NONE)

            await rig.until(closed, "no probe closed the breaker")
            assert len(other.seen) == asked + 1
    finally:
        await other.stop()


async def test_a_probe_whose_caller_leaves_is_followed_by_another(tmp_path: Path) -> None:
    """Nobody learns from it whether the endpoint is back, so after open_s the next call finds out."""
    other = rig.Upstream()
    await other.start()
    try:
        build = partial(two_endpoints, rig.release(forced=("ann",)), other.port)
        async with rig.rig(tmp_path, build) as (worker, _):
            await worker.until_leased()
            other.behave = fails("500 Oops")

            async def opened() -> bool:
                return bool((await ask_as_candidate(worker))["error"] == ErrorClass.BREAKER_OPEN)

            await rig.until(opened, "the breaker does not open")
            other.behave = hangs
            asked = len(other.seen)

            async def probed() -> bool:
                worker.host.renew()
                reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
                writer.write(rig.chat(rig.question()))
                answer = asyncio.create_task(reader.read())

                async def known() -> bool:
                    return answer.done() or len(other.seen) > asked

                await rig.until(known, "neither the baseline nor the probe was asked")
                answer.cancel()
                writer.close()
                return len(other.seen) > asked

            await rig.until(probed, "no probe was sent")
            await asyncio.wait_for(other.left.wait(), rig.DEADLINE_S)
            other.behave = rig.completes

            async def closed() -> bool:
                return bool((await ask_as_candidate(worker))["error"] == ErrorClass.NONE)

            await rig.until(closed, "the breaker stays half-open for ever")
    finally:
        await other.stop()


async def test_an_endpoint_that_both_arms_share_is_passed_over_for_both(tmp_path: Path) -> None:
    """Nothing is left to fall back on: 503 with the time until the next probe, counted in either arm."""
    rule = BreakerRule(failures=2, share=0.5, open_s=30.0)

    def build(port: int) -> Snapshot:
        endpoints = {"up": Endpoint(name="up", base_url=f"http://127.0.0.1:{port}/v1", breaker=rule)}
        return rig.snapshot(port, app=app(release=rig.release(), fallback_message=""), endpoints=endpoints)

    async with rig.rig(tmp_path, build) as (worker, upstream):
        await worker.until_leased()
        upstream.behave = fails("500 Oops")
        await rig.exchange(worker.port, rig.chat(rig.question()))
        await rig.exchange(worker.port, rig.chat(rig.question()))
        asked = len(upstream.seen)
        arms = set()
        for number in range(12):
            status, headers, body = await rig.exchange(worker.port, rig.chat(rig.question(user=f"user-{number}")))
            assert (status, json.loads(body)["error"]["code"]) == (503, "upstream_open")
            assert 1 <= int(headers["retry-after"]) <= 30
            assert last_end(worker)["events"] == Event.ERROR
            arms.add(headers["x-serinus-arm"])
        assert arms == {"candidate", "control"}
        assert len(upstream.seen) == asked
