"""Every store of results keeps answers and scores alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serinus.adapters.memory_results import MemoryResults
from serinus.adapters.sql_results import open_results
from serinus.core.judging.answer import Answer
from serinus.core.judging.score import Score
from serinus.ports.results import Result, ResultKey, ResultStore


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def results(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ResultStore]:
    """A store of every kind."""
    if request.param == "memory":
        opened: ResultStore = MemoryResults()
    elif request.param == "sqlite":
        opened = open_results(f"sqlite:///{tmp_path / 'kept'}")
    else:
        opened = open_results(request.getfixturevalue("postgres_url"), project=f"{request.node.name} {tmp_path.name}")
    yield opened
    opened.close()


def a_result(case: str, repeat: int = 0, text: str = "ü\x00") -> Result:
    """An answer with two scores."""
    return Result(
        key=ResultKey("t" * 64, case, repeat),
        answer=Answer(text=text, latency_ms=1.5, finish="stop", tokens_out=3),
        scores={"a": Score(value=0.5, label="half", cost_nano=3), "b": Score(value=1.0)},
    )


def test_D9_results_come_back_whole_by_key(results: ResultStore) -> None:
    """Version, case and repeat name a result; what is not known is not there."""
    results.keep([a_result("1"), a_result("1", repeat=1, text="again"), a_result("2")], 10)
    keys = [ResultKey("t" * 64, "1", 0), ResultKey("t" * 64, "1", 1), ResultKey("u" * 64, "2", 0)]
    found = {one.key: one for one in results.kept(keys)}
    assert found == {keys[0]: a_result("1"), keys[1]: a_result("1", repeat=1, text="again")}
    assert results.kept([]) == []


def test_D9_keeping_again_replaces(results: ResultStore) -> None:
    """The last word counts, and many are kept and found at once."""
    many = [a_result(str(number)) for number in range(500)]
    results.keep(many, 10)
    results.keep([a_result("7", text="new")], 20)
    results.keep([], 30)
    found = {one.key.case: one for one in results.kept([one.key for one in many])}
    assert len(found) == 500
    assert found["7"].answer.text == "new"


def test_old_results_are_forgotten(results: ResultStore) -> None:
    """Before the time that is named, and no others."""
    results.keep([a_result("1")], 10)
    results.keep([a_result("2")], 20)
    assert results.forget(20) == 1
    assert [one.key.case for one in results.kept([a_result("1").key, a_result("2").key])] == ["2"]
