"""`serinus gateway`: the workers of a host and its agent, kept running, drained on SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from functools import partial
from pathlib import Path

import msgspec
import structlog

from serinus.adapters.clock import SystemClock, system_random
from serinus.bootstrap.children import Child, start_module, stop_all
from serinus.bootstrap.listening import mend_listening
from serinus.bootstrap.loops import STOP_SIGNALS, log_to_stderr
from serinus.core.errors import InvalidInput, SerinusError
from serinus.core.ids import uuid7

_TEND_PAUSE_S = 0.05
_READY_WITHIN_S = 30.0
_STOP_GRACE_S = 5.0  # workers cut open calls at `drain_s` themselves, and tell the callers
_AGENT_STOP_S = 15.0  # the agent tries 10 s for its last round, and says so when it gives up


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """One gateway host. `port` 0 takes a free one; `drain_s`: how long workers may finish open calls when stopping;
    `agent_options` are passed on to the agent's command line."""

    host_dir: Path
    store: str
    segments: Path
    host_id: str
    host: str = "127.0.0.1"
    port: int = 0
    workers: int = 2
    drain_s: float = 30.0
    spool_limit_mb: float | None = None
    segment_mb: float | None = None
    agent_options: tuple[str, ...] = ()


def run_gateway(settings: GatewaySettings) -> int:
    """Run workers and agent until SIGTERM or SIGINT; the exit code. Prints one JSON line on standard output when
    every worker is ready: `{"ready", "port", "pid", "workers", "agent"}`. Call it in the main thread."""
    log_to_stderr()
    stop = _StopRequest()
    before = {number: signal.signal(number, stop.ask) for number in STOP_SIGNALS}
    try:
        with _reserve(settings.host, settings.port) as placeholder:
            return _Gateway(settings, placeholder.getsockname()[1], SystemClock()).run(stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _StopRequest:
    """Set by a signal handler, which runs between two steps of the main thread and must take no lock. Waiting for
    blocked signals instead would miss those that the kernel gives to a thread of some library."""

    def __init__(self) -> None:
        self.is_made = False

    def ask(self, *_: object) -> None:
        self.is_made = True


def _reserve(host: str, port: int) -> socket.socket:
    """A socket that is bound and never listens: it keeps the port for workers, who share it by SO_REUSEPORT."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    placeholder = socket.socket(family, socket.SOCK_STREAM)
    try:
        placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        placeholder.bind((host, port))
    except OSError as error:
        placeholder.close()
        mend = mend_listening(error, "--port")
        raise InvalidInput(f"cannot listen: {error.strerror}", where=f"{host}:{port}", mend=mend) from error
    return placeholder


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        what = f"cannot keep anything there: {error.strerror}"
        raise InvalidInput(what, where=str(directory), mend="name another folder with --host-dir") from error


class _Gateway:
    """The processes of one host."""

    def __init__(self, settings: GatewaySettings, port: int, clock: SystemClock) -> None:
        self._settings = settings
        self._port = port
        self._clock = clock
        self._instances: list[str] = [""] * settings.workers
        _make(settings.host_dir)
        self._agent = Child(self._start_agent, clock.mono_ns)
        self._workers = [Child(partial(self._start_worker, place), clock.mono_ns) for place in range(settings.workers)]

    def run(self, stop: _StopRequest) -> int:
        """Tend the processes until it is asked to stop."""
        try:
            told = False
            end_ns = self._clock.mono_ns() + int(_READY_WITHIN_S * 1e9)
            while not stop.is_made:
                self._tend()
                if not told and self._is_ready():
                    told = True
                    self._tell_ready()
                if not told and self._clock.mono_ns() > end_ns:
                    raise SerinusError("the workers did not get ready", where="gateway", mend="see the log above")
                self._clock.sleep(_TEND_PAUSE_S)
        finally:
            code = self._drain()
        return code

    def _tend(self) -> None:
        for name, child in (("agent", self._agent), *(("worker", worker) for worker in self._workers)):
            code = child.tend()
            if code is not None:
                structlog.get_logger().warning("process ended", process=name, pid=child.process.pid, code=code)

    def _drain(self) -> int:
        """Workers first, so that the agent ships their last records."""
        workers = [worker.process for worker in self._workers]
        drained = stop_all(workers, self._settings.drain_s + _STOP_GRACE_S, self._clock.mono_ns)
        shipped = stop_all([self._agent.process], _AGENT_STOP_S, self._clock.mono_ns)
        return 0 if drained and shipped else 1

    def _is_ready(self) -> bool:
        statuses = (self._settings.host_dir / "workers" / f"{name}.json" for name in self._instances)
        return all(path.exists() for path in statuses) and self._accepts()

    def _accepts(self) -> bool:
        try:
            with socket.create_connection((self._settings.host, self._port), timeout=1.0):
                return True
        except OSError:
            return False

    def _tell_ready(self) -> None:
        line = {
            "ready": True,
            "port": self._port,
            "pid": os.getpid(),
            "workers": [worker.process.pid for worker in self._workers],
            "agent": self._agent.process.pid,
        }
        print(json.dumps(line), flush=True)

    def _start_worker(self, place: int) -> subprocess.Popen[bytes]:
        instance = uuid7(self._clock.now_us(), system_random(10)).hex()
        self._instances[place] = instance
        settings = self._settings
        arguments = ["--host-dir", str(settings.host_dir), "--host", settings.host, "--port", str(self._port)]
        arguments += ["--instance", instance, "--drain-s", str(settings.drain_s), "--workers", str(settings.workers)]
        if settings.spool_limit_mb is not None:
            arguments += ["--spool-limit-mb", str(settings.spool_limit_mb)]
        if settings.segment_mb is not None:
            arguments += ["--segment-mb", str(settings.segment_mb)]
        return start_module("serinus.bootstrap.worker", arguments)

    def _start_agent(self) -> subprocess.Popen[bytes]:
        settings = self._settings
        arguments = ["--host-dir", str(settings.host_dir), "--store", settings.store]
        arguments += ["--segments", str(settings.segments), "--host-id", settings.host_id, *settings.agent_options]
        return start_module("serinus.bootstrap.agent", arguments)
