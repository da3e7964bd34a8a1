"""The README, done: every block that shows how to use Serinus, as it is printed, against real processes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.process.reader import NAME, Reader, blocks

pytestmark = pytest.mark.process

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_can_be_followed(tmp_path: Path) -> None:
    """From an empty folder to an answer by the official client and a release that was started and aborted."""
    reader = Reader(tmp_path, "try-serinus")
    reader.folder.mkdir()
    try:
        page = "\n".join(reader.follow(block) for block in blocks(README, "## Use it", "## How it works"))
        assert re.findall(r"^FAILED: (.*)$", page, re.MULTILINE) == [], page
        assert re.search(rf"helpdesk serves {NAME}1", page)
        assert "answer" in page
        assert re.search(r"rel_\w+ is aborted", page)
        assert "the chain is whole" in page
        assert reader.stop()[1] == 0
    finally:
        reader.close()


def test_what_the_readme_shows_is_there() -> None:
    """Pictures and pages that it links to."""
    for link in re.findall(r"\]\(([^)#]+)", README.read_text(encoding="utf-8")):
        assert (README.parent / link).exists(), link
