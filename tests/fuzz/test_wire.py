"""The fuzz target itself: clean for a moment, and able to find a fault."""

from __future__ import annotations

import random

import pytest

from serinus.core.wire.request import RequestReader
from tests.fuzz import wire


def test_a_short_run_is_clean() -> None:
    """A second of rounds from a fixed seed finds nothing; the long run is `python -m tests.fuzz.wire`."""
    rounds, failure = wire.run(1.0, seed=1)
    assert failure == ""
    assert rounds > 10


def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that forgets what it held between two reads is caught within a few rounds."""
    original = RequestReader.receive

    def forgets(self: RequestReader, data: bytes) -> object:
        self.held = b""
        return original(self, data)

    monkeypatch.setattr(RequestReader, "receive", forgets)
    assert any(wire.check(random.Random(seed)) for seed in range(200))
