"""Starts and stops the simulated provider and traffic as processes of their own."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any


class RunningProvider:
    """A provider process and where it listens."""

    def __init__(self, process: subprocess.Popen[str], port: int, url: str) -> None:
        self.process = process
        self.port = port
        self.url = url
        self.killed = False

    def kill(self) -> None:
        """SIGKILL."""
        self.killed = True
        self.process.kill()

    def raw(self, request: bytes, timeout_s: float = 10.0) -> socket.socket:
        """A socket on which these bytes were sent."""
        connected = socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)
        connected.sendall(request)
        return connected


@contextlib.contextmanager
def running_provider(*options: str) -> Iterator[RunningProvider]:
    """A provider with these options; ends it with SIGTERM, and it must end well unless the test has killed it."""
    command = [sys.executable, "-m", "serinus.bootstrap.sim_provider", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert ready["ready"] is True
            running = RunningProvider(process, ready["port"], ready["url"])
            yield running
            if not running.killed:
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=10) == 0
        finally:
            process.kill()


def provider_refusal(*options: str) -> str:
    """What the provider says when it refuses to start; its exit code is 2 and it prints nothing as ready."""
    command = [sys.executable, "-m", "serinus.bootstrap.sim_provider", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (2, "")
    return ended.stderr


def start_traffic(*options: str) -> subprocess.Popen[str]:
    """Traffic with these options, its output piped."""
    command = [sys.executable, "-m", "serinus.bootstrap.sim_traffic", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def traffic_result(*options: str) -> dict[str, Any]:
    """The result of traffic with these options."""
    process = start_traffic(*options, "--json")
    out, err = process.communicate(timeout=60)
    assert process.returncode in (0, 1), err
    result: dict[str, Any] = json.loads(out)
    return result


def post(path: str, body: bytes, *headers: str) -> bytes:
    """The bytes of a POST request."""
    lines = [f"POST {path} HTTP/1.1", "host: sim", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_all(connected: socket.socket) -> bytes:
    """Everything until the peer closes; ConnectionResetError when it resets."""
    parts = []
    while part := connected.recv(65536):
        parts.append(part)
    return b"".join(parts)
