"""`serinus up`: a control process, a gateway and a worker on this machine, with everything they keep in one folder."""

from __future__ import annotations

import fcntl
import json
import select
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import msgspec

from serinus.adapters.clock import SystemClock
from serinus.bootstrap import settings as environment
from serinus.bootstrap.children import Child, start_module, stop_all
from serinus.bootstrap.listening import require_free
from serinus.bootstrap.loops import STOP_SIGNALS
from serinus.core.errors import InvalidInput, SerinusError

_READY_WITHIN_S = 60.0
_LOOK_S = 0.05
_GATEWAY_STOP_S = 60.0
_CONTROL_STOP_S = 20.0
_WORKER_STOP_S = 20.0
_LOG_TAIL_LINES = 5
_ERROR = "error: "
HOST_ID = "local"
LOG = "serinus.log"
KEY_FILE = "first-admin-key"


class UpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One machine. Ports of 0 take free ones; `drain_s`: how long open calls may go on when stopping. The rest is as
    for a control process and a gateway of their own; None and an empty text: what is usual there."""

    directory: Path
    port: int = environment.GATEWAY_PORT
    api_port: int = environment.API_PORT
    workers: int = 2
    host: str = "127.0.0.1"
    drain_s: float = 30.0
    public_url: str = ""
    units_kept_days: float | None = None
    spool_limit_mb: float | None = None
    segment_mb: float | None = None


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What to tell when all is up. `admin_key` is the text of the first admin key, empty unless it was made just now:
    it is told here once and kept nowhere."""

    gateway_url: str
    api_url: str
    directory: str
    log: str
    admin_key: str
    took_s: float


