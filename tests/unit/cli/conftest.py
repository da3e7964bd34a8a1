"""The command line against an API that listens on loopback, over stores in memory."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from typer.testing import CliRunner, Result

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.ed25519 import Ed25519Check
from serinus.adapters.memory_store import MemoryControlStore, MemoryTelemetryStore, memory_stores
from serinus.adapters.parquet_search import ParquetSearch, ReadLimits
from serinus.cli.command_line import build
from serinus.control.create_key import create_key
from serinus.core.ids import IdSource
from tests.api_app import api_app

PROJECT = """pipeline: 1
endpoints:
  sim: {base_url: "http://127.0.0.1:9/v1"}
apps:
  bot:
    owner: ada@example.com
    stages:
      - kind: rollout
        steps:
          - {share: 5%, dwell: 2h, min_units: 200}
          - {share: 100%, dwell: 1d}
    triggers:
      - {metric: call.error, above: 2.5%, for: 5m}
    guardrails:
      - {metric: call.invalid_format, max_ratio: 1.5, design_ratio: 3}
    cohort: {unit: user}
"""
PROMPT = "---\nendpoint: sim\nmodel: sim-1\n---\nBe kind.\n"


@dataclass
class Cli:
    """The command line with an admin's key, and what lies behind the API; the call log is in `folder/segments`."""

    url: str
    key: str
    control: MemoryControlStore
    telemetry: MemoryTelemetryStore
    folder: Path

    def run(self, *words: str, key: str | None = None, url: str | None = None, stdin: str | None = None) -> Result:
        """One call; the environment holds the address and the key."""
        environ = {
            "SERINUS_URL": self.url if url is None else url,
            "SERINUS_API_KEY": self.key if key is None else key,
            "COLUMNS": "160",
        }
        return CliRunner().invoke(build(words), list(words), env=environ, input=stdin)

    def ok(self, *words: str) -> str:
        """What a call prints that must succeed."""
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str) -> Any:
        """The document that a call prints with --json."""
        return json.loads(self.ok(*words, "--json"))

    def file(self, name: str, text: str) -> str:
        """A file with this text; its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def prepared(self) -> tuple[str, str]:
        """An app `bot` with a live version and a second one; the names of both."""
        self.ok("apply", self.file("serinus.yaml", PROJECT))
        first = self.json("push", "bot", self.file("first.md", PROMPT))["name"]
        second = self.json("push", "bot", self.file("second.md", PROMPT.replace("kind", "kinder")))["name"]
        self.ok("live", "bot", first, "-m", "first")
        return first, second


@pytest.fixture(scope="session")
def listen() -> Iterator[Callable[[FastAPI], str]]:
    """Lets an application listen on a port of its own, from the first time that it is asked; its address."""
    with ExitStack() as opened:

        @cache
        def address(app: FastAPI) -> str:
            listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            opened.callback(thread.join)
            opened.callback(setattr, server, "should_exit", True)
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield address


@pytest.fixture
def cli(tmp_path: Path, listen: Callable[[FastAPI], str]) -> Cli:
    """A fresh project."""
    clock = SystemClock()
    control, telemetry = memory_stores(system_random)
    ids = IdSource(clock.now_us, system_random)
    _, key = create_key(control, clock.now_us(), "test", ids, system_random(32), "root", ("admin",), ())
    log = ParquetSearch(tmp_path / "segments", ReadLimits())
    app = api_app(
        control=control,
        telemetry=telemetry,
        clock=clock,
        ids=ids,
        random_bytes=system_random,
        wake=lambda: None,
        log=log,
        signatures=Ed25519Check(),
    )
    return Cli(listen(app), key, control, telemetry, tmp_path)
