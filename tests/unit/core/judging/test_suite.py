"""Suites: their canonical bytes read back, and their digest is that of what they ask."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.judging.answer import Price
from serinus.core.judging.calibration import calibration
from serinus.core.judging.scorers import Exact, JsonSchema, Judge, Latency
from serinus.core.judging.suite import Criterion, Suite, canonical_suite, parse_suite

JUDGE = Judge(criterion="c", endpoint="e", model="m", grades={"bad": 0.0, "good": 1.0}, repeats=3)
WHOLE = Suite(
    name="golden",
    data="0" * 64,
    criteria=(
        Criterion(name="exact", scorer=Exact(ignore_case=True), min=0.9, confident=True, where={"a": "b"}),
        Criterion(name="schema", scorer=JsonSchema(schema={"type": "object"}), max_drop=0.02, min_cases=5),
        Criterion(name="quick", scorer=Latency(at_most_s=3.0), min=1.0, dry_run=True),
        Criterion(
            name="judged",
            scorer=JUDGE,
            min=0.5,
            calibration=calibration("j", "l", JUDGE.grades, [("good", "good"), ("bad", "")], 1),
        ),
    ),
    splits=("heldout",),
    repeats=2,
    prices={"m": Price(input=0.15, output=0.6)},
    max_cost_usd=2.5,
    timeout_s=90.0,
)


def test_a_suite_comes_back_whole_from_its_canonical_bytes() -> None:
    """With judges, calibrations and prices; so the digest survives the store."""
    assert parse_suite(canonical_suite(WHOLE)) == WHOLE
    assert parse_suite(canonical_suite(WHOLE)).digest == WHOLE.digest


def test_a_default_that_is_written_changes_nothing() -> None:
    """Neither in a suite nor in a scorer; anything else does."""
    bare = Suite(name="g", data="0" * 64, criteria=(Criterion(name="e", scorer=Exact()),))
    written = msgspec.convert(
        {
            "name": "g",
            "data": "0" * 64,
            "timeout_s": float("60.0"),
            "splits": ["gate", "heldout"],
            "criteria": [{"name": "e", "scorer": {"kind": "exact", "ignore_case": False}, "where": {}}],
        },
        Suite,
    )
    assert written.digest == bare.digest
    assert msgspec.structs.replace(bare, repeats=2).digest != bare.digest


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"{", "not a suite"),
        (b"[]", "not a suite"),
        (b'{"name": "g", "data": "x", "criteria": []}', "not the digest of a data set"),
        (b'{"name": "G!", "data": "x", "criteria": []}', "is not a name"),
    ],
)
def test_what_is_no_suite_is_refused(raw: bytes, what: str) -> None:
    """Stored bytes are checked as files are."""
    with pytest.raises(InvalidInput, match=what):
        parse_suite(raw)


def test_a_dated_model_has_the_price_of_its_name() -> None:
    """The longest name that it begins with."""
    priced = msgspec.structs.replace(WHOLE, prices={"gpt": Price(input=1, output=1), "gpt-4": Price(input=2, output=2)})
    assert priced.price("gpt-4-2025") == Price(input=2, output=2)
    assert priced.price("claude") is None
