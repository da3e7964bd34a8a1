"""Settings of all tests, and the stores they run on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from serinus.adapters.memory_store import memory_stores
from serinus.adapters.stores import open_stores
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore
from tests import postgres

# Fixed examples: a red test is red for everybody, and green is no luck.
settings.register_profile("serinus", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("serinus")

# The library's own renderer draws every frame of a traceback with all its values: a second for each error logged.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

NOW_US = 1_760_000_000_000_000


def counted_bytes() -> Callable[[int], bytes]:
    """Random bytes that are the same in every run, and never twice the same."""
    counter = itertools.count(1)
    return lambda count: next(counter).to_bytes(count, "big")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One server for the session."""
    with postgres.server() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_url(postgres_server: postgres.Server) -> str:
    """The session's database. Tests share it and keep apart by project."""
    return postgres_server.url


@dataclass
class Place:
    """Where stores are kept; `open` opens them once more, as another process would (in memory: the same ones)."""

    kind: str
    url: str
    project: str = "default"
    opened: list[tuple[ControlStore, TelemetryStore]] = field(default_factory=list)

    def open(self) -> tuple[ControlStore, TelemetryStore]:
        """Both stores; closed at the end of the test."""
        if self.kind == "memory" and self.opened:
            return self.opened[0]
        if self.kind == "memory":
            stores: tuple[ControlStore, TelemetryStore] = memory_stores(counted_bytes())
        else:
            stores = open_stores(self.url, now_us=lambda: NOW_US, random_bytes=counted_bytes(), project=self.project)
        self.opened.append(stores)
        return stores

    def close(self) -> None:
        """Close what was opened."""
        for control, telemetry in self.opened:
            control.close()
            telemetry.close()


def _place(kind: str, request: pytest.FixtureRequest, directory: Path) -> Place:
    if kind == "postgres":
        return Place(kind, request.getfixturevalue("postgres_url"), project=f"{request.node.name} {directory.name}")
    return Place(kind, "memory:" if kind == "memory" else f"sqlite:///{directory / 'stores'}")


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place for stores of every kind, one after the other."""
    found = _place(request.param, request, tmp_path)
    yield found
    found.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shared_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place that several processes can share."""
    found = _place(request.param, request, tmp_path)
    yield found
    found.close()


@pytest.fixture
def control_store(place: Place) -> ControlStore:
    """A control store of every kind."""
    return place.open()[0]


@pytest.fixture
def telemetry_store(place: Place) -> TelemetryStore:
    """A telemetry store of every kind."""
    return place.open()[1]
