"""The published behaviour of the simulated models: how often each flaw occurs, and what changes that.

`docs/reference/simulated-provider.md` prints these tables; a test compares the two.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Collection

import msgspec


class Flaw(enum.StrEnum):
    """What can be wrong with a simulated answer."""

    WRONG_ANSWER = "wrong_answer"
    INVENTED_FACT = "invented_fact"
    BROKEN_FORMAT = "broken_format"
    POLICY_VIOLATION = "policy_violation"
    OFF_TONE = "off_tone"
    REFUSAL = "refusal"


# At temperature 1, model `sim-large`, every instruction present. Drawn independently of each other;
# a refused answer has no other flaw.
BASE_RATES: dict[Flaw, float] = {
    Flaw.WRONG_ANSWER: 0.03,
    Flaw.INVENTED_FACT: 0.02,
    Flaw.BROKEN_FORMAT: 0.015,
    Flaw.POLICY_VIOLATION: 0.002,
    Flaw.OFF_TONE: 0.02,
    Flaw.REFUSAL: 0.01,
}

# Rates multiply by exp(weight · (temperature − 1)).
TEMPERATURE_WEIGHTS: dict[Flaw, float] = {
    Flaw.WRONG_ANSWER: 0.5,
    Flaw.INVENTED_FACT: 0.7,
    Flaw.BROKEN_FORMAT: 0.4,
}

RATE_LIMIT = 0.95
VERBOSE = 1.8


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """A line that the simulated models look for in the system prompt.

    When `pattern` is found nowhere, the rate of `flaw` is multiplied by `factor` (no flaw: the answer's length).
    """

    name: str
    example: str
    pattern: re.Pattern[str]
    flaw: Flaw | None
    factor: float


def _row(name: str, example: str, pattern: str, flaw: Flaw | None, factor: float) -> Instruction:
    return Instruction(name=name, example=example, pattern=re.compile(pattern, re.I), flaw=flaw, factor=factor)


INSTRUCTIONS: tuple[Instruction, ...] = (
    _row(
        "json_keys",
        'Answer in JSON with the keys "answer" and "category".',
        r"\bjson\b[^\n]*\bkeys?\b|\bkeys?\b[^\n]*\bjson\b",
        Flaw.BROKEN_FORMAT,
        3.0,
    ),
    _row(
        "say_unknown",
        "If you do not know, say so.",
        r"(do not|don't) know[^\n]*\bsay\b|\bsay\b[^\n]*(do not|don't) know|never (invent|make up)",
        Flaw.INVENTED_FACT,
        3.0,
    ),
    _row(
        "refund_policy",
        "Refunds are possible within 30 days of delivery.",
        r"\brefund[^\n]*\b(days|policy)\b|\bpolicy\b[^\n]*\brefund",
        Flaw.POLICY_VIOLATION,
        5.0,
    ),
    _row(
        "tone",
        "Be polite and friendly.",
        r"\b(polite|friendly|courteous|kind|warm)(ly)?\b",
        Flaw.OFF_TONE,
        4.0,
    ),
    _row(
        "help_first",
        "Always try to help before you decline.",
        r"\b(always|first) try to help\b|(do not|don't|never) (refuse|decline)",
        Flaw.REFUSAL,
        2.0,
    ),
    _row(
        "examples",
        "Example: …",
        r"\bexamples?\s*(\d+\s*)?:",
        Flaw.WRONG_ANSWER,
        1.6,
    ),
    _row(
        "brief",
        "Answer in at most three sentences.",
        r"\bat most \w+ (sentences|words)\b|\b(be|keep it) (brief|short|concise)\b",
        None,
        VERBOSE,
    ),
)


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A simulated model: factors on the rates, and its distributions of time and length (log-normal)."""

    name: str
    factors: dict[Flaw, float]
    first_token_median_ms: float
    first_token_sigma: float
    tokens_per_s: float
    tokens_per_s_sigma: float
    tokens_median: float
    tokens_sigma: float


MODELS: tuple[Model, ...] = (
    Model(
        name="sim-small",
        factors={
            Flaw.WRONG_ANSWER: 2.0,
            Flaw.INVENTED_FACT: 2.0,
            Flaw.BROKEN_FORMAT: 2.0,
            Flaw.POLICY_VIOLATION: 1.5,
            Flaw.OFF_TONE: 1.5,
        },
        first_token_median_ms=120.0,
        first_token_sigma=0.35,
        tokens_per_s=110.0,
        tokens_per_s_sigma=0.1,
        tokens_median=36.0,
        tokens_sigma=0.3,
    ),
    Model(
        name="sim-large",
        factors={},
        first_token_median_ms=250.0,
        first_token_sigma=0.4,
        tokens_per_s=60.0,
        tokens_per_s_sigma=0.15,
        tokens_median=44.0,
        tokens_sigma=0.3,
    ),
    Model(
        name="sim-large-2",
        factors={Flaw.WRONG_ANSWER: 0.7, Flaw.INVENTED_FACT: 0.6, Flaw.POLICY_VIOLATION: 0.8, Flaw.REFUSAL: 0.8},
        first_token_median_ms=200.0,
        first_token_sigma=0.4,
        tokens_per_s=80.0,
        tokens_per_s_sigma=0.15,
        tokens_median=44.0,
        tokens_sigma=0.3,
    ),
)
DEFAULT_MODEL = MODELS[1]
DEFAULT_TEMPERATURE = 1.0


def model_named(name: str) -> Model:
    """The model whose name is the longest prefix of `name` (dated or suffixed names work); else `sim-large`."""
    fitting = [model for model in MODELS if name.startswith(model.name)]
    return max(fitting, key=lambda model: len(model.name), default=DEFAULT_MODEL)


def instructions_in(prompt: str) -> frozenset[str]:
    """Names of the instructions found in a system prompt."""
    return frozenset(row.name for row in INSTRUCTIONS if row.pattern.search(prompt))


def rates_of(
    model: Model, present: Collection[str], temperature: float = DEFAULT_TEMPERATURE, wants_json: bool = True
) -> dict[Flaw, float]:
    """The probability of each flaw for answers of this model under these instructions.

    REFUSAL is of all answers, the others of those that are not refused. Without JSON asked for nothing can break it.
    """
    rates = {}
    for flaw, base in BASE_RATES.items():
        heat = math.exp(TEMPERATURE_WEIGHTS.get(flaw, 0.0) * (temperature - DEFAULT_TEMPERATURE))
        rates[flaw] = base * model.factors.get(flaw, 1.0) * heat
    for row in INSTRUCTIONS:
        if row.flaw is not None and row.name not in present:
            rates[row.flaw] *= row.factor
    if not wants_json:
        rates[Flaw.BROKEN_FORMAT] = 0.0
    return {flaw: min(rate, RATE_LIMIT) for flaw, rate in rates.items()}


def length_factor(present: Collection[str]) -> float:
    """What missing instructions do to the length of answers."""
    return math.prod(row.factor for row in INSTRUCTIONS if row.flaw is None and row.name not in present)
