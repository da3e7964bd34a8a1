"""Charts are drawn by a child process that may die."""

from __future__ import annotations

import gzip
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from serinus.adapters.clock import SystemClock
from serinus.adapters.vega import VegaDrawing

SPEC: dict[str, Any] = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "data": {"values": [{"x": 1, "y": 2}, {"x": 2, "y": 3}]},
    "mark": "line",
    "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
}


@pytest.fixture(scope="module")
def drawing() -> Iterator[VegaDrawing]:
    """One child for all tests."""
    found = VegaDrawing(SystemClock())
    yield found
    found.close()


def test_a_specification_becomes_a_picture(drawing: VegaDrawing) -> None:
    """An SVG document with a line in it."""
    picture = drawing.svg(SPEC)
    assert picture is not None
    assert picture.startswith(b"<svg")
    assert b"mark-line" in picture


def test_what_cannot_be_drawn_is_none_and_the_next_one_is_drawn(drawing: VegaDrawing) -> None:
    """A wrong specification harms nobody else; nothing is fetched from anywhere."""
    assert drawing.svg({"mark": "nonsense"}) is None
    elsewhere = drawing.svg({**SPEC, "data": {"url": "http://127.0.0.1:9/data.json"}})
    assert elsewhere is None or b"mark-line" in elsewhere
    assert drawing.svg(SPEC) is not None


def test_a_child_that_died_is_started_again(drawing: VegaDrawing) -> None:
    """Whoever asks next waits for a new one."""
    assert drawing.svg(SPEC) is not None
    assert drawing._child is not None
    os.kill(drawing._child.pid, signal.SIGKILL)
    assert drawing.svg(SPEC) is not None


def test_the_browser_script_is_whole_and_the_same_each_time(drawing: VegaDrawing) -> None:
    """Gzipped, self-contained, and made once."""
    script = drawing.script()
    assert script is not None
    assert script is drawing.script()
    text = gzip.decompress(script).decode()
    assert "window.vegaEmbed" in text[-200:]
    assert len(script) < 400_000


def test_closing_ends_the_child() -> None:
    """Twice too, and without one."""
    found = VegaDrawing(SystemClock())
    found.close()
    assert found.svg(SPEC) is not None
    child = found._child
    found.close()
    found.close()
    assert child is not None
    assert child.poll() is not None
