"""The queries that the documents offer give what they say (H4, product.md I)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml

from serinus.adapters.event_log import ParquetLog
from serinus.adapters.sql_source import SqlQuestions
from serinus.core.monitoring.reading import Measured
from serinus.core.pipeline.monitor import SqlSource
from serinus.core.records.record import Score
from serinus.core.records.score import LoggedScore
from serinus.core.records.score import row as score_row
from serinus.ports.event_log import LogBatch, ScoreBatch
from serinus.ports.monitors import Question
from tests.fake_workers import START_US, raw_call
from tests.unit.adapters.test_sql_source import APP, RELEASE, a_call

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "monitors.md"
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


def source(name: str) -> SqlSource:
    """That of the monitor with this name on the page."""
    blocks = [block for block in PAGE.read_text(encoding="utf-8").split("```") if f"- name: {name}\n" in block]
    (found,) = [one for block in blocks for one in yaml.safe_load(block.removeprefix("yaml")) if one["name"] == name]
    return SqlSource(query=found["sql"])


def a_score(number: int, metric: str, value: float, at_us: int, **fields: str) -> LoggedScore:
    made = score_row(Score(raw_call(number), at_us, metric, round(value * 1e6), "judge", str(number), APP), "h")
    return msgspec.structs.replace(made, **fields)


def ask(root: Path, name: str, arm: str) -> Measured:
    found = source(name)
    asked = Question(
        app=APP,
        source=found,
        since_us=START_US,
        until_us=START_US + DAY_US,
        timeout_s=10.0,
        arm=arm,
        version="cc" if arm == "candidate" else "aa",
        release=RELEASE if arm == "candidate" else "",
    )
    return SqlQuestions(root, 256).measure(asked, found)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Ten graded answers of each arm; five resolved conversations of candidate users, of whom one comes back within an
    hour, one after three, one goes on in the same conversation, and one was told of too late to know."""
    log = ParquetLog(tmp_path)
    scores = [a_score(n, "judge.correctness", float(n < 7), START_US + n, arm="candidate") for n in range(10)]
    scores += [a_score(n, "judge.correctness", 1.0, START_US + n, arm="control") for n in range(10, 20)]
    told = START_US + HOUR_US
    scores += [
        a_score(30 + n, "feedback.resolved", 1.0, told, arm="candidate", unit=f"u{n}", conversation=f"{n:016x}")
        for n in range(4)
    ]
    scores.append(a_score(40, "feedback.resolved", 1.0, START_US + DAY_US - HOUR_US, arm="candidate", unit="u9"))
    calls = [
        a_call(1, unit="u0", conversation="ab", begun_at_us=told + HOUR_US),
        a_call(2, unit="u1", conversation="ac", begun_at_us=told + 3 * HOUR_US),
        a_call(3, unit="u2", conversation=f"{2:016x}", begun_at_us=told + HOUR_US),
        a_call(4, unit="u3", conversation="ad", begun_at_us=told - HOUR_US // 2),
    ]
    log.write(LogBatch(spool=f"{1:032x}-00000000", start=64, end=100, rows=calls))
    log.write_scores(ScoreBatch(spool=f"{1:032x}-00000000", start=64, end=100, rows=scores))
    return tmp_path


def test_H4_bad_answers_of_an_arm_as_the_documents_ask_for_them(root: Path) -> None:
    """The share of its answers that were found bad, and how many it rests on."""
    assert ask(root, "bad answers", "candidate") == Measured(value=0.3, samples=10)
    assert ask(root, "bad answers", "live") == Measured(value=0.0, samples=10)


def test_I_users_who_come_back_as_the_documents_derive_them(root: Path) -> None:
    """Of those whose two hours are over; going on with the same conversation is no coming back."""
    assert ask(root, "back within 2 hours", "candidate") == Measured(value=0.25, samples=4)
    assert ask(root, "back within 2 hours", "live").value is None
