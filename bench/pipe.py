"""The gateway's own path, without sockets: `python -m bench.pipe [--json] [--stream] [--instructions]`.

Feeds the requests of `bench/native` and the answers of its mock through a real gateway (spool, stickiness and a release
at 10 % on) whose transports only keep what is written. Prints the minimum of many repeats: what the machine's other
work leaves. `--instructions` counts them under valgrind: they do not depend on the machine's load at all.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import json
import os
import pstats
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast

from bench import programs
from bench.native import mkreq
from serinus.adapters.clock import host_ns
from serinus.adapters.conversation_table import ConversationTable
from serinus.adapters.spool_writer import SpoolWriter
from serinus.gateway.chance import Chance
from serinus.gateway.client import ClientConnection
from serinus.gateway.log import Log
from serinus.gateway.recorder import Recorder
from serinus.gateway.routes import Routes
from serinus.gateway.server import Gateway

_ANSWER = json.dumps(
    {
        "id": "chatcmpl-mock-0123456789abcdef",
        "object": "chat.completion",
        "created": 1790000000,
        "model": "gpt-mock-2026",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "canary " * 29, "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 812,
            "completion_tokens": 50,
            "total_tokens": 862,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_44709d6fcb",
    },
    separators=(",", ":"),
).encode()
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n%b\r\nx-request-id: req_0123456789abcdef0123456789abcdef\r\n"
    b"openai-processing-ms: 12\r\nx-ratelimit-remaining-requests: 9999\r\nConnection: keep-alive\r\n\r\n"
)
_CHUNK = (
    b'data: {"id":"chatcmpl-mock-0123456789abcdef","object":"chat.completion.chunk","created":1790000000,'
    b'"model":"gpt-mock-2026","system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"delta":{%b},'
    b'"logprobs":null,"finish_reason":%b}]%b}\n\n'
)
_USAGE = b',"usage":{"prompt_tokens":812,"completion_tokens":50,"total_tokens":862}'
_CHUNKS = 50
_WARM = 5
_MIB = 1024 * 1024


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def answer() -> list[bytes]:
    """What the mock answers at once, in one read."""
    return [_HEAD % (b"application/json", b"Content-Length: %d" % len(_ANSWER)) + _ANSWER]


def stream() -> list[bytes]:
    """What it answers as a paced stream: one read per chunk."""
    head = _HEAD % (b"text/event-stream; charset=utf-8", b"Transfer-Encoding: chunked")
    usual = _chunked(_CHUNK % (b'"content":" t@1234567890123@"', b"null", b""))
    last = _chunked(_CHUNK % (b"", b'"stop"', _USAGE) + b"data: [DONE]\n\n") + b"0\r\n\r\n"
    return [head + usual, *[usual] * (_CHUNKS - 1), last]


class _Wire:
    """A transport that keeps the last write and hears of none."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self.written: list[bytes] = []
        self.write = self.written.append

    def set_write_buffer_limits(self, high: int) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def abort(self) -> None: ...
    def close(self) -> None: ...
    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str) -> socket.socket:
        return self._end


