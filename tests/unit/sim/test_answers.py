"""The words of simulated answers."""

from __future__ import annotations

import csv
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from serinus.sim.answers import ANSWERS, CATEGORIES, category_of, pieces_of

QUERIES = Path(__file__).parents[3] / "examples" / "support-bot" / "queries.csv"


@given(st.text())
def test_tokens_join_to_the_text(text: str) -> None:
    """Cutting loses nothing."""
    assert "".join(pieces_of(text)) == text


def test_every_category_has_answers() -> None:
    """No category is without words."""
    assert set(ANSWERS) == set(CATEGORIES)
    assert all(ANSWERS.values())


def test_the_example_queries_are_many_different_and_rightly_labelled() -> None:
    """At least 300 of them, over all categories, and the models know each one's category: flaws are the drawn ones."""
    with QUERIES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["text"] for row in rows}) == len(rows) >= 300
    assert {row["category"] for row in rows} == set(CATEGORIES)
    assert [row for row in rows if category_of(row["text"]) != row["category"]] == []
