"""Queries from a user's own CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from serinus.core.errors import InvalidInput, NotFound
from serinus.sim.queries import Query, own_queries, read_queries


def written(tmp_path: Path, raw: bytes) -> str:
    """A CSV file with these bytes."""
    file = tmp_path / "queries.csv"
    file.write_bytes(raw)
    return str(file)


def test_a_csv_is_read_with_its_categories(tmp_path: Path) -> None:
    """Quotes, commas, line breaks, a byte-order mark, Windows line ends and empty rows are no obstacle."""
    raw = '\ufefftext,category\r\n"Where, please?",delivery\r\n,empty\r\n"two\nlines",\r\nshort\r\n'.encode()
    queries = read_queries(written(tmp_path, raw), "text")
    assert queries == (
        Query(text="Where, please?", category="delivery"),
        Query(text="two\nlines"),
        Query(text="short"),
    )


def test_another_column_can_be_named(tmp_path: Path) -> None:
    """The category column is optional."""
    assert read_queries(written(tmp_path, b"id,subject\n1,Hello\n"), "subject") == (Query(text="Hello"),)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """NotFound with the path."""
    with pytest.raises(NotFound, match=r"nowhere\.csv"):
        read_queries(str(tmp_path / "nowhere.csv"), "text")


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    """InvalidInput, not a traceback."""
    with pytest.raises(InvalidInput):
        read_queries(str(tmp_path), "text")


def test_a_missing_column_is_refused_with_the_columns_found(tmp_path: Path) -> None:
    """The error lists what could be meant."""
    with pytest.raises(InvalidInput, match="subject, body") as raised:
        read_queries(written(tmp_path, b"subject,body\nx,y\n"), "text")
    assert "--text-column" in raised.value.mend


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"text\nok\ncaf\xe9\n", "line 3"),
        (b"", "empty"),
        (b"text\n", "no query"),
        (b"text\n  \n", "no query"),
        (b"text\na\0b\n", "line 2"),
        (b'text\n"' + b"x" * 200_000 + b'"\n', "line"),
    ],
    ids=["latin-1", "empty", "header only", "blank rows", "NUL", "field too large"],
)
def test_what_cannot_be_used_is_refused_with_its_place(tmp_path: Path, raw: bytes, words: str) -> None:
    """Line or reason, and the file."""
    with pytest.raises(InvalidInput, match=words) as raised:
        read_queries(written(tmp_path, raw), "text")
    assert "queries.csv" in raised.value.where


def test_serinus_brings_queries_of_its_own() -> None:
    """Without a file there is something to ask."""
    assert len({query.text for query in own_queries()}) >= 20