class _Loop:
    """As much of a loop as the gateway asks of one; what is due runs at `turn`."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self.later: list[Callable[[], None]] = []
        self.upstream: tuple[_Wire, Any] | None = None
        self.call_soon = self.later.append

    def create_task(self, coroutine: Coroutine[Any, Any, None]) -> object:
        self.later.append(lambda: _finish(coroutine))
        return self

    async def create_connection(self, factory: Callable[[], Any], *_: Any, **__: Any) -> tuple[Any, Any]:
        wire, protocol = _Wire(self._end), factory()
        protocol.connection_made(wire)
        self.upstream = wire, protocol
        return wire, protocol

    def turn(self) -> None:
        due = self.later[:]
        self.later.clear()
        for callback in due:
            callback()


def _finish(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("the connection was waited for")


class Pipe:
    """A gateway between one caller and one upstream connection."""

    def __init__(self, root: Path, *, streamed: bool) -> None:
        self._end, self._other = socket.socketpair()
        self._loop = _Loop(self._end)
        self._reads = stream() if streamed else answer()
        app = "slow" if streamed else "assistant"
        self.requests = mkreq.requests(app, programs.KEY, stream=streamed)
        self._gateway = _gateway(root, cast("asyncio.AbstractEventLoop", self._loop))
        self._wire = _Wire(self._end)
        self._client: ClientConnection = self._gateway.connection()
        self._client.connection_made(cast("asyncio.Transport", self._wire))

    def call(self, request: bytes) -> list[bytes]:
        """One call; what the caller got."""
        loop, out = self._loop, self._wire.written
        out.clear()
        self._client.data_received(request)
        loop.turn()
        assert loop.upstream is not None
        wire, protocol = loop.upstream
        wire.written.clear()
        for read in self._reads:
            protocol.data_received(read)
            loop.turn()
        if not out or not out[0].startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"not an answer: {out[:1]}")
        return out

    def lap(self) -> float:
        """Seconds that all requests take, once each."""
        call, begun = self.call, time.perf_counter()
        for request in self.requests:
            call(request)
        return time.perf_counter() - begun


def _gateway(root: Path, loop: asyncio.AbstractEventLoop) -> Gateway:
    def now_us() -> int:
        return time.time_ns() // 1000

    spool = SpoolWriter(
        root / "spool", instance=bytes(16), boot=1, now_us=now_us, segment_bytes=64 * _MIB, limit_bytes=1 << 40
    )
    chance = Chance(os.urandom)
    gateway = Gateway(
        loop,
        recorder=Recorder(spool, now_us, chance),
        conversations=ConversationTable(root / "conversations"),
        mono_ns=host_ns,
        chance=chance,
        log=Log(sys.stderr, now_us, host_ns),
    )
    routes = Routes(programs.snapshot(1), {})
    for app in routes.apps.values():
        app.serve_until_ns = 1 << 62
    gateway.adopt(routes)
    return gateway


def counted(laps: int, streamed: bool) -> int:
    """Instructions of a whole process that does so many laps."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise programs.Missing("valgrind counts instructions: install it")
    command = [valgrind, "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    command += [sys.executable, "-m", "bench.pipe", "--laps", str(laps), *["--stream"] * streamed]
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONMALLOC": "pymalloc"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if found is None:
        raise programs.Missing(f"valgrind did not count: {done.stderr[-200:]}")
    return int(found[1].replace(",", ""))


def _profile(pipe: Pipe, laps: int) -> None:
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(laps):
        pipe.lap()
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(45)


def main() -> int:
    """Measure and print; 2 when something needed is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--stream", action="store_true", help="streams of 50 chunks instead of whole answers")
    parser.add_argument("--instructions", action="store_true", help="count instructions as well (half a minute)")
    parser.add_argument("--profile", action="store_true", help="where the time goes, as a hint")
    parser.add_argument("--laps", type=int, default=300, help="how often the 64 requests are repeated")
    arguments = parser.parse_args()
    units = len(mkreq.requests("a", "b", stream=False)) * (_CHUNKS + 1 if arguments.stream else 1)
    try:
        figures = {}
        with tempfile.TemporaryDirectory() as root:
            pipe = Pipe(Path(root), streamed=arguments.stream)
            for _ in range(_WARM):
                pipe.lap()
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 100)
            if arguments.profile:
                _profile(pipe, arguments.laps)
                return 0
            figures["us"] = min(pipe.lap() for _ in range(arguments.laps)) / units * 1e6
        if arguments.instructions:
            few, many = counted(4, arguments.stream), counted(24, arguments.stream)
            figures["instructions"] = (many - few) / 20 / units
    except programs.Missing as missing:
        sys.stderr.write(f"bench: {missing}\n")
        return 2
    if arguments.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        sys.stdout.writelines(f"{name:14} {value:12.2f}\n" for name, value in figures.items())
    return 0


if __name__ == "__main__":
    sys.exit(main())
