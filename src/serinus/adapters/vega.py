"""Charts drawn by Vega in a child process that is started when it is needed and ends when it is not."""

from __future__ import annotations

import gzip
import json
import os
import select
import subprocess
import sys
import threading
from typing import Any

from serinus.ports.clock import Clock

_ANSWER_S = 30.0
_STOP_S = 5.0
_READ_BYTES = 1 << 16
_CHILD = (sys.executable, "-m", "serinus.adapters.vega_child")


class VegaDrawing:
    """One child for all callers, who wait for each other. Answers None when the child fails or takes too long."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._script: bytes | None = None

    def svg(self, spec: dict[str, Any]) -> bytes | None:
        """The picture as an SVG document."""
        with self._lock:
            text = self._ask({"svg": spec})
        return text.encode() if text is not None else None

    def script(self) -> bytes | None:
        """Made once, which takes some seconds, and kept."""
        with self._lock:
            if self._script is None:
                text = self._ask({"script": True})
                self._script = gzip.compress(text.encode(), mtime=0) if text is not None else None
            return self._script

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _ask(self, question: dict[str, Any]) -> str | None:
        """The answer; asked once more when the child had ended since it was last asked."""
        line = json.dumps(question).encode() + b"\n"
        for _ in range(2):
            known = self._child is not None
            answer = self._exchange(line)
            if answer is not None:
                text: str | None = json.loads(answer)
                return text
            self._end()
            if not known:
                break
        return None

    def _exchange(self, line: bytes) -> bytes | None:
        if self._child is None:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                _CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            left = memoryview(line)
            while left:
                left = left[stdin.write(left) or 0 :]
        except BrokenPipeError:
            return None
        return self._line(stdout.fileno())

    def _line(self, descriptor: int) -> bytes | None:
        """What the child answers; None when it has ended or the time is over."""
        parts: list[bytes] = []
        end_ns = self._clock.mono_ns() + int(_ANSWER_S * 1e9)
        while (left_ns := end_ns - self._clock.mono_ns()) > 0:
            if not select.select([descriptor], [], [], left_ns / 1e9)[0]:
                return None
            part = os.read(descriptor, _READ_BYTES)
            if not part:
                return None
            parts.append(part)
            if part.endswith(b"\n"):
                return b"".join(parts)
        return None

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait(_STOP_S)
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
