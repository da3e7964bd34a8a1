"""The life of a worker: leaving and slow callers, draining, sudden death, full spools, snapshots, TLS."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import ssl
import subprocess
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from serinus.core.records.record import Dropped, ErrorClass, Event, First
from serinus.core.routing.snapshot import App, Endpoint
from tests.process import gateway_rig as rig

pytestmark = pytest.mark.process


async def holds(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
    """Begin a stream if one is asked for, then wait for the caller of the upstream to leave."""
    if body.get("stream"):
        writer.write(rig.SSE_HEAD + rig.chunked(rig.delta("a")))
    await reader.read()
    writer.close()


async def left_s(worker: rig.Worker, upstream: rig.Upstream, stream: bool) -> float:
    """Ask, leave when the upstream was asked, and how long that took to reach it."""
    before = len(upstream.seen)
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    writer.write(rig.chat(rig.question(stream=stream)))
    if stream:
        await reader.readuntil(rig.delta("a"))

    async def asked() -> bool:
        return len(upstream.seen) > before

    await rig.until(asked, "the upstream is not asked")
    upstream.left.clear()
    begun = time.monotonic()
    writer.transport.abort()
    await asyncio.wait_for(upstream.left.wait(), rig.DEADLINE_S)
    return time.monotonic() - begun


@pytest.mark.parametrize("stream", [False, True])
async def test_a_caller_that_leaves_cancels_the_upstream_within_100_ms(tmp_path: Path, stream: bool) -> None:
    """The upstream sees its connection close; the record says 499, and that nobody was answered where nobody was."""
    async with rig.rig(tmp_path) as (worker, upstream):
        upstream.behave = holds
        tries = 0
        took_s = 1.0
        while took_s >= 0.1 and tries < 10:  # a busy machine may be late now and then; a gateway that waits always is
            tries += 1
            took_s = await left_s(worker, upstream, stream)

        async def recorded() -> bool:
            return len(rig.ends(worker.host.records(worker.instance))) == tries

        await rig.until(recorded, "no end on record")
        assert took_s < 0.1
        for end in rig.ends(worker.host.records(worker.instance)):
            assert (end["status"], end["error"]) == (499, ErrorClass.CALLER_LEFT)
            assert end["events"] == (0 if stream else Event.LEFT)
        first = [record for record in worker.host.records(worker.instance) if isinstance(record, First)]
        assert len(first) == stream * tries


async def test_a_slow_reader_holds_its_upstream_back_and_loses_nothing(tmp_path: Path) -> None:
    """40 MB to a caller that does not read: the upstream is stopped, memory stays bounded, every byte arrives."""
    piece = rig.chunked(rig.delta("x" * 4000) * 10)
    count = 1000
    written = 0
    async with rig.rig(tmp_path) as (worker, upstream):

        async def floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: object) -> None:
            nonlocal written
            writer.write(rig.SSE_HEAD)
            for _ in range(count):
                writer.write(piece)
                await writer.drain()
                written += 1
            writer.write(rig.chunked(rig.delta(None, "stop") + b"data: [DONE]\n\n") + b"0\r\n\r\n")

        upstream.behave = floods
        reader, writer = await asyncio.open_connection("127.0.0.1", worker.port, limit=2**16)
        writer.write(rig.chat(rig.question(stream=True)))
        await reader.readuntil(b"\r\n\r\n")
        before, seen = -1, 0

        async def stopped() -> bool:
            nonlocal before, seen
            await asyncio.sleep(0.1)
            seen = seen + 1 if written == before else 0
            before = written
            return seen > 3

        await rig.until(stopped, "the upstream is never held back")
        assert written < count
        assert rig.rss_mb(worker) < 80
        size = 0
        while data := await asyncio.wait_for(reader.read(1 << 20), rig.DEADLINE_S):
            size += len(data)
            if data.endswith(b"0\r\n\r\n"):
                break
        assert written == count
        assert size > count * len(piece) * 0.99
        writer.close()
        (end,) = rig.ends(worker.host.records(worker.instance))
        assert (end["status"], end["error"], end["finish"]) == (200, 0, "stop")


async def test_a_call_cut_at_the_drain_limit_has_its_end_on_record(tmp_path: Path) -> None:
    """What the drain does not wait for ends as nobody's failure, not as a call that was lost."""
    async with rig.rig(tmp_path, rig.snapshot, "--drain-s", "0.2") as (worker, upstream):

        async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: object) -> None:
            writer.write(rig.SSE_HEAD + rig.chunked(rig.delta("a")))
            await reader.read()

        upstream.behave = stalls
        reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
        writer.write(rig.chat(rig.question(stream=True), close=False))
        await reader.readuntil(rig.delta("a"))
        worker.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(ConnectionError):
            assert b"[DONE]" not in await asyncio.wait_for(reader.read(), rig.DEADLINE_S)
        writer.close()
        assert await asyncio.to_thread(worker.process.wait, rig.DEADLINE_S) == 0
        (end,) = rig.ends(worker.host.records(worker.instance))
        assert (end["status"], end["error"], end["events"]) == (200, ErrorClass.INFRASTRUCTURE, 0)


