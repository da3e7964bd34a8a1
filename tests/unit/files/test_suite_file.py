"""Suites as files: units as people write them, every fault at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.judging.scorers import KINDS, Cost, Latency
from serinus.files.faults import InvalidFile
from serinus.files.suite_file import CRITERION_KEYS, SUITE_KEYS, keys_of, parse_suite_file

ROOT = Path(__file__).parents[3]
HEAD = "suite: 1\nname: golden\ndata: d.jsonl\n"
SCORER = "scorers:\n  - {name: exact, kind: exact, min: 90%}\n"


def load(name: str) -> bytes:
    """The files beside the suite."""
    if name != "d.jsonl":
        raise InvalidInput("cannot be read: no such file", where=name, mend="paths are read from the suite's folder")
    return b'{"id": "1", "input": "x"}'


def faults(text: str) -> list[str]:
    """What is wrong, as it is shown."""
    with pytest.raises(InvalidFile) as refused:
        parse_suite_file("s.yaml", text.encode(), load)
    return [str(one) for one in refused.value.faults]


def test_units_are_those_of_people() -> None:
    """Percent, durations and dollars become what core counts in."""
    text = HEAD + (
        "max_unscored: 1%\nmax_cost: 2.50\ntimeout: 90s\nprices: {m: {input: 0.15, output: 0.6}}\n"
        "scorers:\n  - {name: quick, kind: latency, at_most: 1500ms, min: 95%}\n"
        "  - {name: cheap, kind: cost, at_most: 0.01, min: 95%, max_drop: 2%, where: {lang: de}}\n"
    )
    suite = parse_suite_file("s.yaml", text.encode(), load).suite
    assert (suite.max_unscored, suite.max_cost_usd, suite.timeout_s) == (0.01, 2.5, 90.0)
    assert suite.criteria[0].scorer == Latency(at_most_s=1.5)
    assert suite.criteria[1].scorer == Cost(at_most_usd=0.01)
    assert (suite.criteria[1].max_drop, suite.criteria[1].where) == (0.02, {"lang": "de"})
    assert suite.price("m-2025-01-01") == suite.prices["m"]


def test_a_suite_names_its_data_by_path_or_digest() -> None:
    """Both give the same suite."""
    named = parse_suite_file("s.yaml", (HEAD + SCORER).encode(), load)
    assert named.data is not None
    by_digest = (HEAD + SCORER).replace("d.jsonl", named.data.digest)
    assert parse_suite_file("s.yaml", by_digest.encode(), load).suite == named.suite


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (HEAD + "repets: 3\n" + SCORER, "s.yaml:4: unknown key `repets` (did you mean `repeats`?)"),
        (HEAD + "repeats: 0\n" + SCORER, "s.yaml:4: `repeats`: 0 is not from 1 to 100"),
        (HEAD + "repeats: x\n" + SCORER, "s.yaml:4: `repeats`: expected `int`, got `str`"),
        (HEAD + "max_unscored: 5\n" + SCORER, "s.yaml:4: `max_unscored`: 5 is not between 0% and 100%"),
        (HEAD + "timeout: 5\n" + SCORER, "s.yaml:4: `timeout`: 5 is not a duration"),
        (HEAD + "max_cost: 5\n" + SCORER, "s.yaml:4: `max_cost`: a limit on cost without a price"),
        (HEAD + "splits: [train]\n" + SCORER, "s.yaml:4: `splits[0]`: invalid enum value 'train'"),
        (HEAD, "s.yaml:1: no `scorers` (add `scorers: ["),
        (HEAD + "scorers: 3\n", "s.yaml:4: this is not a list"),
        (HEAD + "scorers: []\n", "s.yaml:4: `scorers`: no scorers"),
        (HEAD + "scorers:\n  - {name: a, kind: exat}\n", "s.yaml:5: no kind of scorer `exat` (did you mean `exact`?)"),
        (HEAD + "scorers:\n  - {name: a, kind: exact, mni: 1%}\n", "s.yaml:5: unknown key `mni` (did you mean `min`?)"),
        (HEAD + "scorers:\n  - {name: a, kind: regex}\n", "s.yaml:5: `pattern`: missing"),
        (HEAD + "scorers:\n  - name: a\n    kind: regex\n    pattern: (\n", "s.yaml:7: `pattern`: not a regular"),
        (HEAD + "scorers:\n  - {name: A b, kind: exact}\n", "s.yaml:5: `scorers[0].name`: 'A b' is not a name"),
        (HEAD + SCORER + "  - {name: exact, kind: exact}\n", "s.yaml:6: `scorers[1].name`: `exact` stands twice"),
        (HEAD + "scorers:\n  - {name: a, kind: exact, confident: true}\n", "s.yaml:5: `scorers[0].confident`: "),
        (HEAD + "scorers:\n  - {name: a, kind: cost, at_most: 1}\n", "s.yaml:5: `scorers[0]`: costs without a price"),
        (
            HEAD + "scorers:\n  - {name: a, kind: judge, criterion: c, endpoint: e, model: m, repeats: 2}\n",
            "s.yaml:5: `repeats`: 2 repeats have no majority",
        ),
        (HEAD.replace("d.jsonl", "e.jsonl") + SCORER, "s.yaml:3: `e.jsonl` cannot be read: no such file"),
        (HEAD.replace("suite: 1", "suite: 2") + SCORER, "s.yaml:1: `schema`: schema 2 is not known"),
        ("- a\n", "s.yaml:1: not a suite (begin with the line `suite: 1`)"),
        ("suite: 1\n  bad: [\n", "s.yaml:2: not YAML"),
    ],
)
def test_a_fault_names_file_and_line(text: str, fault: str) -> None:
    """And how to mend it."""
    assert faults(text)[0].startswith(fault)


def test_the_example_is_good() -> None:
    """It has at least 100 cases of our own, and a judge that may gate."""
    folder = ROOT / "examples" / "support-bot"
    raw = (folder / "suite.yaml").read_bytes()
    found = parse_suite_file("suite.yaml", raw, lambda name: (folder / name).read_bytes())
    assert found.data is not None
    assert len(found.data.cases) >= 100
    assert [one.dry() for one in found.suite.criteria] == [""] * len(found.suite.criteria)


REFERENCE = ROOT / "docs" / "reference" / "suites.md"


def test_every_key_and_kind_is_documented() -> None:
    """The reference has a row for each."""
    text = REFERENCE.read_text(encoding="utf-8")
    keys = [*SUITE_KEYS, *CRITERION_KEYS, *(key for kind in KINDS for key in keys_of(kind))]
    assert not [key for key in keys if f"`{key}`" not in text]
    assert not [kind for kind in KINDS if f"| `{kind}` |" not in text]
