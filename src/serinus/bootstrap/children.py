"""Child processes that never outlive their parent, and are started again when they end."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO

_PR_SET_PDEATHSIG = 1
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_SOUND_AFTER_S = 10.0


def _die_with(parent: int, prctl: Callable[..., int]) -> Callable[[], None]:
    """What a child runs before its program. SIGKILL: a parent that was killed can wait for nobody, and everything
    here survives `kill -9`. A parent that ended before the call is told by its changed id."""

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the parent waits for signals with them blocked
        if os.getppid() != parent:
            os._exit(1)

    return tie


def start_module(
    module: str,
    arguments: Sequence[str],
    *,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    environ: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `python -m module` with these arguments, tied to this process. Its output goes to standard error unless
    told otherwise; `environ` is added to this process's environment."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr if stdout is None else stdout,
        stderr=stderr,
        env={**os.environ, **environ} if environ else None,
        process_group=0,  # Ctrl-C is for the parent, which ends its children in their order
        preexec_fn=_die_with(os.getpid(), prctl),
    )


class Child:
    """One place for a process: started, and started again with growing pauses when it ends by itself."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]], mono_ns: Callable[[], int]) -> None:
        self._start = start
        self._mono_ns = mono_ns
        self._pause_s = _FIRST_PAUSE_S
        self._again_ns: int | None = None
        self._started_ns = mono_ns()
        self.process = start()

    def tend(self) -> int | None:
        """Start it again when it is time; its exit code when it was found to have ended just now."""
        now_ns = self._mono_ns()
        if self._again_ns is not None:
            if now_ns >= self._again_ns:
                self._again_ns = None
                self._started_ns = now_ns
                self.process = self._start()
            return None
        code = self.process.poll()
        if code is not None:
            if now_ns - self._started_ns >= _SOUND_AFTER_S * 1e9:
                self._pause_s = _FIRST_PAUSE_S
            self._again_ns = now_ns + int(self._pause_s * 1e9)
            self._pause_s = min(_LONGEST_PAUSE_S, self._pause_s * 2)
        return code


def stop_all(processes: Sequence[subprocess.Popen[bytes]], within_s: float, mono_ns: Callable[[], int]) -> bool:
    """Ask processes to end (SIGTERM) and wait for all; those left when the time is over are killed. True when every
    one of them ended by itself."""
    end_ns = mono_ns() + int(within_s * 1e9)
    for process in processes:
        if process.poll() is None:
            process.terminate()
    graceful = True
    for process in processes:
        try:
            process.wait(max(0.0, (end_ns - mono_ns()) / 1e9))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            graceful = False
    return graceful