async def test_sigterm_drains_without_cutting_a_stream(tmp_path: Path) -> None:
    """An open stream is finished, idle connections close, new ones are refused, the process ends with status 0."""
    async with rig.rig(tmp_path) as (worker, upstream):
        gate = asyncio.Event()

        async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: object) -> None:
            writer.write(rig.SSE_HEAD + rig.chunked(rig.delta("a")))
            await gate.wait()
            writer.write(rig.chunked(rig.delta(None, "stop") + b"data: [DONE]\n\n") + b"0\r\n\r\n")

        upstream.behave = waits
        reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
        idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", worker.port)
        idle_writer.write(b"GET /live HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await rig.answer(idle_reader))[0] == 200
        writer.write(rig.chat(rig.question(stream=True), close=False))
        await reader.readuntil(rig.delta("a"))
        worker.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(idle_reader.read(), rig.DEADLINE_S) == b""
        idle_writer.close()

        async def refuses() -> bool:
            try:
                _, late = await asyncio.open_connection("127.0.0.1", worker.port)
            except ConnectionRefusedError:
                return True
            late.close()
            return False

        await rig.until(refuses, "a draining worker takes connections")
        assert worker.process.poll() is None
        gate.set()
        rest = await asyncio.wait_for(reader.read(), rig.DEADLINE_S)
        assert rest.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
        writer.close()
        assert await asyncio.to_thread(worker.process.wait, rig.DEADLINE_S) == 0


async def test_every_answer_a_caller_got_is_in_the_spool_after_kill_9(tmp_path: Path) -> None:
    """Killed under load, the worker leaves an End for each completed answer, with the arm and version it told."""
    app = App(name="assistant", live=rig.LIVE, release=rig.release())
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app), "--segment-mb", "0.0625") as (worker, _):
        await worker.until_leased()
        told: dict[str, tuple[str, str]] = {}

        async def user(number: int) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
            with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
                while True:
                    body = rig.question(user=f"user-{number}", stream=bool(number % 2))
                    writer.write(rig.chat(body, close=False))
                    status, headers, answer = await rig.answer(reader)
                    if status == 200 and not answer.endswith(b"<CUT>"):
                        told[headers["x-request-id"]] = (headers["x-serinus-arm"], headers["x-serinus-version"])

        users = [asyncio.create_task(user(number)) for number in range(16)]

        async def enough() -> bool:
            worker.host.renew()
            return len(told) > 800

        await rig.until(enough, "too few answers")
        worker.process.kill()
        await asyncio.gather(*users)
        recorded = rig.recorded(worker)
        assert {name: recorded.get(name) for name in told} == told
        assert {arm for arm, _ in told.values()} >= {"candidate", "control"}  # rest: a next segment was not ready yet
        assert len(list((tmp_path / "spool" / worker.instance).glob("*.spool"))) > 1


async def test_a_full_spool_means_baseline_and_counted_drops(tmp_path: Path) -> None:
    """Without room nobody is in the comparison and traffic goes on; with room again the drops are told, once."""
    app = App(name="assistant", live=rig.LIVE, release=rig.release())
    arguments = ("--segment-mb", "0.0625", "--spool-limit-mb", "1")
    async with rig.rig(tmp_path, partial(rig.snapshot, app=app), *arguments) as (worker, _):
        await worker.until_leased()
        reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)

        async def arm(number: int) -> str:
            writer.write(rig.chat(rig.question(user=f"user-{number}"), close=False))
            status, headers, _ = await rig.answer(reader)
            assert status == 200
            return headers["x-serinus-arm"]

        async def dropping() -> bool:
            worker.host.renew()
            for number in range(200):
                await arm(number)
            return bool(worker.host.status(worker.instance).get("dropped"))

        await rig.until(dropping, "the spool never fills")
        worker.host.renew()
        assert {await arm(number) for number in range(20)} == {"rest"}
        for path in sorted((tmp_path / "spool" / worker.instance).glob("*.spool"))[:-1]:
            path.unlink()

        async def compared() -> bool:
            worker.host.renew()
            return await arm(1) in ("candidate", "control")

        await rig.until(compared, "no candidate after room is back")
        drops = [record.total for record in worker.host.records(worker.instance) if isinstance(record, Dropped)]
        assert len(drops) == 1
        assert drops[0] > 0
        writer.close()


