"""The pipe end to end: a worker process between real sockets."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import openai
import pytest

from serinus.core.records.record import Event
from serinus.core.routing.snapshot import App, FormatRule
from tests.process import gateway_rig as rig

pytestmark = pytest.mark.process


def releasing(**changes: Any) -> App:
    """The app with a release at one half."""
    return App(name="assistant", live=rig.LIVE, release=rig.release(**changes))


async def test_an_answer_comes_through_with_what_we_tell_of_it(tmp_path: Path) -> None:
    """The body is the upstream's byte for byte; headers name call, version, arm, conversation and overhead."""
    async with rig.rig(tmp_path) as (worker, upstream):
        trace = "traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
        raw = rig.chat(rig.question(), trace, "Idempotency-Key: i1")
        status, headers, body = await rig.exchange(worker.port, raw)
        assert (status, json.loads(body)) == (200, rig.ANSWER)
        assert headers["x-request-id"].startswith("call_")
        assert headers["x-upstream-request-id"] == "req_up"
        assert headers["x-ratelimit-remaining-requests"] == "9"
        assert (headers["x-serinus-version"], headers["x-serinus-arm"]) == (rig.LIVE, "rest")
        assert float(headers["x-serinus-overhead-ms"]) < 100
        assert len(headers["x-serinus-conversation"]) == 38
        assert headers["traceparent"].split("-")[1] == "0123456789abcdef" * 2
        head = upstream.heads[0].lower()
        assert f"traceparent: {headers['traceparent']}" in head
        assert "idempotency-key: i1" in head
        assert "authorization" not in head
        assert upstream.seen[0]["messages"][0] == {"role": "system", "content": "You are assistant-2026-W47-1."}
        (end,) = rig.ends(worker.host.records(worker.instance))
        assert (end["status"], end["tokens_in"], end["tokens_out"], end["finish"]) == (200, 7, 3, "stop")
        assert (end["version"].hex(), end["error"], end["events"], end["model"]) == (rig.LIVE, 0, 0, "gpt-x")


async def test_the_official_client_works_streaming_and_not(tmp_path: Path) -> None:
    """Only `base_url` changes, with and without /v1; pooled connections are kept."""
    async with rig.rig(tmp_path) as (worker, upstream):
        for path in ("/v1", ""):
            url = f"http://127.0.0.1:{worker.port}{path}"
            async with openai.AsyncOpenAI(api_key=rig.KEY, base_url=url, max_retries=0) as client:
                ask: list[Any] = [{"role": "user", "content": "hi"}]
                whole = await client.chat.completions.create(model="assistant", messages=ask, user="ann")
                assert whole.choices[0].message.content == "hello"
                stream = await client.chat.completions.create(model="assistant", messages=ask, user="ann", stream=True)
                chunks = [chunk async for chunk in stream]
                assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "hello"
                assert [model.id async for model in client.models.list()] == ["assistant"]
                assert (await client.models.retrieve("assistant")).id == "assistant"
        assert upstream.connections == 1


async def test_the_official_client_sees_our_errors_as_its_own(tmp_path: Path) -> None:
    """Statuses and bodies raise the exceptions that callers already catch."""
    async with rig.rig(tmp_path) as (worker, _):
        url = f"http://127.0.0.1:{worker.port}/v1"
        ask: list[Any] = [{"role": "user", "content": "hi"}]
        async with openai.AsyncOpenAI(api_key="wrong", base_url=url, max_retries=0) as client:
            with pytest.raises(openai.AuthenticationError) as refused:
                await client.chat.completions.create(model="assistant", messages=ask)
            assert refused.value.code == "invalid_api_key"
        async with openai.AsyncOpenAI(api_key=rig.KEY, base_url=url, max_retries=0) as client:
            with pytest.raises(openai.NotFoundError):
                await client.chat.completions.create(model="nobody", messages=ask)
            with pytest.raises(openai.UnprocessableEntityError):
                await client.chat.completions.create(model="assistant", messages=ask)


