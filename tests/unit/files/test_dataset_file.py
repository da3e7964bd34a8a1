"""Data sets as files: every fault with file, line and field."""

from __future__ import annotations

import pytest

from serinus.core.judging.case import raw_lines
from serinus.files.dataset_file import Columns, parse_csv, parse_data_set
from serinus.files.faults import InvalidFile

GOOD = '{"id": "1", "input": "Wo?", "expected": "delivery", "assert": [{"kind": "regex", "pattern": "a"}]}'


def faults(text: str) -> list[str]:
    """What is wrong, as it is shown."""
    with pytest.raises(InvalidFile) as refused:
        parse_data_set("d.jsonl", text.encode())
    return [str(one) for one in refused.value.faults]


def test_cases_are_read_and_named_by_their_content() -> None:
    """White space and the order of keys and lines make no difference."""
    other = '\n{"expected":"delivery","assert":[{"pattern":"a","kind":"regex"}],"input":"Wo?","id":"1"}\r\n\n'
    assert parse_data_set("a", GOOD.encode()).digest == parse_data_set("b", other.encode()).digest
    found = parse_data_set("a", GOOD.encode())
    assert parse_data_set("c", raw_lines(found.cases)) == found


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"id": "2", "input": "x", "expcted": 1}', "`expcted`: unknown field (did you mean `expected`?)"),
        ('{"input": "x"}', "`id`: missing"),
        ('{"id": 7, "input": "x"}', "`id`: expected `str`, got `int`"),
        ('{"id": "2"}', "`input`: nothing is asked"),
        ('{"id": "2", "input": "x", "split": "train"}', "`split`: invalid enum value 'train'"),
        ('{"id": "2", "input": "x", "tags": {"a": 1}}', "`tags[...]`: expected `str`, got `int`"),
        (
            '{"id": "2", "assert": [{"kind": "regx"}]}',
            "`assert[0].kind`: no kind of rule (did you mean `regex`?",
        ),
        (
            '{"id": "2", "assert": [{"kind": "regex", "patern": "a"}]}',
            "`assert[0].patern`: unknown field",
        ),
        ('{"id": "2", "assert": [{"kind": "judge"}]}', "`assert[0].kind`: no kind of rule"),
        ('{"id": "2", "input": "x", "id": "3"}', "`id`: stands twice in one object"),
        ('{"id": "2", "input": "x"', "not JSON"),
        ("[1]", "not a JSON object"),
        ("[" * 50_000, "not JSON"),
        ('{"id": "2", "input": "x", "expected": 1e999}', "`expected`: inf is not a finite number"),
        ('{"id": "2", "input": "\\ud800"}', "`input`: half of a surrogate pair"),
        ('{"id": "1", "input": "x"}', "`id`: '1' stands twice (first in line 1)"),
    ],
)
def test_a_fault_names_file_line_and_field(line: str, fault: str) -> None:
    """And how to mend it."""
    (found,) = faults(f"{GOOD}\n\n{line}\n")
    assert found.startswith(f"d.jsonl:3: {fault}")


def test_all_faults_are_told_up_to_fifty() -> None:
    """One run of the checker shows what there is to do."""
    assert len(faults("{}\n" * 60)) == 50
    assert faults("\n \n") == ['d.jsonl:1: no case (write one on each line: {"id": "1", "input": "…"})']


def test_csv_becomes_cases() -> None:
    """Rows are numbered without an id column; quotes, commas and line ends within fields are kept."""
    raw = b'text,category\n"Where, ""please""?\nNow",delivery\nBye,other\n'
    found = parse_csv("q.csv", raw, Columns(text="text", expected="category", tags=("category",)))
    assert [case.id for case in found.cases] == ["row-1", "row-2"]
    assert found.cases[0].input == 'Where, "please"?\nNow'
    assert (found.cases[1].expected, found.cases[1].tags) == ("other", {"category": "other"})


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("text,category\na,b\n", "q.csv:1: no column `txt` (did you mean `text`?)"),
        ("txt,category\na,b,c\n", "q.csv:2: more or fewer fields than the header"),
        ('txt,category\n"a,b\n', "q.csv:2: not CSV"),
        ("", "q.csv:1: no column `txt`"),
    ],
)
def test_faults_of_csv_name_the_line(raw: str, fault: str) -> None:
    """A missing column is told with the nearest one."""
    with pytest.raises(InvalidFile) as refused:
        parse_csv("q.csv", raw.encode(), Columns(text="txt"))
    assert str(refused.value.faults[0]).startswith(fault)
