"""The console over stores in memory, with a clock that stands still until it is moved and one line for a drawing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from serinus.adapters.memory_store import MemoryControlStore, MemoryTelemetryStore, memory_stores
from serinus.api.problems import status_of
from serinus.console.app import create_console
from serinus.console.parts import Parts
from serinus.control.configure_app import configure_app
from serinus.control.configure_endpoint import configure_endpoint
from serinus.control.create_key import create_key
from serinus.control.make_live import make_live
from serinus.control.push_version import push_version
from serinus.control.start_release import start_release
from serinus.core.ids import IdSource
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.routing.snapshot import Endpoint
from serinus.core.versions.content import parse_content
from serinus.ports.event_log import CallSearch
from serinus.ports.payloads import Payloads
from serinus.ports.signatures import NoCheck

START_US = 1_795_000_000_000_000
BASE = "http://console.test"
PLAN = Plan(
    owner="ada@example.com",
    steps=(Step(share=0.05, dwell_s=60, min_units=10), Step(share=1.0, dwell_s=60)),
    guardrails=(Guardrail(metric="call.error"),),
    limits=(Limit(metric="call.error", above=0.15),),
)
_TOKEN = re.compile(r'name="token" value="([0-9a-f]+)"')


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


class LineDrawing:
    """Draws every chart as one line."""

    def svg(self, spec: dict[str, Any]) -> bytes | None:
        return b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>' if spec["layer"] else None

    def script(self) -> bytes | None:
        return None

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Browser:
    """A browser that keeps cookies, without JavaScript."""

    client: TestClient

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """A page."""
        return self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def page(self, path: str) -> str:
        """The text of a page that must be there."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        return response.text

    def post(self, path: str, **fields: str) -> httpx2.Response:
        """A form as it is sent."""
        return self.client.post(path, data=fields)

    def sign_in(self, key: str, target: str = "/") -> httpx2.Response:
        """Fill in the form of the sign-in page."""
        token = hidden(self.page("/login"), "token")
        return self.post("/login", token=token, key=key, next=target)

    def submit(self, path: str, **fields: str) -> httpx2.Response:
        """Load the page of an act, fill in its form and send it."""
        return self.post(path, **form_of(self.page(path)) | fields)


@dataclass
class Console:
    """The application with its parts at hand."""

    app: Any
    parts: Parts
    control: MemoryControlStore
    telemetry: MemoryTelemetryStore
    clock: StillClock
    ids: IdSource
    random_bytes: Counting
    wakes: list[int] = field(default_factory=list)
    open: list[TestClient] = field(default_factory=list)

    def key(self, *roles: str, name: str = "somebody") -> str:
        """The text of a new key with these roles."""
        secret = b"\x01" * 16 + self.random_bytes(16)
        return create_key(self.control, self.clock.now_us(), "test", self.ids, secret, name, roles, ("*",))[1]

    def browser(self, *roles: str, name: str = "somebody", scheme: str = "http") -> Browser:
        """A new browser, signed in with a key of these roles; without any: not signed in."""
        client = TestClient(
            self.app, base_url=BASE.replace("http", scheme, 1), raise_server_exceptions=False, follow_redirects=False
        )
        self.open.append(client)
        browser = Browser(client)
        if roles:
            assert browser.sign_in(self.key(*roles, name=name)).status_code == 303
        return browser

    def push(self, template: str = "Be kind.", **changes: Any) -> str:
        """A new version of `bot`; its digest."""
        content = {"endpoint": "sim", "model": "sim-1", "messages": [{"role": "system", "template": template}]}
        parsed = parse_content(content | changes)
        return push_version(self.control, self.clock.now_us(), "ada (11111111)", "bot", parsed)[0].digest

    def prepared(self, plan: Plan = PLAN, name: str = "bot", **config: Any) -> tuple[str, str]:
        """An app `bot` with a live version and a second one; the digests of both."""
        configure_endpoint(
            self.control, self.clock.now_us(), "test", Endpoint(name="sim", base_url="http://127.0.0.1:9")
        )
        configure_app(self.control, self.clock.now_us(), "test", AppConfig(name="bot", plan=plan, **config))
        first, second = self.push(), self.push("Be very kind.")
        make_live(self.control, self.clock.now_us(), "test", "bot", first, "first")
        return first, second

    def started(self, plan: Plan = PLAN, reason: str = "kinder", starter: str = "eve (22222222)") -> str:
        """A release of the second version; its id."""
        _, second = self.prepared(plan)
        salt = self.random_bytes(16).hex()
        return start_release(self.control, self.clock.now_us(), starter, self.ids, salt, "bot", second, reason).id


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return unescape(found[1])


def form_of(page: str) -> dict[str, str]:
    """The hidden fields of the page's own form, after those of its header."""
    main = page[page.index("<main") :]
    return {
        name: unescape(value) for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', main)
    }


def made(calls: CallSearch | None = None, drawing: Any = None, payloads: Payloads | None = None) -> Console:
    """A fresh console."""
    clock, random_bytes, wakes = StillClock(), Counting(), list[int]()
    control, telemetry = memory_stores(random_bytes)
    ids = IdSource(clock.now_us, random_bytes)
    parts = Parts(
        control=control,
        telemetry=telemetry,
        clock=clock,
        ids=ids,
        random_bytes=random_bytes,
        wake=lambda: wakes.append(1),
        drawing=drawing or LineDrawing(),
        signatures=NoCheck(),
        status_of=status_of,
        stopping=lambda: True,
        calls=calls,
        payloads=payloads,
    )
    return Console(create_console(parts), parts, control, telemetry, clock, ids, random_bytes, wakes)


@pytest.fixture
def console() -> Iterator[Console]:
    """A fresh console without a call log."""
    found = made()
    yield found
    for client in found.open:
        client.close()