async def test_usage_is_recorded_and_stripped_unless_asked_for(tmp_path: Path) -> None:
    """The upstream is always asked for usage; the caller sees the chunk only on request."""
    async with rig.rig(tmp_path) as (worker, upstream):
        plain = await rig.exchange(worker.port, rig.chat(rig.question(stream=True)))
        asked = rig.question(stream=True, stream_options={"include_usage": True})
        full = await rig.exchange(worker.port, rig.chat(asked))
        assert plain[2] == rig.STREAM.replace(rig.USAGE, b"")
        assert full[2] == rig.STREAM
        assert all(seen["stream_options"]["include_usage"] for seen in upstream.seen)
        assert [end["tokens_out"] for end in rig.ends(worker.host.records(worker.instance))] == [2, 2]
        assert plain[1]["content-type"].startswith("text/event-stream")
        assert (plain[1]["cache-control"], plain[1]["x-accel-buffering"]) == ("no-cache", "no")


async def test_arms_follow_the_release_and_its_records(tmp_path: Path) -> None:
    """Under a lease, units split between the arms as the snapshot says, and each header agrees with its record."""
    async with rig.rig(tmp_path, partial(rig.snapshot, app=releasing())) as (worker, upstream):
        await worker.until_leased()
        told = {}
        for number in range(40):
            raw = rig.chat(rig.question(user=f"user-{number}"))
            _, headers, _ = await rig.exchange(worker.port, raw)
            told[headers["x-request-id"]] = (headers["x-serinus-arm"], headers["x-serinus-version"])
            assert headers["x-serinus-release"] == rig.RELEASE
        assert {arm for arm, _ in told.values()} == {"candidate", "control"}
        assert {version for arm, version in told.values() if arm == "candidate"} == {rig.CANDIDATE}
        assert rig.recorded(worker) == told
        models = [seen["model"] for seen in upstream.seen]
        assert models.count("model-assistant-2026-W47-2") == sum(arm == "candidate" for arm, _ in told.values())


async def test_no_candidate_is_served_before_a_renewal_is_seen(tmp_path: Path) -> None:
    """A lease found on disk at the start is not enough, however fresh."""
    rig.Host(tmp_path).renew()
    build = partial(rig.snapshot, app=releasing(share=0.5))
    async with rig.rig(tmp_path, build) as (worker, _):
        for number in range(20):
            _, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question(user=f"user-{number}")))
            assert headers["x-serinus-arm"] == "rest"


async def test_a_lapsed_lease_and_a_stopped_release_mean_baseline(tmp_path: Path) -> None:
    """Without renewal, or when the release no longer serves, everybody is on the baseline at once."""
    build = partial(rig.snapshot, app=releasing(lease_s=1.0))
    async with rig.rig(tmp_path, build) as (worker, upstream):
        await worker.until_leased()

        async def arms() -> set[str]:
            found = [await rig.exchange(worker.port, rig.chat(rig.question(user=f"u{number}"))) for number in range(10)]
            return {headers["x-serinus-arm"] for _, headers, _ in found}

        async def lapsed() -> bool:
            return await arms() == {"rest"}

        async def served_again() -> bool:
            worker.host.renew()
            return await arms() == {"candidate", "control"}

        await rig.until(served_again, "the lease is not taken up")
        await rig.until(lapsed, "the lease does not lapse")
        await rig.until(served_again, "the lease is not taken up again")
        worker.host.publish(rig.snapshot(upstream.port, revision=2, app=releasing(serving=False)))
        await worker.until_acked(2)
        worker.host.renew()
        assert await arms() == {"rest"}


