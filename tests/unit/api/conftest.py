"""The API over stores in memory, with a clock that stands still until it is moved."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from serinus.adapters.memory_store import MemoryControlStore, MemoryTelemetryStore, memory_stores
from serinus.control.create_key import create_key
from serinus.core.ids import IdSource
from tests.api_app import api_app

START_US = 1_795_000_000_000_000
CONTENT = {"endpoint": "sim", "model": "sim-1", "messages": [{"role": "system", "template": "Be kind."}]}
PLAN = {
    "owner": "ada@example.com",
    "steps": [{"share": 0.05, "dwell_s": 60, "min_units": 10}, {"share": 1.0, "dwell_s": 60}],
    "guardrails": [{"metric": "call.error"}],
    "limits": [{"metric": "call.error", "above": 0.025}],
}


class StillClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.at_us = START_US

    def now_us(self) -> int:
        return self.at_us

    def mono_ns(self) -> int:
        return self.at_us * 1000

    def sleep(self, seconds: float) -> None:
        self.at_us += int(seconds * 1e6)


class Counting:
    """Bytes that never repeat and are the same in every run."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, size: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(size, "big")


@dataclass
class Api:
    """The application with its parts at hand."""

    control: MemoryControlStore
    telemetry: MemoryTelemetryStore
    clock: StillClock
    ids: IdSource
    random_bytes: Counting
    wakes: list[int] = field(default_factory=list)
    admin: str = ""
    client: TestClient | None = None

    def key(self, *roles: str, name: str = "somebody") -> str:
        """The text of a new key with these roles."""
        secret = b"\x01" * 16 + self.random_bytes(16)
        return create_key(self.control, self.clock.now_us(), "test", self.ids, secret, name, roles, ("*",))[1]

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None, **headers: str) -> httpx2.Response:
        """The answer to a request; with the admin's key unless another (empty: none) is given."""
        key = self.admin if key is None else key
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            sent["authorization"] = f"Bearer {key}"
        assert self.client is not None
        return self.client.request(method, f"/api/v1{path}", json=body, headers=sent)

    def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The document of a request that must succeed."""
        response = self.ask(method, path, body, **headers)
        assert response.is_success, response.text
        return response.json()

    @contextmanager
    def with_parts(self, **parts: Any) -> Iterator[Api]:
        """This one over the same stores, and with these parts of `create_app` besides."""
        app = api_app(
            control=self.control,
            telemetry=self.telemetry,
            clock=self.clock,
            ids=self.ids,
            random_bytes=self.random_bytes,
            wake=lambda: self.wakes.append(1),
            **parts,
        )
        with TestClient(app, raise_server_exceptions=False) as client:
            yield dataclasses.replace(self, client=client)

    def prepared(self) -> tuple[str, str]:
        """An app `bot` with a live version and a second one; the names of both."""
        self.ok("PUT", "/endpoints/sim", {"base_url": "http://127.0.0.1:9/v1"})
        self.ok("PUT", "/apps/bot", {"plan": PLAN})
        first = self.ok("POST", "/apps/bot/versions", CONTENT)["name"]
        second = self.ok("POST", "/apps/bot/versions", {**CONTENT, "model": "sim-2"})["name"]
        self.ok("POST", "/apps/bot/live", {"version": first, "reason": "first"})
        return first, second


@pytest.fixture
def api() -> Iterator[Api]:
    """A fresh API with an admin's key."""
    clock, random_bytes = StillClock(), Counting()
    control, telemetry = memory_stores(random_bytes)
    ids = IdSource(clock.now_us, random_bytes)
    made = Api(control, telemetry, clock, ids, random_bytes)
    with made.with_parts() as found:
        found.admin = found.key("admin", name="root")
        yield found
