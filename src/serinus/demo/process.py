"""One child process of the demo: started, ready when it says so in one JSON line, stopped or killed."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from serinus.bootstrap.children import start_module
from serinus.core.errors import SerinusError
from serinus.ports.clock import Clock

_STOP_WITHIN_S = 40.0


class Process:
    """A module of ours as a process. `ready` is the line it printed; its log is `DIR/<name>.log`."""

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        *,
        directory: Path,
        clock: Clock,
        within_s: float = 60.0,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        with self.log.open("ab") as log:
            self.popen = start_module(module, arguments, stdout=subprocess.PIPE, stderr=log, environ=environ)
        try:
            self.ready: dict[str, Any] = _ready_line(self.popen, clock, within_s)
        except SerinusError as error:
            self.kill()
            raise SerinusError(error.what, where=name, mend=f"its log: {_tail(self.log)}") from None
        except KeyboardInterrupt:  # nobody knows it yet who would stop it
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """The process id."""
        return self.popen.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.popen.poll() is None

    def stop(self) -> int:
        """Ask it to end and wait; its exit code. One that does not end in time is killed (−9)."""
        if self.is_alive:
            self.popen.send_signal(signal.SIGCONT)
            self.popen.terminate()
        try:
            return self.popen.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL
        finally:
            self._close()

    def kill(self) -> None:
        """`kill -9`, and wait for its end."""
        if self.is_alive:
            self.popen.kill()
        self.popen.wait()
        self._close()

    def freeze(self) -> None:
        """SIGSTOP: it keeps all it holds and does nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def _close(self) -> None:
        if self.popen.stdout:
            self.popen.stdout.close()


def _ready_line(popen: subprocess.Popen[bytes], clock: Clock, within_s: float) -> dict[str, Any]:
    assert popen.stdout is not None
    end_ns = clock.mono_ns() + int(within_s * 1e9)
    text = b""
    while b"\n" not in text:
        left_s = (end_ns - clock.mono_ns()) / 1e9
        if left_s <= 0:
            raise SerinusError(f"not ready within {within_s:.0f} s")
        if not select.select([popen.stdout], [], [], left_s)[0]:
            continue
        part = os.read(popen.stdout.fileno(), 65536)
        if not part:
            raise SerinusError(f"ended with code {popen.wait()} before it was ready")
        text += part
    line: dict[str, Any] = json.loads(text.partition(b"\n")[0])
    return line


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:].strip() or "empty"
