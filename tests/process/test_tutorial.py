"""The tutorial, done: every block of it in order, as a new user types it, against real processes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.cli_programs import command_line, descendants
from tests.process.reader import NAME, Reader, blocks

pytestmark = pytest.mark.process

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "first-release.md"
_ENDS_BADLY = "serinus release watch helpdesk"


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Somebody who has never seen Serinus."""
    found = Reader(tmp_path)
    yield found
    found.close()


def test_a_new_user_gets_from_an_empty_folder_to_a_release_and_back(reader: Reader) -> None:
    """Every block works as it is printed: one release climbs, one comes back by itself, one is taken back by hand."""
    told: list[str] = []
    for block in blocks(TUTORIAL, "## 2. ", "## With a real provider"):
        printed = reader.follow(block)
        failed = re.findall(r"^FAILED: (.*)$", printed, re.MULTILINE)
        assert failed in ([], [_ENDS_BADLY]), f"{block.text}\n{printed}"
        assert not failed or "tidy.md" in block.text, printed
        told.append(printed)
    page = "\n".join(told)
    assert "promoted step 3/3" in page
    assert "The candidate harms" in page
    served = re.findall(rf"served by {NAME}(\d) call call_", page)
    assert served == ["1", "1"]
    assert re.search(r"rel_\w+ is rolled_back: .*legal wants another wording", page)
    below = [pid for terminal in reader.terminals for pid in descendants(terminal.pid)]
    assert len(below) >= 5
    assert reader.stop()[1] == 0
    assert [pid for pid in below if "serinus" in command_line(pid)] == []


def test_a_release_with_a_real_provider_takes_the_steps_that_are_printed(tmp_path: Path) -> None:
    """With the simulated provider at the real one's address: the key is in the environment, the rest as printed."""
    reader = Reader(tmp_path, folder="live")
    try:
        ask = next(block for block in blocks(TUTORIAL, "## 4. ", "## 5. ") if block.kind == "python")
        (tmp_path / "helpdesk").mkdir()
        (tmp_path / "helpdesk" / ask.name).write_text(reader.here(ask.text))
        reader.folder.mkdir()
        reader.open_terminal(f"serinus sim provider --port {reader.ports['9000']} --speed 20")
        told = [reader.follow(block) for block in blocks(TUTORIAL, "## With a real provider", "## Next")]
        page = "\n".join(told)
        assert re.findall(r"^FAILED: (.*)$", page, re.MULTILINE) == [], page
        assert re.search(rf"served by {NAME}1 call call_", page)
        assert "golden passes" in page
        assert re.search(r"rel_\w+ is running", page)
        assert reader.stop()[1] == 0
    finally:
        reader.close()
