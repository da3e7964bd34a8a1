"""The host's memory of where conversations began."""

from __future__ import annotations

from pathlib import Path

from serinus.adapters.conversation_table import ENTRIES, ConversationTable


def test_the_first_revision_of_a_conversation_stays_for_all_workers(tmp_path: Path) -> None:
    """Two workers on one file agree, and a later revision does not replace the first."""
    one, two = ConversationTable(tmp_path / "conversations"), ConversationTable(tmp_path / "conversations")
    assert one.started(12345, 7) == 7
    assert two.started(12345, 9) == 7
    assert two.started(54321, 9) == 9
    assert one.started(0, 3) == 3
    one.close()
    two.close()
    again = ConversationTable(tmp_path / "conversations")
    assert again.started(12345, 11) == 7
    again.close()


def test_a_full_bucket_forgets_one_and_keeps_the_others(tmp_path: Path) -> None:
    """Best effort: the table never grows, and a new conversation always finds a place."""
    table = ConversationTable(tmp_path / "conversations")
    keys = [(number << 32) + number * ENTRIES * 4 for number in range(1, 6)]
    for key in keys:
        table.started(key, 1)
    assert sum(table.started(key, 2) == 1 for key in reversed(keys)) >= 3
    assert (tmp_path / "conversations").stat().st_size == ENTRIES * 16
    table.close()
