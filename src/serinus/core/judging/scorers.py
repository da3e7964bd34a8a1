"""What can be asked of an answer, as values. `kind` says which; the fields are what a suite file writes."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.judging.told import told
from serinus.core.versions import canonical as jcs


class _Rule(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", forbid_unknown_fields=True
):
    """Base of all."""


class Exact(_Rule, frozen=True, kw_only=True, tag="exact"):
    """The answer is what the case expects: as text, or as JSON where `expected` is not text."""

    ignore_case: bool = False


class Contains(_Rule, frozen=True, kw_only=True, tag="contains"):
    """All of `all`, one of `any`, none of `none`; without any of them, what the case expects (a text or texts)."""

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    ignore_case: bool = True


class Keywords(_Rule, frozen=True, kw_only=True, tag="keywords"):
    """The share of these words, or of those that the case expects, that occur as whole words."""

    words: tuple[str, ...] = ()


class Regex(_Rule, frozen=True, kw_only=True, tag="regex"):
    """The pattern is found; with `absent` it is not."""

    pattern: str
    ignore_case: bool = False
    absent: bool = False

    def __post_init__(self) -> None:
        """Refuse what is not a regular expression."""
        try:
            re.compile(self.pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise InvalidInput(f"not a regular expression: {error}", where="pattern", mend="escape it") from None


class JsonSchema(_Rule, frozen=True, kw_only=True, tag="json_schema"):
    """The answer is JSON that this schema (draft 2020-12 unless it says another) accepts."""

    schema: dict[str, Any]


class JsonKeys(_Rule, frozen=True, kw_only=True, tag="json_keys"):
    """The answer is a JSON object with these keys."""

    keys: tuple[str, ...]


class Field(_Rule, frozen=True, kw_only=True, tag="field"):
    """A field of the JSON answer equals what the case expects (of this field, where `expected` is an object)."""

    field: str
    ignore_case: bool = True


class Number(_Rule, frozen=True, kw_only=True, tag="number"):
    """The number in the answer (its last one, or that in `field`) is within tolerance of the expected one."""

    absolute: float = 0.0
    relative: float = 0.0
    field: str = ""


class Length(_Rule, frozen=True, kw_only=True, tag="length"):
    """Characters and words within bounds; 0 is no bound."""

    min_chars: int = 0
    max_chars: int = 0
    max_words: int = 0


class Refusal(_Rule, frozen=True, kw_only=True, tag="refusal"):
    """The answer is no refusal; with `wanted` it is one."""

    wanted: bool = False


class Latency(_Rule, frozen=True, kw_only=True, tag="latency"):
    """The whole answer came within this time."""

    at_most_s: float


class Tokens(_Rule, frozen=True, kw_only=True, tag="tokens"):
    """The answer took at most so many completion tokens."""

    at_most: int


class Cost(_Rule, frozen=True, kw_only=True, tag="cost"):
    """The call cost at most so many US dollars."""

    at_most_usd: float


class Assertions(_Rule, frozen=True, kw_only=True, tag="assertions"):
    """Every rule in the case's own `assert` holds."""


Rule = (
    Exact | Contains | Keywords | Regex | JsonSchema | JsonKeys | Field | Number | Length | Refusal | Latency | Tokens
    | Cost | Assertions
)  # fmt: skip


class Judge(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="judge",
            forbid_unknown_fields=True):  # fmt: skip
    """A model that grades one criterion. `grades`: what it may say, worst first, and what each is worth.

    `repeats` (odd) calls per answer, of which the majority counts. `parameters` go to the model as they are.
    `with_prompt`: it is shown the prompt of the version that answered, too.
    """

    criterion: str
    endpoint: str
    model: str
    grades: dict[str, float] = msgspec.field(default_factory=lambda: {"fail": 0.0, "pass": 1.0})
    repeats: int = 1
    parameters: dict[str, Any] = msgspec.field(default_factory=lambda: {"temperature": 0})
    with_prompt: bool = False

    def __post_init__(self) -> None:
        """Refuse a judge that could not come to a verdict."""
        for name in ("criterion", "endpoint", "model"):
            if not getattr(self, name).strip():
                raise InvalidInput("empty", where=name, mend=f"write one: {name}: …")
        if len(self.grades) < 2 or not all(0 <= value <= 1 for value in self.grades.values()):
            raise InvalidInput(
                "grades are two or more words with values from 0 to 1", where="grades", mend="{fail: 0, pass: 1}"
            )
        if any(not re.fullmatch(r"[a-z][a-z0-9_]*", grade) for grade in self.grades):
            raise InvalidInput("a grade is one word of small letters", where="grades", mend="{fail: 0, pass: 1}")
        if self.repeats < 1 or self.repeats % 2 == 0 or self.repeats > 9:
            raise InvalidInput(f"{self.repeats} repeats have no majority", where="repeats", mend="use 1, 3 or 5")
        if {"messages", "model", "stream", "response_format", "n"} & self.parameters.keys():
            raise InvalidInput(
                "messages, model, stream, n and response_format are set by Serinus",
                where="parameters",
                mend="leave them out",
            )


Scorer = Rule | Judge


def scorer_digest(scorer: Scorer, code: str) -> str:
    """Hex SHA-256 of all that a score depends on: the scorer, and `code`, the revision of what carries it out."""
    return hashlib.sha256(code.encode() + b"\n" + jcs.encode(told(scorer))).hexdigest()


KINDS: dict[str, type[msgspec.Struct]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        *(Exact, Contains, Keywords, Regex, JsonSchema, JsonKeys, Field, Number, Length, Refusal, Latency, Tokens),
        *(Cost, Assertions, Judge),
    )
}
