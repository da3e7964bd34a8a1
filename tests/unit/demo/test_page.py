"""The demo's report."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from serinus.demo.checks import outcomes
from serinus.demo.facts import facts_of
from serinus.demo.page import write_page
from tests.unit.demo.world import collected


def _written(path: Path, hostile: str = "") -> str:
    world = collected()
    facts = [facts_of(one, world) for one in world.told]
    if hostile:
        facts[0] = msgspec.structs.replace(facts[0], reason=hostile)
    write_page(path, facts, outcomes(world), world, 115.0)
    return path.read_text(encoding="utf-8")


def test_the_report_is_one_file_that_fetches_nothing(tmp_path: Path) -> None:
    """No address in it, no script; every pack is inside, escaped."""
    text = _written(tmp_path / "report.html")
    assert not re.search(r"(?:src|href)=[\"']", text)
    assert "<script" not in text
    assert text.count("<iframe") == 3
    assert "&lt;p&gt;the pack of &lt;b&gt;rel_bad" in text
    assert "All 13 checks hold" in text


def test_the_report_replaces_an_older_one(tmp_path: Path) -> None:
    """The demo may run again in the same folder."""
    (tmp_path / "report.html").write_text("an older one")
    assert "an older one" not in _written(tmp_path / "report.html")


def test_what_is_printed_is_escaped(tmp_path: Path) -> None:
    """Reasons are text, whatever they hold."""
    assert "<img" not in _written(tmp_path / "report.html", "<img onerror=alert(1)>")