async def test_a_conversation_keeps_its_arm_when_shares_grow(tmp_path: Path) -> None:
    """The token carries the start; a caller with a session id is remembered by the host; others move on."""
    small, grown = rig.release(share=0.001), rig.release(share=0.001)
    ramp = (*small.ramp, rig.RampPoint(revision=2, step=1, share=0.5))
    grown = rig.release(ramp=ramp)
    build = partial(rig.snapshot, app=App(name="assistant", live=rig.LIVE, release=small))
    session = {"metadata": {"session_id": "s1"}}
    async with rig.rig(tmp_path, build) as (worker, upstream):
        await worker.until_leased()
        _, first, _ = await rig.exchange(worker.port, rig.chat(rig.question(user="user-1")))
        _, second, _ = await rig.exchange(worker.port, rig.chat(rig.question(user="user-2") | session))
        assert (first["x-serinus-arm"], second["x-serinus-arm"]) == ("rest", "rest")
        app = App(name="assistant", live=rig.LIVE, release=grown)
        worker.host.publish(rig.snapshot(upstream.port, revision=2, app=app))
        await worker.until_acked(2)
        await worker.until_leased()
        token = f"x-serinus-conversation: {first['x-serinus-conversation']}"
        _, again, _ = await rig.exchange(worker.port, rig.chat(rig.question(user="user-1"), token))
        assert (again["x-serinus-arm"], again["x-serinus-conversation"]) == ("rest", first["x-serinus-conversation"])
        _, again, _ = await rig.exchange(worker.port, rig.chat(rig.question(user="user-2") | session))
        assert again["x-serinus-arm"] == "rest"
        _, fresh, _ = await rig.exchange(worker.port, rig.chat(rig.question(user="user-1")))
        assert fresh["x-serinus-arm"] in ("candidate", "control")


async def test_pins_and_overrides_stand_outside_the_comparison(tmp_path: Path) -> None:
    """`app@version` and the header pin for keys that may; an override serves everybody."""
    async with rig.rig(tmp_path, partial(rig.snapshot, app=releasing())) as (worker, upstream):
        pinned = rig.question() | {"model": "assistant@assistant-2026-W47-2"}
        status, _, body = await rig.exchange(worker.port, rig.chat(pinned))
        assert (status, json.loads(body)["error"]["code"]) == (403, "pin_not_allowed")
        for raw in (
            rig.chat(pinned, key=rig.PIN_KEY),
            rig.chat(rig.question(), f"x-serinus-version: {rig.CANDIDATE[:12]}", key=rig.PIN_KEY),
        ):
            _, headers, _ = await rig.exchange(worker.port, raw)
            assert (headers["x-serinus-arm"], headers["x-serinus-version"]) == ("pinned", rig.CANDIDATE)
        unknown = rig.question() | {"model": "assistant@nothing"}
        assert (await rig.exchange(worker.port, rig.chat(unknown, key=rig.PIN_KEY)))[0] == 404
        app = App(name="assistant", live=rig.LIVE, override=rig.CANDIDATE)
        worker.host.publish(rig.snapshot(upstream.port, revision=2, app=app))
        await worker.until_acked(2)
        _, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert (headers["x-serinus-arm"], headers["x-serinus-version"]) == ("override", rig.CANDIDATE)
        assert "x-serinus-release" not in headers


async def test_a_broken_format_is_an_event_streaming_and_not(tmp_path: Path) -> None:
    """The rule is checked on 2xx answers and recorded; the answer itself goes out unchanged."""
    rule = FormatRule(kind="regex", pattern="^never$")
    build = partial(rig.snapshot, app=App(name="assistant", live=rig.LIVE, format_rule=rule))
    async with rig.rig(tmp_path, build) as (worker, _):
        whole = await rig.exchange(worker.port, rig.chat(rig.question()))
        stream = await rig.exchange(worker.port, rig.chat(rig.question(stream=True)))
        assert (whole[0], stream[0]) == (200, 200)
        assert stream[2].endswith(b"data: [DONE]\n\n")
        assert [end["events"] for end in rig.ends(worker.host.records(worker.instance))] == [Event.INVALID_FORMAT] * 2


async def test_a_caller_of_http_1_0_gets_a_stream_without_chunks(tmp_path: Path) -> None:
    """The end of the connection ends the stream."""
    async with rig.rig(tmp_path) as (worker, _):
        raw = rig.chat(rig.question(stream=True)).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
        status, headers, body = await rig.exchange(worker.port, raw)
        assert (status, "transfer-encoding" in headers, headers["connection"]) == (200, False, "close")
        assert body == rig.STREAM.replace(rig.USAGE, b"")
