"""What simulated models answer."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import orjson
import pytest
from scipy import stats

from serinus.sim.answers import INVENTED, OFF_TONES, REFUSALS, VIOLATIONS
from serinus.sim.behaviour import Behaviour, Outcome, canonical_request
from serinus.sim.chat import parse_chat
from serinus.sim.rates import INSTRUCTIONS, Flaw

FULL = "\n".join(row.example for row in INSTRUCTIONS)
CALLS = 6000


def prompt_without(name: str) -> str:
    """All instructions but one; JSON stays asked for."""
    return "JSON, please.\n" + "\n".join(row.example for row in INSTRUCTIONS if row.name != name)


def draw(system: str, calls: int = CALLS, **fields: Any) -> list[Outcome]:
    """Outcomes of many calls that differ in the user only."""
    behaviour = Behaviour(seed=7)
    outcomes = []
    for number in range(calls):
        messages = [{"role": "system", "content": system}, {"role": "user", "content": "Where is my parcel?"}]
        body = {"model": "sim-large", "user": f"u{number}", "messages": messages, **fields}
        outcomes += behaviour.outcomes(parse_chat(orjson.dumps(body)))
    return outcomes


def assert_rate(outcomes: list[Outcome], flaw: Flaw, rate: float) -> None:
    """The count lies within the exact binomial bounds of one in a million on each side."""
    asked = outcomes if flaw is Flaw.REFUSAL else [outcome for outcome in outcomes if not outcome.refused]
    count = sum(flaw in outcome.flaws for outcome in asked)
    low, high = stats.binom.ppf([1e-6, 1 - 1e-6], len(asked), rate)
    assert low <= count <= high, f"{flaw}: {count} of {len(asked)}, published rate {rate}"


PUBLISHED = {
    Flaw.WRONG_ANSWER: 0.03,
    Flaw.INVENTED_FACT: 0.02,
    Flaw.BROKEN_FORMAT: 0.015,
    Flaw.POLICY_VIOLATION: 0.002,
    Flaw.OFF_TONE: 0.02,
    Flaw.REFUSAL: 0.01,
}


def test_with_all_instructions_flaws_occur_at_the_base_rates() -> None:
    """Every flaw of `sim-large` at temperature 1 has its published rate."""
    outcomes = draw(FULL)
    for flaw, rate in PUBLISHED.items():
        assert_rate(outcomes, flaw, rate)


@pytest.mark.parametrize(
    ("missing", "flaw", "rate"),
    [
        ("json_keys", Flaw.BROKEN_FORMAT, 0.045),
        ("say_unknown", Flaw.INVENTED_FACT, 0.06),
        ("refund_policy", Flaw.POLICY_VIOLATION, 0.01),
        ("tone", Flaw.OFF_TONE, 0.08),
        ("help_first", Flaw.REFUSAL, 0.02),
        ("examples", Flaw.WRONG_ANSWER, 0.048),
    ],
)
def test_a_missing_instruction_shows_in_the_answers(missing: str, flaw: Flaw, rate: float) -> None:
    """The rate of the instruction's flaw is the published multiple."""
    assert_rate(draw(prompt_without(missing)), flaw, rate)


def test_a_smaller_model_and_a_higher_temperature_show_in_the_answers() -> None:
    """Factors of model and temperature multiply."""
    outcomes = draw(FULL, model="sim-small", temperature=2.0)
    assert_rate(outcomes, Flaw.WRONG_ANSWER, 0.03 * 2.0 * math.exp(0.5))
    assert_rate(outcomes, Flaw.BROKEN_FORMAT, 0.015 * 2.0 * math.exp(0.4))
    assert_rate(outcomes, Flaw.OFF_TONE, 0.02 * 1.5)


def test_the_answer_depends_on_seed_and_request_only() -> None:
    """Two behaviours of one seed agree on every request, in any order; another seed does not."""
    requests = [
        parse_chat(
            orjson.dumps({"model": "sim-large", "user": str(n), "messages": [{"role": "user", "content": "Hi"}]})
        )
        for n in range(50)
    ]
    one, two, other = Behaviour(3), Behaviour(3), Behaviour(4)
    forwards = [one.outcomes(request) for request in requests]
    backwards = [two.outcomes(request) for request in reversed(requests)]
    assert forwards == backwards[::-1]
    assert forwards != [other.outcomes(request) for request in requests]


