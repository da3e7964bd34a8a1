"""Upstreams that fail in every way, and what callers and records get of it."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import time
from functools import partial
from pathlib import Path

import openai
import pytest

from serinus.core.records.record import ErrorClass, Event, Rung
from serinus.core.routing.snapshot import App, Endpoint, Limits
from tests.process import gateway_rig as rig

pytestmark = pytest.mark.process
QUICK = Limits(connect_s=2.0, first_token_s=2.0, between_tokens_s=2.0, total_s=6.0)


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: object) -> None:
    """Never answer."""
    await reader.read()


def one_end(worker: rig.Worker) -> dict[str, object]:
    """The only End."""
    (end,) = rig.ends(worker.host.records(worker.instance))
    return end


FAILURES = {
    "status_500": (
        rig.writes(rig.json_answer({"error": {"message": "x"}}, "500 Oops")),
        500,
        ErrorClass.UPSTREAM_STATUS,
    ),
    "status_429": (
        rig.writes(rig.json_answer({"error": {"message": "x"}}, "429 Slow down", "retry-after: 7")),
        429,
        ErrorClass.RATE_LIMITED,
    ),
    "status_401": (rig.writes(rig.json_answer({"error": {}}, "401 No")), 502, ErrorClass.UPSTREAM_STATUS),
    "html_503": (
        rig.writes(b"HTTP/1.1 503 No\r\ncontent-length: 6\r\n\r\n<html>"),
        503,
        ErrorClass.UPSTREAM_STATUS,
    ),
    "not_http": (rig.writes(b"SSH-2.0-x\r\n\r\n", close=True), 502, ErrorClass.UPSTREAM_GARBAGE),
    "not_json": (rig.writes(rig.json_answer(b"<html>")), 502, ErrorClass.UPSTREAM_GARBAGE),
    "error_in_200": (rig.writes(rig.json_answer({"error": {"m": 1}})), 502, ErrorClass.UPSTREAM_STATUS),
    "gzip": (
        rig.writes(rig.json_answer(gzip.compress(b"{}"), "200 OK", "content-encoding: gzip")),
        502,
        ErrorClass.UPSTREAM_GARBAGE,
    ),
    "closed": (rig.writes(close=True), 502, ErrorClass.UPSTREAM_CUT),
    "cut_body": (
        rig.writes(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", close=True),
        502,
        ErrorClass.UPSTREAM_CUT,
    ),
    "hangs": (hangs, 504, ErrorClass.UPSTREAM_TIMEOUT),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", FAILURES)
async def test_a_failing_upstream_is_told_and_recorded(tmp_path: Path, name: str, stream: bool) -> None:
    """Status, error class and event are right, streaming or not, and the body is an OpenAI error."""
    behave, status, error = FAILURES[name]
    build = partial(rig.snapshot, app=App(name="assistant", live=rig.LIVE, limits=QUICK))
    async with rig.rig(tmp_path, build) as (worker, upstream):
        upstream.behave = behave
        found, headers, body = await rig.exchange(worker.port, rig.chat(rig.question(stream=stream)))
        assert found == status
        assert "error" in json.loads(body)
        assert headers.get("retry-after") == ("7" if status == 429 else None)
        end = one_end(worker)
        assert (end["status"], end["error"], end["events"]) == (status, error, Event.ERROR)


async def test_an_old_upstream_is_understood(tmp_path: Path) -> None:
    """HTTP/1.0 without a length: the close ends the answer, and a stream too."""
    async with rig.rig(tmp_path) as (worker, upstream):
        raw = json.dumps(rig.ANSWER).encode()
        upstream.behave = rig.writes(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n" + raw, close=True)
        assert (await rig.exchange(worker.port, rig.chat(rig.question())))[2] == raw
        head = b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
        whole = rig.delta("hi") + rig.delta(None, "stop")
        upstream.behave = rig.writes(head + whole, close=True)
        _, _, body = await rig.exchange(worker.port, rig.chat(rig.question(stream=True)))
        assert body == whole + b"data: [DONE]\n\n"


@pytest.mark.parametrize("pause_s", [0.0, 0.02])
async def test_a_cut_stream_ends_with_an_error_and_never_looks_clean(tmp_path: Path, pause_s: float) -> None:
    """After the first bytes: an in-band error, then the connection closes without `[DONE]` and without last chunk."""
    async with rig.rig(tmp_path) as (worker, upstream):
        cut = rig.chunked(rig.delta("hel") + rig.delta("lo")[:20])
        upstream.behave = rig.writes(rig.SSE_HEAD + rig.chunked(rig.delta("a")), cut, close=True, pause_s=pause_s)
        status, _, body = await rig.exchange(worker.port, rig.chat(rig.question(stream=True)))
        assert status == 200
        assert body.startswith(rig.delta("a") + rig.delta("hel") + b'data: {"error":')
        assert body.endswith(b"\n\n<CUT>")
        assert b"[DONE]" not in body
        end = one_end(worker)
        assert (end["status"], end["error"], end["estimated"], end["tokens_out"]) == (
            200,
            ErrorClass.UPSTREAM_CUT,
            True,
            2,
        )
        async with openai.AsyncOpenAI(
            api_key=rig.KEY, base_url=f"http://127.0.0.1:{worker.port}/v1", max_retries=0
        ) as client:
            stream = await client.chat.completions.create(
                model="assistant", messages=[{"role": "user", "content": "x"}], user="u", stream=True
            )
            with pytest.raises(openai.APIError):
                async for _ in stream:
                    pass


async def test_a_stream_that_stops_flowing_is_cut_in_time(tmp_path: Path) -> None:
    """The limit between tokens holds after the first, and the total holds for one that trickles."""
    limits = Limits(between_tokens_s=1.0, total_s=4.0)
    build = partial(rig.snapshot, app=App(name="assistant", live=rig.LIVE, limits=limits))
    async with rig.rig(tmp_path, build) as (worker, upstream):

        async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: object) -> None:
            writer.write(rig.SSE_HEAD + rig.chunked(rig.delta("a")))
            await reader.read()

        upstream.behave = stalls
        begun = time.monotonic()
        _, _, body = await rig.exchange(worker.port, rig.chat(rig.question(stream=True)))
        assert b"upstream_timeout" in body
        assert b"between_tokens_s" in body
        assert time.monotonic() - begun >= limits.between_tokens_s
        upstream.behave = rig.writes(rig.SSE_HEAD, *[rig.chunked(rig.delta("a"))] * 200, pause_s=0.1)
        begun = time.monotonic()
        _, _, body = await rig.exchange(worker.port, rig.chat(rig.question(stream=True)))
        assert b"total_s" in body
        assert time.monotonic() - begun >= limits.total_s


async def test_a_candidate_that_fails_before_its_first_byte_falls_back(tmp_path: Path) -> None:
    """The baseline answers, the record keeps the candidate's arm and its error (intention to treat)."""
    release = rig.release(share=0.5, forced=("ann",))
    app = App(name="assistant", live=rig.LIVE, release=release, limits=QUICK)
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app)) as (worker, upstream):
        await worker.until_leased()

        def candidate_only(behave: rig.Behave) -> rig.Behave:
            async def choose(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, object]
            ) -> None:
                await (behave if str(body["model"]).endswith("-2") else rig.completes)(reader, writer, body)

            return choose

        for name in ("status_500", "not_http", "not_json", "closed", "cut_body", "hangs"):
            behave, _, error = FAILURES[name]
            upstream.behave = candidate_only(behave)
            for stream in (False, True):
                worker.host.renew()
                status, headers, body = await rig.exchange(worker.port, rig.chat(rig.question(stream=stream)))
                assert (status, headers["x-serinus-fallback"]) == (200, "baseline"), (name, stream, body)
                assert (headers["x-serinus-arm"], headers["x-serinus-version"]) == ("candidate", rig.LIVE)
                end = rig.ends(worker.host.records(worker.instance))[-1]
                assert (end["version"].hex(), end["rung"], end["attempts"]) == (rig.LIVE, Rung.BASELINE, 2)
                assert (end["error"], end["events"], end["status"]) == (error, Event.ERROR, 200)
        upstream.behave = candidate_only(FAILURES["status_429"][0])
        assert (await rig.exchange(worker.port, rig.chat(rig.question())))[0] == 429
        worker.host.renew()
        upstream.behave = FAILURES["status_500"][0]
        status, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert (status, headers["x-should-retry"], headers["x-serinus-arm"]) == (500, "false", "candidate")
        assert rig.recorded(worker)


