"""A new user who does what a page says: every block in order, as it is printed, against real processes."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from serinus.adapters.clock import SystemClock

_BLOCK = re.compile(r"(?:`([\w.]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PRINTED_KEY = "sk-serinus-…"
_PRINTED_CALL = "call_AgGg…"
_PRINTED_NAME = "helpdesk-2026-W47-"
NAME = r"helpdesk-\d{4}-W\d\d-"
_REAL_PROVIDER = "https://api.openai.com/v1"
_FOREGROUND = ("serinus up", "serinus sim ")


@dataclass(frozen=True)
class Block:
    """A fenced block: what to type (`sh`), or a file to save under `name`."""

    name: str
    kind: str
    text: str


def blocks(page: Path, begin: str, end: str) -> list[Block]:
    """Those between two headings of a page."""
    text = page.read_text(encoding="utf-8")
    return [Block(*found) for found in _BLOCK.findall(text[text.index(begin) : text.index(end)])]


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


class Reader:
    """A new user with a shell in an empty folder, who opens a terminal for each command that stays."""

    def __init__(self, home: Path, folder: str = "helpdesk") -> None:
        self.home = home
        self.folder = home / folder
        self.ports = {port: _free_port() for port in ("8700", "8701", "9000")}
        self.clock = SystemClock()
        self.terminals: list[subprocess.Popen[str]] = []
        scripts = Path(sys.executable).parent
        environ = {**os.environ, "HOME": str(home), "PATH": f"{scripts}:{os.environ['PATH']}", "COLUMNS": "160"}
        environ |= {"SERINUS_URL": f"http://127.0.0.1:{self.ports['8701']}", "OPENAI_API_KEY": "sk-of-nobody"}
        self.environ = {name: value for name, value in environ.items() if name != "SERINUS_API_KEY"}
        self.shell = subprocess.Popen(
            ["bash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=home,
            env=self.environ,
        )
        self.type("trap 'echo \"FAILED: $BASH_COMMAND\"' ERR")

    def type(self, text: str) -> str:
        """What the shell prints for it."""
        assert self.shell.stdin is not None
        assert self.shell.stdout is not None
        self.shell.stdin.write(f"{text}\necho @@done\n")
        self.shell.stdin.flush()
        lines: list[str] = []
        for line in self.shell.stdout:
            if line == "@@done\n":
                return "".join(lines)
            lines.append(line)
        raise AssertionError("the shell has ended: " + "".join(lines))

    def follow(self, block: Block) -> str:
        """Save or type a block; what it printed."""
        text = self.here(block.text)
        if block.kind != "sh":
            assert block.name, f"no name for the file: {text}"
            (self.folder / block.name).write_text(text, encoding="utf-8")
            return ""
        staying = next((line for line in text.splitlines() if line.startswith(_FOREGROUND)), "")
        if staying:
            return self.open_terminal(staying)
        if block.text.startswith("serinus calls"):
            self._await(lambda: "call_" in self.type(text.splitlines()[0]))
            text = text.replace(_PRINTED_CALL, re.findall(r"call_\S+", self.type(text.splitlines()[0]))[0])
        return self.type(text)

    def here(self, text: str) -> str:
        """The text with this run's ports, key and week in place of the printed ones."""
        for printed, port in self.ports.items():
            text = text.replace(f":{printed}", f":{port}").replace(f"--port {printed}", f"--port {port}")
        text = text.replace(_REAL_PROVIDER, f"http://127.0.0.1:{self.ports['9000']}/v1")
        text = text.replace('export PATH="$PWD/.venv/bin:$PATH"', ":").replace("~/", f"{self.home}/")
        if _PRINTED_NAME in text:
            text = text.replace(_PRINTED_NAME, re.findall(NAME, self.type("serinus versions helpdesk"))[0])
        return text.replace(_PRINTED_KEY, self._told_key() if "SERINUS_API_KEY" in text else "$CALLER_KEY")

    def _told_key(self) -> str:
        return re.findall(r"sk-serinus-\S+", (self.folder / "1.out").read_text())[0]

    def open_terminal(self, command: str) -> str:
        """A command that stays, ready; what it printed so far."""
        if command == "serinus up":
            command += f" --port {self.ports['8700']} --api-port {self.ports['8701']}"
        command = command.replace("$CALLER_KEY", self.type("echo $CALLER_KEY").strip())
        output = self.folder / f"{len(self.terminals)}.out"
        with output.open("w") as file:
            terminal = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                stdout=file,
                stderr=file,
                text=True,
                cwd=self.folder,
                env=self.environ,
            )
        self.terminals.append(terminal)
        if "traffic" not in command:
            self._await(lambda: "ready" in output.read_text())
        return output.read_text()

    def _await(self, holds: Callable[[], bool], within_s: float = 40.0) -> None:
        end_ns = self.clock.mono_ns() + int(within_s * 1e9)
        while not holds():
            assert self.clock.mono_ns() < end_ns, "did not come to hold in time"
            self.clock.sleep(0.1)

    def stop(self) -> list[int]:
        """Ctrl-C in the terminals, the last one first; their exit codes."""
        for terminal in reversed(self.terminals):
            terminal.send_signal(signal.SIGINT)
        return [terminal.wait(timeout=60) for terminal in self.terminals]

    def close(self) -> None:
        """End what still runs."""
        for process in (*self.terminals, self.shell):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
        for stream in (self.shell.stdin, self.shell.stdout):
            if stream:
                stream.close()