async def refused(worker: rig.Worker, count: int) -> bool:
    """Whether the worker has refused so many snapshots."""
    return worker.log.count("snapshot_refused") == count


async def test_a_malformed_snapshot_is_passed_over(tmp_path: Path) -> None:
    """Torn bytes, a prompt that does not compile, an unknown endpoint: logged, and the old one serves on."""
    async with rig.rig(tmp_path) as (worker, upstream):
        good = rig.snapshot(upstream.port, revision=2)
        broken = rig.version(rig.LIVE, "v", messages=(rig.Message(role="system", template="{% if %}"),))
        lost = rig.version(rig.LIVE, "v", endpoint="nowhere")
        others = {rig.CANDIDATE: rig.version(rig.CANDIDATE, "w")}
        bad_ones = (
            rig.encode(good)[:-10],
            b"",
            rig.encode(rig.snapshot(upstream.port, revision=3, versions=others | {rig.LIVE: broken})),
            rig.encode(rig.snapshot(upstream.port, revision=4, versions=others | {rig.LIVE: lost})),
            rig.encode(rig.snapshot(upstream.port, revision=5, mac_key="not hex")),
        )
        for count, bad in enumerate(bad_ones, 1):
            worker.host.publish(bad)
            await rig.until(partial(refused, worker, count), "a bad snapshot is not noticed")
            assert (await rig.exchange(worker.port, rig.chat(rig.question())))[0] == 200
        worker.host.publish(good)
        await worker.until_acked(2)
        log = worker.log
        assert all(json.loads(line)["event"] for line in log.splitlines())
        assert '"ann"' not in log
        assert rig.KEY not in log


async def test_not_ready_without_a_snapshot_and_live_all_the_same(tmp_path: Path) -> None:
    """503 until the first snapshot is there, then 200."""
    host = rig.Host(tmp_path)
    worker = rig.Worker(host)
    try:

        async def alive() -> bool:
            with contextlib.suppress(OSError):
                return (await rig.get(worker.port, "/live"))[0] == 200
            return False

        await rig.until(alive, "not alive")
        assert (await rig.get(worker.port, "/ready"))[0] == 503
        assert (await rig.exchange(worker.port, rig.chat(rig.question())))[0] == 503
        host.publish(rig.snapshot(9))
        await worker.until_ready()
    finally:
        worker.stop()


async def test_workers_share_a_port(tmp_path: Path) -> None:
    """Two workers take connections of one port; each has its own spool."""
    async with rig.rig(tmp_path) as (worker, _):
        other = rig.Worker(worker.host, number=2, port=worker.port)
        try:
            await worker.until_acked(1)

            async def both_served() -> bool:
                await rig.exchange(worker.port, rig.chat(rig.question()))
                return bool(worker.host.records(worker.instance)) and bool(worker.host.records(other.instance))

            await rig.until(both_served, "one of two workers gets nothing")
        finally:
            other.stop()


def certificate(root: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost and its key."""
    key, cert = root / "key.pem", root / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return key, cert


async def test_tls_to_upstreams_is_verified(tmp_path: Path) -> None:
    """With the CA file the call goes through, streaming too; without it, or under another name, it does not."""
    key, cert = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    secure = rig.Upstream()
    await secure.start(ssl=context)
    hosts = {"known": ("localhost", str(cert)), "unknown": ("localhost", ""), "other": ("127.0.0.1", str(cert))}
    endpoints = {
        name: Endpoint(name=name, base_url=f"https://{host}:{secure.port}/v1", ca_file=ca)
        for name, (host, ca) in hosts.items()
    }
    digests = {name: f"{number:064x}" for number, name in enumerate(hosts, 1)}
    versions = {digest: rig.version(digest, name, endpoint=name) for name, digest in digests.items()}
    apps = {name: App(name=name, live=digest) for name, digest in digests.items()}
    build = partial(rig.snapshot, endpoints=endpoints, versions=versions, apps=apps)
    try:
        async with rig.rig(tmp_path, build) as (worker, _):
            for name in hosts:
                for stream in (False, True):
                    raw = rig.chat(rig.question(stream=stream) | {"model": name})
                    status, _, body = await rig.exchange(worker.port, raw)
                    assert (status, b"ertificate" in body) == ((200, False) if name == "known" else (502, True))
            assert len(secure.seen) == 2
    finally:
        await secure.stop()
