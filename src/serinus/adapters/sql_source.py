"""Monitors' SQL over the event log: each question in a child process of its own, which is ended when its time is."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from serinus.adapters.parquet_names import SCORES, settled
from serinus.adapters.sql_text import parsed_query
from serinus.core.errors import InvalidInput
from serinus.core.monitoring.reading import Measured
from serinus.core.pipeline.monitor import SqlSource
from serinus.ports.monitors import Question

MEMORY_MB = 256
LONGEST_S = 10.0
_START_S = 5.0
_ATTEMPTS = 3
_MARGIN_US = 3_600_000_000
_CHILD = (sys.executable, "-m", "serinus.adapters.sql_child")


class SqlQuestions:
    """Questions to the event log under `root`, one at a time: a second one waits for the first."""

    def __init__(self, root: Path, memory_mb: int = MEMORY_MB) -> None:
        self._root = root
        self._memory_mb = memory_mb
        self._turn = threading.Lock()

    def measure(self, asked: Question, source: SqlSource) -> Measured:
        """The number that the query gives, and how many calls of the watched version there were. A query that is not
        one SELECT, runs too long or takes too much memory is a fault."""
        try:
            used = parsed_query("sql", source.query)
        except InvalidInput as error:
            return Measured(fault=f"the query is refused: {error.what}")
        with self._turn:
            for _ in range(_ATTEMPTS):
                answer = self._ask(asked, source.query, used)
                if not answer.get("gone"):
                    break
        if "fault" in answer:
            return Measured(fault=str(answer["fault"]))
        value, samples = answer.get("value"), answer.get("samples")
        return Measured(
            value=None if value is None else float(value), samples=None if samples is None else int(samples)
        )

    def _ask(self, asked: Question, query: str, used: frozenset[str]) -> dict[str, Any]:
        timeout_s = min(asked.timeout_s, LONGEST_S)
        question = {
            "calls": self._files(self._root, asked.since_us),
            "scores": self._files(self._root / SCORES, asked.since_us),
            "query": query,
            "used": sorted(used),
            "app": asked.app,
            "arm": asked.arm,
            "release": asked.release,
            "version": asked.version,
            "since": asked.since_us,
            "until": asked.until_us,
            "timeout_s": timeout_s,
            "memory_mb": self._memory_mb,
        }
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and module
                _CHILD, input=json.dumps(question).encode(), capture_output=True, timeout=timeout_s + _START_S, env={},
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"fault": too_long(timeout_s)}
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            return {"fault": f"the query was ended before it answered (exit code {done.returncode})"}
        return answer if isinstance(answer, dict) else {"fault": "the query gave no answer"}

    def _files(self, folder: Path, since_us: int) -> list[str]:
        """Files that may hold rows of the window: none that was written before it, if clocks agree to an hour."""
        found = []
        for part in settled(folder):
            try:
                written_us = part.path.stat().st_mtime_ns // 1000
            except FileNotFoundError:
                continue  # gathered into another one since it was listed
            if written_us >= since_us - _MARGIN_US:
                found.append(str(part.path.absolute()))
        return found


def too_long(timeout_s: float) -> str:
    """What is said of a query that was ended."""
    return f"the query needs more than {timeout_s:g} s: narrow it, or shorten the window"
