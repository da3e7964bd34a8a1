"""Runs `serinus` as people do: as a process, with an environment of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Started in the background, tests inherit that SIGINT is ignored; a terminal's programs do not.
_HEARS_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
SERINUS = [sys.executable, "-c", f"{_HEARS_CTRL_C}; from serinus.cli.main import main; main()"]


@dataclass
class Machine:
    """A running `serinus up`, and what it said when it was ready."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    key: str

    @property
    def gateway_url(self) -> str:
        """Base URL for OpenAI clients."""
        return str(self.ready["gateway_url"])

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command against this machine's API."""
        return run(*words, url=self.ready["api_url"], key=self.key)

    def ok(self, *words: str) -> str:
        """What a command prints that must succeed."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *words: str) -> Any:
        """The document that a command prints."""
        return json.loads(self.ok(*words, "--json"))


def run(*words: str, url: str = "", key: str = "") -> subprocess.CompletedProcess[str]:
    """One command, run to its end."""
    environ = {**os.environ, "SERINUS_URL": url, "SERINUS_API_KEY": key, "COLUMNS": "160"}
    return subprocess.run([*SERINUS, *words], capture_output=True, text=True, env=environ, timeout=60)


def start(directory: Path, *options: str) -> subprocess.Popen[str]:
    """`serinus up` in a folder, on free ports unless `options` say otherwise."""
    words = ["up", "--dir", str(directory), "--port", "0", "--api-port", "0", "--json", *options]
    return subprocess.Popen([*SERINUS, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextlib.contextmanager
def machine(directory: Path, *options: str, key: str = "") -> Iterator[Machine]:
    """A machine that is ready; Ctrl-C ends it, and it must end well."""
    with start(directory, *options) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            ready = json.loads(line)
            yield Machine(process, ready, ready["admin_key"] or key)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
        finally:
            if process.poll() is None:
                process.kill()


def descendants(pid: int) -> list[int]:
    """All processes below this one."""
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            tasks = Path(f"/proc/{parent}/task").iterdir()
            children = [int(c) for task in tasks for c in (task / "children").read_text().split()]
            found += children
            todo += children
    return found


def command_line(pid: int) -> str:
    """What a process runs; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except FileNotFoundError:
        return ""
