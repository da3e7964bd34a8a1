"""Requests per second of the simulated provider on one core, beside a bare server on the same libraries.

The bare server parses the same requests with httptools on uvloop and always sends the same bytes of the same length.
Both are pinned to one core, the load generator to another; they take turns, and medians are told. CPU per request
is what the server's threads were on the core for, divided by its requests.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httptools
import orjson
import uvloop

SYSTEM = (Path(__file__).parents[1] / "examples" / "support-bot" / "baseline.md").read_text(encoding="utf-8")
WARM_S = 0.5


class Bare(asyncio.Protocol):
    """Answers every request with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(self._answer)  # type: ignore[attr-defined]


async def serve_bare(answer: bytes) -> None:
    """Listen, say where, and serve until killed."""
    server = await asyncio.get_running_loop().create_server(lambda: Bare(answer), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.Event().wait()


class Caller(asyncio.Protocol):
    """One connection that sends the next request when an answer is whole (closed loop: it measures capacity)."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._parser = httptools.HttpResponseParser(self)
        self.answered = 0
        self.bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._transport.write(next(self._requests))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.bytes = data
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.answered += 1
        self._parser = httptools.HttpResponseParser(self)
        asyncio.get_running_loop().call_soon(self._send)


def requests(first: int) -> Iterator[bytes]:
    """Endless different chat requests with the example's system prompt."""
    number = first
    while True:
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": f"Where is parcel {number}?"}]
        body = orjson.dumps({"model": "sim-large", "user": f"u{number}", "messages": messages})
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\ncontent-length: {len(body)}\r\n\r\n"
        yield head.encode() + body
        number += 1


def on_cpu_ns(pid: int) -> int:
    """Nanoseconds that all threads of a process have been on a core."""
    return sum(int(stat.read_text().split()[0]) for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"))


async def measure(port: int, pid: int, connections: int, seconds: float) -> tuple[float, float, bytes]:
    """Requests per second, CPU in µs per request, and the last answer's bytes."""
    loop = asyncio.get_running_loop()
    callers = []
    for index in range(connections):
        caller = Caller(requests(index * 1_000_000))
        await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", port)  # type: ignore[misc]
        callers.append(caller)
    await asyncio.sleep(WARM_S)
    answered, cpu_ns, began_s = sum(caller.answered for caller in callers), on_cpu_ns(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    count = sum(caller.answered for caller in callers) - answered
    elapsed_s, used_ns = time.perf_counter() - began_s, on_cpu_ns(pid) - cpu_ns
    for caller in callers:
        caller._transport.abort()  # type: ignore[attr-defined]
    return count / elapsed_s, used_ns / count / 1000.0, callers[0].bytes


@contextlib.contextmanager
def pinned(core: int, *command: str) -> Iterator[tuple[int, int]]:
    """A server on one core: its port and process id."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    ) as server:
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())["port"], server.pid
        finally:
            server.kill()


def main() -> None:
    """Run the comparison, or the bare server itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--bare", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        uvloop.run(serve_bare(Path(options.bare).read_bytes()))
        return
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    sim: list[tuple[float, float]] = []
    bare: list[tuple[float, float]] = []
    for _ in range(options.rounds):
        with pinned(cores[0], sys.executable, "-m", "serinus.bootstrap.sim_provider", "--speed", "inf") as server:
            rate, cpu_us, answer = uvloop.run(measure(*server, options.connections, options.seconds))
            sim.append((rate, cpu_us))
        file = Path(f"/proc/self/fd/{os.memfd_create('answer')}")
        file.write_bytes(answer)
        path = f"/proc/{os.getpid()}/fd/{file.name}"
        with pinned(cores[0], sys.executable, __file__, "--bare", path) as server:
            rate, cpu_us, _ = uvloop.run(measure(*server, options.connections, options.seconds))
            bare.append((rate, cpu_us))
    result = {
        "rps": round(statistics.median(rate for rate, _ in sim)),
        "cpu_us_per_request": round(statistics.median(cpu for _, cpu in sim), 1),
        "rps_per_busy_core": 0,
        "bare_rps": round(statistics.median(rate for rate, _ in bare)),
        "bare_cpu_us_per_request": round(statistics.median(cpu for _, cpu in bare), 1),
        "cores": len(cores),
    }
    # What one core gives when the server has it alone: others may share the machine, and the caller may be slower.
    result["rps_per_busy_core"] = round(1e6 / result["cpu_us_per_request"])
    result["cpu_ratio_bare"] = round(result["cpu_us_per_request"] / result["bare_cpu_us_per_request"], 2)
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<26}{value:>10}")


if __name__ == "__main__":
    main()