def test_how_an_answer_is_delivered_does_not_change_it() -> None:
    """Streamed or not, and in any order of keys: the same canonical request."""
    messages = [{"role": "user", "content": "Hi"}]
    plain = parse_chat(orjson.dumps({"model": "m", "messages": messages, "user": "u"}))
    streamed = parse_chat(orjson.dumps({"user": "u", "messages": messages, "stream": True, "n": 2, "model": "m"}))
    assert canonical_request(plain) == canonical_request(streamed)
    assert Behaviour(1).outcomes(plain)[0] == Behaviour(1).outcomes(streamed)[0]


def test_flaws_are_in_the_text_and_only_they() -> None:
    """Whoever reads the text finds the truth: each flaw's sentence is there exactly when it was drawn."""
    outcomes = draw("JSON", calls=3000, model="sim-small")
    for outcome in outcomes:
        text = outcome.text
        assert (text in REFUSALS) == (Flaw.REFUSAL in outcome.flaws)
        if outcome.refused or Flaw.BROKEN_FORMAT in outcome.flaws:
            continue
        answer = json.loads(text)
        assert set(answer) == {"answer", "category"}
        assert (answer["category"] != "delivery") == (Flaw.WRONG_ANSWER in outcome.flaws)
        assert _says(answer["answer"], VIOLATIONS) == (Flaw.POLICY_VIOLATION in outcome.flaws)
        assert _says(answer["answer"], OFF_TONES) == (Flaw.OFF_TONE in outcome.flaws)
        assert _says(answer["answer"], [line.split("{")[0] for line in INVENTED]) == (
            Flaw.INVENTED_FACT in outcome.flaws
        )


def _says(text: str, sentences: Any) -> bool:
    return any(sentence in text for sentence in sentences)


def test_a_broken_format_is_never_json() -> None:
    """Cut off or wrapped in prose, both occur, and neither parses."""
    broken = [outcome.text for outcome in draw("JSON", calls=4000) if Flaw.BROKEN_FORMAT in outcome.flaws]
    kinds = Counter(text.startswith("Sure!") for text in broken)
    assert min(kinds[True], kinds[False]) > 20
    for text in broken:
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(text)


@pytest.mark.parametrize(
    "fields",
    [{"response_format": {"type": "json_object"}}, {"response_format": {"type": "json_schema", "json_schema": {}}}],
)
def test_a_response_format_asks_for_json_too(fields: dict[str, Any]) -> None:
    """JSON comes by `response_format` without a word in the prompt."""
    texts = [outcome.text for outcome in draw("Be brief", calls=50, **fields)]
    assert sum(text.startswith("{") for text in texts) > 40


def test_without_json_asked_for_the_answer_is_prose() -> None:
    """No word of JSON anywhere: plain sentences."""
    assert not any("{" in outcome.text for outcome in draw("Be brief", calls=200))


def test_a_length_limit_cuts_and_says_so() -> None:
    """`max_tokens` keeps the first tokens of the same answer, with finish reason `length`."""
    (whole,) = draw(FULL, calls=1)
    (cut,) = draw(FULL, calls=1, max_tokens=5)
    assert cut.pieces == whole.pieces[:5]
    assert (cut.finish_reason, whole.finish_reason) == ("length", "stop")


def test_first_tokens_are_log_normal_as_published() -> None:
    """ln of the time to the first token is normal around the model's median."""
    logs = [math.log(outcome.first_token_ms) for outcome in draw(FULL)]
    assert stats.kstest(logs, "norm", args=(math.log(250.0), 0.4)).pvalue > 1e-4


def test_answers_have_about_the_published_length() -> None:
    """The median count of tokens lies within a quarter of the model's; without `brief` it is 1.5 to 2 times that."""
    brief = sorted(len(outcome.pieces) for outcome in draw(FULL, calls=1001))[500]
    wordy = sorted(len(outcome.pieces) for outcome in draw(prompt_without("brief"), calls=1001))[500]
    assert 33 <= brief <= 55
    assert 1.5 <= wordy / brief <= 2.0