def run_up(settings: UpSettings, tell: Callable[[Ready], None]) -> int:
    """Run until SIGINT or SIGTERM; the exit code. Calls `tell` once when both parts are ready.

    Parts that die are started again; all end with this process, in order, so that no record is left unshipped. Call
    it in the main thread.
    """
    with _claimed_log(settings.directory) as log:
        require_free(settings.host, settings.port, "--port")
        require_free(settings.host, settings.api_port, "--api-port")
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            return _Machine(settings, log, SystemClock()).run(tell)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _claimed_log(directory: Path) -> IO[bytes]:
    """The folder's log, locked while it is open: InvalidInput when another `serinus up` has it, or it cannot be."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = (directory / LOG).open("ab")
    except OSError as error:
        what = f"cannot keep anything there: {error.strerror}"
        raise InvalidInput(what, where=str(directory), mend="name another folder with --dir") from None
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.close()
        raise InvalidInput(
            "another `serinus up` runs in this folder",
            where=str(directory),
            mend="stop it (a stopped one first lets open calls end, for as long as its `--drain-s`), or name another",
        ) from None
    return log


class _Machine:
    """All parts. Once known, their ports stay the same over restarts."""

    def __init__(self, settings: UpSettings, log: IO[bytes], clock: SystemClock) -> None:
        self._settings = settings
        self._log = log
        self._log_begin = log.tell()
        self._clock = clock
        self._directory = settings.directory.resolve()
        self._key_file = self._directory / KEY_FILE
        self._port, self._api_port = settings.port, settings.api_port
        self._started_ns = clock.mono_ns()
        self._control = Child(self._start_control, clock.mono_ns)
        self._gateway = Child(self._start_gateway, clock.mono_ns)
        self._worker: Child | None = None

    def run(self, tell: Callable[[Ready], None]) -> int:
        """Wait for what callers need, tell, start what can come later, tend."""
        try:
            api, gateway = self._await_ready("control", self._control), self._await_ready("gateway", self._gateway)
            if api is None or gateway is None:
                return 0
            self._port, self._api_port = gateway["port"], api["port"]
            tell(self._ready())
            self._key_file.unlink(missing_ok=True)  # told, and from now on kept nowhere
            self._worker = Child(self._start_evaluation, self._clock.mono_ns)
            while signal.sigtimedwait(STOP_SIGNALS, _LOOK_S) is None:
                self._control.tend()
                self._gateway.tend()
                self._worker.tend()
        finally:
            stopped = self._stop()
        return 0 if stopped else 1

    def _await_ready(self, name: str, child: Child) -> dict[str, Any] | None:
        """The line that a part prints when it is ready; None when a signal says stop first."""
        end_ns = self._started_ns + int(_READY_WITHIN_S * 1e9)
        output = child.process.stdout
        assert output is not None
        while self._clock.mono_ns() < end_ns:
            if signal.sigtimedwait(STOP_SIGNALS, 0) is not None:
                return None
            if select.select([output], [], [], _LOOK_S)[0]:
                line = output.readline()
                if not line:
                    child.process.wait()
                    raise self._failure(f"{name} ended with code {child.process.returncode} before it was ready")
                document: dict[str, Any] = json.loads(line)
                return document
        raise self._failure(f"{name} was not ready within {_READY_WITHIN_S:g} s")

    def _failure(self, what: str) -> SerinusError:
        """What a part said last when it gave up, or the end of what was logged since the start."""
        text = Path(self._log.name).read_bytes()[self._log_begin :].decode("utf-8", errors="replace")
        lines = text.splitlines()
        said = [line.removeprefix(_ERROR) for line in lines if line.startswith(_ERROR)]
        mend = said[-1] if said else "the log ends with: " + " / ".join(lines[-_LOG_TAIL_LINES:])
        return SerinusError(what, where=str(self._log.name), mend=mend)

    def _ready(self) -> Ready:
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        return Ready(
            gateway_url=f"http://{host}:{self._port}/v1",
            api_url=f"http://{host}:{self._api_port}",
            directory=str(self._settings.directory),
            log=str(self._log.name),
            admin_key=self._first_key(),
            took_s=(self._clock.mono_ns() - self._started_ns) / 1e9,
        )

    def _first_key(self) -> str:
        """The text of a first key, from the file in which control hands it over."""
        try:
            return self._key_file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""

    def _stop(self) -> bool:
        """Control before the gateway: it would see the host go, and pause releases for it. The gateway's last records
        go to the store, which needs no control for that."""
        worker = [self._worker.process] if self._worker else []
        worked = stop_all(worker, _WORKER_STOP_S, self._clock.mono_ns)
        control = stop_all([self._control.process], _CONTROL_STOP_S, self._clock.mono_ns)
        gateway = stop_all([self._gateway.process], self._settings.drain_s + _GATEWAY_STOP_S, self._clock.mono_ns)
        for child in (self._gateway, self._control):
            if child.process.stdout:
                child.process.stdout.close()
        return gateway and control and worked

    def _start_control(self) -> subprocess.Popen[bytes]:
        options = control_options(self._settings, self._directory, self._api_port)
        return start_module("serinus.bootstrap.control", options, stdout=subprocess.PIPE, stderr=self._log)

    def _start_gateway(self) -> subprocess.Popen[bytes]:
        options = gateway_options(self._settings, self._directory, self._port)
        return start_module("serinus.bootstrap.gateway", options, stdout=subprocess.PIPE, stderr=self._log)

    def _start_evaluation(self) -> subprocess.Popen[bytes]:
        options = _kept(self._directory)
        return start_module("serinus.bootstrap.evaluation_worker", options, stdout=self._log, stderr=self._log)


def control_options(settings: UpSettings, directory: Path, port: int) -> list[str]:
    """The command line of the control process whose folder this is."""
    options = [*_kept(directory), "--host", settings.host, "--port", str(port)]
    options += ["--admin-key-file", str(directory / KEY_FILE)]
    return options + _given({"--public-url": settings.public_url, "--units-kept-days": settings.units_kept_days})


def gateway_options(settings: UpSettings, directory: Path, port: int) -> list[str]:
    """The command line of the gateway whose folder this is."""
    options = [*_kept(directory), "--host", settings.host, "--port", str(port)]
    options += ["--host-dir", str(directory / "host"), "--host-id", HOST_ID]
    options += ["--workers", str(settings.workers), "--drain-s", str(settings.drain_s)]
    return options + _given({"--spool-limit-mb": settings.spool_limit_mb, "--segment-mb": settings.segment_mb})


def _kept(directory: Path) -> list[str]:
    return ["--store", f"sqlite:///{directory}", "--segments", str(directory / "segments")]


def _given(options: Mapping[str, float | str | None]) -> list[str]:
    return [word for name, value in options.items() if value not in (None, "") for word in (name, str(value))]