async def test_an_upstream_that_is_down_is_tried_twice_and_told(tmp_path: Path) -> None:
    """A failed connect may be repeated; then 502, and the client is told not to retry."""
    endpoints = {"up": Endpoint(name="up", base_url=f"http://127.0.0.1:{rig.free_port()}/v1")}
    async with rig.rig(tmp_path, partial(rig.snapshot, endpoints=endpoints)) as (worker, _):
        status, headers, body = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert (status, json.loads(body)["error"]["code"]) == (502, "upstream_connect")
        assert headers["x-should-retry"] == "false"
        end = one_end(worker)
        assert (end["error"], end["attempts"], end["ttft_us"]) == (ErrorClass.UPSTREAM_CONNECT, 2, 0)


async def test_an_upstream_that_does_not_accept_times_out(tmp_path: Path) -> None:
    """A full backlog is a failed connect within connect_s."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            endpoints = {"up": Endpoint(name="up", base_url=f"http://127.0.0.1:{port}/v1")}
            app = App(name="assistant", live=rig.LIVE, limits=QUICK)
            async with rig.rig(tmp_path, partial(rig.snapshot, app=app, endpoints=endpoints)) as (worker, _):
                status, _, body = await rig.exchange(worker.port, rig.chat(rig.question()))
                assert (status, json.loads(body)["error"]["code"]) == (502, "upstream_connect")
        finally:
            for filler in fillers:
                filler.close()


async def test_nothing_is_sent_twice_once_it_may_have_been_processed(tmp_path: Path) -> None:
    """A connection that dies on use ends the call; one found dead before use is replaced in silence."""
    async with rig.rig(tmp_path) as (worker, upstream):
        assert (await rig.exchange(worker.port, rig.chat(rig.question())))[0] == 200
        upstream.behave = rig.writes(close=True)
        status, headers, body = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert (status, json.loads(body)["error"]["code"]) == (502, "upstream_cut")
        assert "x-should-retry" not in headers
        assert len(upstream.seen) == 2
        upstream.behave = rig.writes(rig.json_answer(rig.ANSWER), close=True)
        assert (await rig.exchange(worker.port, rig.chat(rig.question())))[0] == 200
        await upstream.left.wait()
        upstream.behave = rig.completes
        assert (await rig.exchange(worker.port, rig.chat(rig.question())))[0] == 200


async def test_a_candidate_that_asks_for_more_than_the_baseline_is_at_fault_for_it(tmp_path: Path) -> None:
    """Where the baseline renders and the candidate does not, the baseline answers and the candidate has an error;
    where neither renders, the caller is told."""
    live = rig.version(rig.LIVE, "assistant-2026-W47-1")
    asks = rig.version(
        rig.CANDIDATE,
        "assistant-2026-W47-2",
        messages=(rig.Message(role="system", template="Serve {{ city }}."),),
        variables={"city": rig.Variable()},
    )
    app = App(name="assistant", live=rig.LIVE, release=rig.release(forced=("ann",)))
    build = partial(rig.snapshot, app=app, versions={rig.LIVE: live, rig.CANDIDATE: asks})
    async with rig.rig(tmp_path, build) as (worker, _):
        await worker.until_leased()
        status, headers, _ = await rig.exchange(worker.port, rig.chat(rig.question()))
        assert (status, headers["x-serinus-arm"], headers["x-serinus-fallback"]) == (200, "candidate", "baseline")
        wrong = rig.question(variables={"town": "a"})
        assert (await rig.exchange(worker.port, rig.chat(wrong)))[0] == 422
        first, second = rig.ends(worker.host.records(worker.instance))
        assert (first["error"], first["events"], first["rung"]) == (ErrorClass.TEMPLATE, Event.ERROR, Rung.BASELINE)
        assert first["version"].hex() == rig.LIVE
        assert (second["error"], second["events"], second["status"]) == (ErrorClass.TEMPLATE, 0, 422)


async def test_what_only_the_other_version_takes_counts_in_both_arms_alike(tmp_path: Path) -> None:
    """Each version allows one field that the other refuses. The candidate's callers get the baseline, the control's are
    told; either has an error, so that equal faults stay a coin flip. What neither takes is the caller's."""
    live = rig.version(rig.LIVE, "assistant-2026-W47-1", caller_may_set=("seed",))
    newer = rig.version(rig.CANDIDATE, "assistant-2026-W47-2", caller_may_set=("temperature",))
    app = App(name="assistant", live=rig.LIVE, release=rig.release())
    build = partial(rig.snapshot, app=app, versions={rig.LIVE: live, rig.CANDIDATE: newer})
    async with rig.rig(tmp_path, build) as (worker, _):
        await worker.until_leased()
        told = set()
        for number in range(12):
            for fields in ({"seed": 1}, {"temperature": 1}, {"top_k": 1}):
                body = rig.question(user=f"user-{number}", **fields)
                status, headers, _ = await rig.exchange(worker.port, rig.chat(body))
                told.add((headers["x-serinus-arm"], *fields, status))
        assert told == {
            ("candidate", "seed", 200),
            ("candidate", "temperature", 200),
            ("candidate", "top_k", 400),
            ("control", "seed", 200),
            ("control", "temperature", 400),
            ("control", "top_k", 400),
        }
        ends = rig.ends(worker.host.records(worker.instance))
        counted = {(end["error"], end["events"]) for end in ends}
        assert counted == {(ErrorClass.NONE, 0), (ErrorClass.CALLER, Event.ERROR), (ErrorClass.CALLER, 0)}
        assert sum(end["events"] == Event.ERROR for end in ends) == 12
