"""Other processes on the same stores."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Other:
    """A running `tests.contract.other_process`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def go(self) -> None:
        """Give it the word it waits for."""
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        self._process.send_signal(number)

    def end(self) -> tuple[int, str]:
        """Its exit status and what it said on standard error."""
        _, said = self._process.communicate(timeout=60)
        return self._process.returncode, said


@contextmanager
def other(deed: str, url: str, project: str) -> Iterator[Other]:
    """A process that has come to the point of its deed."""
    command = [sys.executable, "-m", "tests.contract.other_process", deed, url, project]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n", process.stderr and process.stderr.read()
            yield Other(process)
        finally:
            if process.poll() is None:
                process.kill()
