"""A worker process, its host directory, and a scripted upstream, for tests of the pipe."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from serinus.adapters.clock import host_ns
from serinus.core.records import call_id
from serinus.core.records.frames import HEADER_SIZE, scan
from serinus.core.records.record import Record
from serinus.core.routing import lease
from serinus.core.routing.assignment import RampPoint
from serinus.core.routing.snapshot import (
    App,
    Caller,
    Endpoint,
    Message,
    Release,
    Snapshot,
    Variable,
    Version,
    encode,
)
from tests.process.scripted_upstream import ANSWER as ANSWER
from tests.process.scripted_upstream import SSE_HEAD as SSE_HEAD
from tests.process.scripted_upstream import STREAM as STREAM
from tests.process.scripted_upstream import USAGE as USAGE
from tests.process.scripted_upstream import Behave as Behave
from tests.process.scripted_upstream import Upstream as Upstream
from tests.process.scripted_upstream import chunked as chunked
from tests.process.scripted_upstream import completes as completes
from tests.process.scripted_upstream import delta as delta
from tests.process.scripted_upstream import event as event
from tests.process.scripted_upstream import json_answer as json_answer
from tests.process.scripted_upstream import writes as writes

KEY = "sk-test-0123456789"
PIN_KEY = "sk-pin-0123456789"
NARROW_KEY = "sk-narrow-0123456789"
LIVE, CANDIDATE = "11" * 32, "22" * 32
RELEASE = "rel_" + "ab" * 16
DEADLINE_S = 60.0


_KEPT_PORTS = 64
_kept: deque[socket.socket] = deque()


def free_port() -> int:
    """A port for workers, who share it by SO_REUSEPORT: bound here, so that nobody else is given it. Without that two
    tests at a time could get one port, and answer each other's calls. Kept until 64 others were asked for."""
    if len(_kept) == _KEPT_PORTS:
        _kept.popleft().close()
    kept = socket.socket()
    kept.bind(("127.0.0.1", 0))
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # not before: the port is to be nobody's
    _kept.append(kept)
    return int(kept.getsockname()[1])


@atexit.register
def _let_go() -> None:
    for kept in _kept:
        kept.close()


def boot_tag() -> int:
    """The boot tag of this machine."""
    return int(Path("/proc/sys/kernel/random/boot_id").read_text().replace("-", "")[:16], 16)


def caller(key: str, **changes: Any) -> Caller:
    """A caller with a key."""
    return Caller(key_sha256=hashlib.sha256(key.encode()).hexdigest(), name=key[:6], **changes)


def version(digest: str, name: str, endpoint: str = "up", **changes: Any) -> Version:
    """A version that says something fixed."""
    values: dict[str, Any] = {
        "digest": digest,
        "name": name,
        "behaviour": digest,
        "endpoint": endpoint,
        "model": f"model-{name}",
        "messages": (Message(role="system", template=f"You are {name}."),),
    } | changes
    return Version(**values)


def release(share: float = 0.5, **changes: Any) -> Release:
    """A release of CANDIDATE against LIVE at one share."""
    values: dict[str, Any] = {
        "id": RELEASE,
        "salt": "salt",
        "candidate": CANDIDATE,
        "control": LIVE,
        "ramp": (RampPoint(revision=1, step=0, share=share),),
    } | changes
    return Release(**values)


def snapshot(upstream_port: int, revision: int = 1, app: App | None = None, **changes: Any) -> Snapshot:
    """A snapshot with one app `assistant`, live on LIVE."""
    app = app or App(name="assistant", live=LIVE)
    values: dict[str, Any] = {
        "revision": revision,
        "issued_at_us": 1,
        "mac_key": "aa" * 32,
        "pseudonym_key": "bb" * 32,
        "callers": (caller(KEY), caller(PIN_KEY, may_pin=True), caller(NARROW_KEY, apps=("other",))),
        "endpoints": {"up": Endpoint(name="up", base_url=f"http://127.0.0.1:{upstream_port}/v1")},
        "versions": {
            LIVE: version(LIVE, "assistant-2026-W47-1"),
            CANDIDATE: version(CANDIDATE, "assistant-2026-W47-2"),
        },
        "apps": {app.name: app},
    } | changes
    return Snapshot(**values)


VARIABLE_VERSION = version(
    LIVE,
    "assistant-2026-W47-1",
    messages=(Message(role="system", template="Serve {{ city }}."),),
    variables={"city": Variable()},
)


