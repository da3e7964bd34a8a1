"""The published rates."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from serinus.sim.rates import (
    BASE_RATES,
    INSTRUCTIONS,
    MODELS,
    RATE_LIMIT,
    TEMPERATURE_WEIGHTS,
    Flaw,
    instructions_in,
    length_factor,
    model_named,
    rates_of,
)

ALL = frozenset(row.name for row in INSTRUCTIONS)
ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "simulated-provider.md"


@pytest.mark.parametrize("row", INSTRUCTIONS, ids=lambda row: row.name)
def test_each_instruction_is_found_by_its_own_example_only(row: object) -> None:
    """The example line of a row is seen as that instruction and as no other."""
    assert instructions_in(row.example) == {row.name}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("missing", "flaw", "expected"),
    [
        ("json_keys", Flaw.BROKEN_FORMAT, 0.045),
        ("say_unknown", Flaw.INVENTED_FACT, 0.06),
        ("refund_policy", Flaw.POLICY_VIOLATION, 0.01),
        ("tone", Flaw.OFF_TONE, 0.08),
        ("help_first", Flaw.REFUSAL, 0.02),
        ("examples", Flaw.WRONG_ANSWER, 0.048),
    ],
)
def test_a_missing_instruction_raises_its_flaw_and_no_other(missing: str, flaw: Flaw, expected: float) -> None:
    """One rate moves to the published value; the others stay at theirs."""
    rates = rates_of(model_named("sim-large"), ALL - {missing})
    assert rates.pop(flaw) == pytest.approx(expected)
    assert rates == {other: rate for other, rate in BASE_RATES.items() if other is not flaw}


def test_a_missing_brief_makes_answers_longer() -> None:
    """`brief` moves the length in place of a rate."""
    assert length_factor(ALL) == 1.0
    assert length_factor(ALL - {"brief"}) == 1.8


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("sim-small", "sim-small"),
        ("sim-large", "sim-large"),
        ("sim-large-2", "sim-large-2"),
        ("sim-large-2-2025-05-01", "sim-large-2"),
        ("sim-large-eu", "sim-large"),
        ("gpt-unheard-of", "sim-large"),
    ],
)
def test_a_model_is_found_by_its_longest_prefix(name: str, found: str) -> None:
    """Dated and suffixed names are the model they begin with; unknown ones are `sim-large`."""
    assert model_named(name).name == found


def test_temperature_moves_three_rates_by_the_published_law() -> None:
    """exp(weight · (T − 1)); tone, policy and refusals do not feel it."""
    cold, usual, hot = (rates_of(model_named("sim-large"), ALL, temperature) for temperature in (0.0, 1.0, 2.0))
    for flaw in Flaw:
        weight = TEMPERATURE_WEIGHTS.get(flaw, 0.0)
        assert hot[flaw] / usual[flaw] == pytest.approx(math.exp(weight))
        assert cold[flaw] / usual[flaw] == pytest.approx(math.exp(-weight))


def test_without_json_asked_for_no_format_breaks() -> None:
    """A plain answer has no format."""
    assert rates_of(model_named("sim-small"), (), wants_json=False)[Flaw.BROKEN_FORMAT] == 0.0


def test_no_rate_leaves_the_unit_interval() -> None:
    """The worst model under the worst prompt at the highest temperature still has probabilities."""
    for model in MODELS:
        assert all(0.0 <= rate <= RATE_LIMIT for rate in rates_of(model, (), 2.0).values())


@pytest.mark.parametrize(
    ("file", "missing"),
    [("baseline.md", {"examples"}), ("better.md", set()), ("worse.md", {"json_keys", "refund_policy"})],
)
def test_the_example_prompts_differ_as_their_story_says(file: str, missing: set[str]) -> None:
    """The good change adds the examples; the bad one, made from it, loses what was said of the keys and of refunds."""
    prompt = (ROOT / "examples" / "support-bot" / file).read_text(encoding="utf-8").split("---\n", 2)[2]
    assert ALL - instructions_in(prompt) == missing


def test_the_reference_page_prints_these_tables() -> None:
    """Every rate, factor, weight and distribution of the code stands in the page, and no other instruction."""
    page = PAGE.read_text(encoding="utf-8")
    for flaw, rate in BASE_RATES.items():
        assert f"| `{flaw.value}` | {rate * 100:g} % | {TEMPERATURE_WEIGHTS.get(flaw, 0.0):g} |" in page
    for row in INSTRUCTIONS:
        effect = f"`{row.flaw.value}`" if row.flaw else "length"
        assert f"| `{row.name}` | {row.example} | {effect} × {row.factor:g} |" in page
    assert set(re.findall(r"^\| `(\w+)` \| .* × [\d.]+ \|$", page, re.M)) == ALL
    for model in MODELS:
        factors = ", ".join(f"`{flaw.value}` × {factor:g}" for flaw, factor in model.factors.items()) or "none"
        times = f"{model.first_token_median_ms:g} ms (σ {model.first_token_sigma:g})"
        speed = f"{model.tokens_per_s:g} (σ {model.tokens_per_s_sigma:g})"
        length = f"{model.tokens_median:g} (σ {model.tokens_sigma:g})"
        assert f"| `{model.name}` | {factors} | {times} | {speed} | {length} |" in page
