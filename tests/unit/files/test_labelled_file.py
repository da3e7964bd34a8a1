"""Labelled answers, as a judge is calibrated on them."""

from __future__ import annotations

import json

import pytest

from serinus.core.judging.scorers import Judge
from serinus.files.faults import InvalidFile
from serinus.files.labelled_file import labels_digest, parse_labelled

JUDGE = Judge(criterion="It is right.", endpoint="sim", model="judge-1")
PROMPTED = Judge(criterion="It is right.", endpoint="sim", model="judge-1", with_prompt=True)
LINE = {"id": "1", "input": "When?", "answer": "Now.", "label": "pass"}


def raw(**changed: object) -> bytes:
    """One line."""
    return json.dumps(LINE | changed).encode()


def test_D8_a_line_is_a_case_with_an_answer_and_a_label() -> None:
    """And a prompt, which names another set where it is told."""
    [plain] = parse_labelled("f", raw(), JUDGE)
    assert (plain.case.id, plain.answer, plain.label, plain.prompt) == ("1", "Now.", "pass", "")
    [prompted] = parse_labelled("f", raw(prompt="system: Be kind."), PROMPTED)
    assert prompted.prompt == "system: Be kind."
    assert labels_digest([plain]) != labels_digest([prompted])


@pytest.mark.parametrize(
    ("judge", "changed", "where"),
    [
        (JUDGE, {"label": "great"}, "label"),
        (JUDGE, {"answer": 1}, "answer"),
        (JUDGE, {"prompt": 1}, "prompt"),
        (PROMPTED, {}, "prompt"),
    ],
)
def test_D8_what_is_missing_is_refused_at_its_line(judge: Judge, changed: dict[str, object], where: str) -> None:
    """A judge that is shown the prompt is calibrated on answers whose prompt is known."""
    with pytest.raises(InvalidFile) as refused:
        parse_labelled("f", raw(**changed), judge)
    [fault] = refused.value.faults
    assert fault.where == "f:1"
    assert f"`{where}`" in fault.what