class Host:
    """A host directory, as the agent would keep it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._counter = 0

    def publish(self, value: Snapshot | bytes) -> None:
        """Put a snapshot there by atomic rename."""
        raw = value if isinstance(value, bytes) else encode(value)
        temporary = self.root / "snapshot.tmp"
        temporary.write_bytes(raw)
        temporary.rename(self.root / "snapshot")

    def renew(self) -> None:
        """Renew the lease once."""
        self._counter += 1
        fd = os.open(self.root / "lease", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.pwrite(fd, lease.encode(self._counter, host_ns(), boot_tag()), 0)
        finally:
            os.close(fd)

    def status(self, instance: str) -> dict[str, Any]:
        """What the worker says of itself; empty before it does."""
        path = self.root / "workers" / f"{instance}.json"
        return dict(json.loads(path.read_bytes())) if path.exists() else {}

    def records(self, instance: str) -> list[Record]:
        """All records in the spool of a worker."""
        found: list[Record] = []
        for path in sorted((self.root / "spool" / instance).glob("*.spool")):
            found += [record for record, _ in scan(path.read_bytes(), HEADER_SIZE) if record is not None]
        return found


class Worker:
    """A worker process."""

    def __init__(self, host: Host, *arguments: str, number: int = 1, port: int = 0) -> None:
        self.host = host
        self.port = port or free_port()
        self.instance = f"{number:032x}"
        with (host.root / f"{self.instance}.log").open("wb") as log:
            self.process = self._start(log, arguments)

    def _start(self, log: BinaryIO, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "serinus.bootstrap.worker", "--host-dir", str(self.host.root)),
                *("--port", str(self.port), "--instance", self.instance, *arguments),
            ],
            stderr=log,
        )

    @property
    def log(self) -> str:
        """What the worker has logged."""
        return (self.host.root / f"{self.instance}.log").read_text()

    async def until_ready(self) -> None:
        """Wait until /ready answers 200."""
        await until(lambda: self._answers("/ready"), "worker not ready")

    async def until_leased(self) -> None:
        """Renew the lease until the worker says that it holds."""

        async def leased() -> bool:
            self.host.renew()
            return bool(self.host.status(self.instance).get("leased"))

        await until(leased, "no lease")

    async def until_acked(self, revision: int) -> None:
        """Wait until the worker routes by a revision."""

        async def acked() -> bool:
            return bool(self.host.status(self.instance).get("acked") == revision)

        await until(acked, f"revision {revision} not acknowledged")

    def stop(self) -> None:
        """End the process."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    async def _answers(self, path: str) -> bool:
        with contextlib.suppress(OSError):
            return (await get(self.port, path))[0] == 200
        return False


async def until(condition: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    """Poll a condition up to a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not await condition():
        assert time.monotonic() < deadline, otherwise
        await asyncio.sleep(0.01)


async def get(port: int, path: str, method: str = "GET", key: str = KEY) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own."""
    head = f"{method} {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
    return await exchange(port, head.encode())


def chat(
    body: Any, *headers: str, key: str | None = KEY, close: bool = True, path: str = "/v1/chat/completions"
) -> bytes:
    """The bytes of a chat request."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "host: a", f"content-length: {len(raw)}", *headers]
    if key:
        lines.append(f"authorization: Bearer {key}")
    if close:
        lines.append("connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + raw


def question(text: str = "hello", **fields: Any) -> dict[str, Any]:
    """A body for the app."""
    return {"model": "assistant", "messages": [{"role": "user", "content": text}], "user": "ann"} | fields


async def exchange(port: int, raw: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, read to the end: status, headers, body (chunks joined)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        return await answer(reader, method=raw[:5].decode("latin-1"))
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def answer(reader: asyncio.StreamReader, method: str = "") -> tuple[int, dict[str, str], bytes]:
    """One answer from a connection. A chunked body that is cut ends with the mark `<CUT>`."""
    async with asyncio.timeout(DEADLINE_S):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        if method.startswith("HEAD"):
            return status, headers, b""
        if "content-length" in headers:
            return status, headers, await reader.readexactly(int(headers["content-length"]))
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, await _chunks(reader)
        return status, headers, await reader.read()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        line = await reader.readline()
        if not line.endswith(b"\r\n"):
            return body + b"<CUT>"
        size = int(line, 16)
        body += (await reader.readexactly(size + 2))[:-2]
        if not size:
            return body


@contextlib.asynccontextmanager
async def rig(
    root: Path, build: Callable[[int], Snapshot] = snapshot, *arguments: str
) -> AsyncIterator[tuple[Worker, Upstream]]:
    """An upstream and a ready worker that routes to it."""
    upstream = Upstream()
    await upstream.start()
    host = Host(root)
    host.publish(build(upstream.port))
    worker = Worker(host, *arguments)
    try:
        await worker.until_ready()
        yield worker, upstream
    finally:
        worker.stop()
        await upstream.stop()


def recorded(worker: Worker) -> dict[str, tuple[str, str]]:
    """(arm, version) by printed call id, as the End records have them; each call once."""
    found: dict[str, tuple[str, str]] = {}
    for end in ends(worker.host.records(worker.instance)):
        name = call_id.text(end["call"])
        assert name not in found, f"{name} is recorded twice"
        found[name] = (call_id.parse(end["call"]).arm.label, end["version"].hex())
    return found


def rss_mb(worker: Worker) -> float:
    """Resident memory of a worker."""
    pages = int(Path(f"/proc/{worker.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def units(worker: Worker) -> set[bytes]:
    """The pseudonyms of all units recorded."""
    return {call_id.parse(end["call"]).unit for end in ends(worker.host.records(worker.instance))}


def ends(records: list[Record]) -> list[dict[str, Any]]:
    """The End records as dictionaries."""
    return [msgspec.structs.asdict(record) for record in records if type(record).__name__ == "End"]
