"""The deterministic scorers: `score(rule, case, answer)`."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jsonschema
import msgspec
import orjson
import referencing
import referencing.exceptions
from msgspec import UNSET

from serinus.core.errors import InvalidInput
from serinus.core.judging import scorers
from serinus.core.judging.answer import Answer, Price
from serinus.core.judging.case import Case, expectation
from serinus.core.judging.score import Score, passed, unscored, verdict
from serinus.core.judging.scorers import Rule

# Part of every rule's digest: raise it when a rule begins to score differently.
REVISION = "rules-1"
_SHOWN = 120
_NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_REFUSALS = re.compile(
    r"^\W*(?:(?:i'?m|i am) (?:really |very )?sorry,? but |unfortunately,? |sorry,? (?:but )?)?"
    r"(?:i (?:can ?not|can'?t|am (?:not able|unable) to|won'?t|will not) "
    r"(?:help|assist|answer|comply|do that|provide|support|fulfil|continue)|"
    r"as an ai\b[^.]{0,80}\b(?:can ?not|can'?t|unable))",
    re.I,
)
_NO_EXPECTED = "the case has no expected answer"


def score(rule: Rule, case: Case, answer: Answer, price: Price | None = None) -> Score:
    """What the rule says of the answer. `price` is that of the answer's model, for costs. Never raises for any answer:
    what cannot be read where reading is needed is a fail or unscored, as the rule's own contract says."""
    return _BY_KIND[type(rule)](rule, case, answer, price)


def applies(rule: object, case: Case) -> bool:
    """Whether the rule has anything to say of this case: `assertions` has not where there are none."""
    return not isinstance(rule, scorers.Assertions) or bool(case.assert_)


def _exact(rule: scorers.Exact, case: Case, answer: Answer, _: Price | None) -> Score:
    wanted = expectation(case)
    if wanted is UNSET:
        return unscored(_NO_EXPECTED)
    if not isinstance(wanted, str):
        found = _json(answer.text)
        return verdict(found is not UNSET and _same(found, wanted), f"answered {_short(answer.text)}")
    text = answer.text.strip()
    good = text.casefold() == wanted.strip().casefold() if rule.ignore_case else text == wanted.strip()
    return verdict(good, f"answered {_short(text)}")


def _contains(rule: scorers.Contains, case: Case, answer: Answer, _: Price | None) -> Score:
    every = rule.all
    if not (rule.all or rule.any or rule.none):
        texts = _texts(expectation(case))
        if texts is None:
            return unscored(_NO_EXPECTED)
        every = texts
    fold: Callable[[str], str] = str.casefold if rule.ignore_case else str
    text = fold(answer.text)
    missing = [part for part in every if fold(part) not in text]
    if missing:
        return verdict(False, f"without {_short(missing[0])}")
    if rule.any and not any(fold(part) in text for part in rule.any):
        return verdict(False, f"without any of {len(rule.any)} texts")
    unwanted = [part for part in rule.none if fold(part) in text]
    return verdict(not unwanted, f"with {_short(unwanted[0])}" if unwanted else "")


def _keywords(rule: scorers.Keywords, case: Case, answer: Answer, _: Price | None) -> Score:
    words = rule.words or _texts(expectation(case))
    if not words:
        return unscored(_NO_EXPECTED)
    missing = [word for word in words if not _word(word).search(answer.text)]
    value = 1 - len(missing) / len(words)
    return Score(value=value, label=f"{len(words) - len(missing)}/{len(words)}", evidence=_listed("without", missing))


def _regex(rule: scorers.Regex, _: Case, answer: Answer, __: Price | None) -> Score:
    found = _pattern(rule.pattern, rule.ignore_case).search(answer.text)
    if rule.absent:
        return verdict(found is None, f"found {_short(found[0])}" if found else "")
    return verdict(found is not None, "the pattern is not in the answer")


def _json_schema(rule: scorers.JsonSchema, _: Case, answer: Answer, __: Price | None) -> Score:
    found = _json(answer.text)
    if found is UNSET:
        return verdict(False, "the answer is not JSON")
    try:
        error = next(iter(_validator(orjson.dumps(rule.schema)).iter_errors(found)), None)
    except (referencing.exceptions.Unresolvable, RecursionError, ValueError) as fault:
        return unscored(f"the schema cannot be applied: {type(fault).__name__}")
    return verdict(error is None, _short(f"{error.json_path}: {error.message}") if error else "")


def _json_keys(rule: scorers.JsonKeys, _: Case, answer: Answer, __: Price | None) -> Score:
    found = _json(answer.text)
    if not isinstance(found, dict):
        return verdict(False, "the answer is not a JSON object")
    missing = [key for key in rule.keys if key not in found]
    return verdict(not missing, _listed("without", missing))


def _field(rule: scorers.Field, case: Case, answer: Answer, _: Price | None) -> Score:
    wanted = case.expected
    if isinstance(wanted, dict):
        wanted = wanted.get(rule.field, UNSET)
    if wanted is UNSET:
        return unscored(_NO_EXPECTED)
    found = _json(answer.text)
    value = found.get(rule.field, UNSET) if isinstance(found, dict) else UNSET
    if value is UNSET:
        return verdict(False, f"no field {rule.field} in the answer")
    if rule.ignore_case and isinstance(value, str) and isinstance(wanted, str):
        return verdict(value.strip().casefold() == wanted.strip().casefold(), f"{_short(value)}")
    return verdict(_same(value, wanted), _short(value))


def _number(rule: scorers.Number, case: Case, answer: Answer, _: Price | None) -> Score:
    wanted = _as_number(expectation(case))
    if wanted is None:
        return unscored("the case has no expected number")
    found = _number_in(answer.text, rule.field)
    if found is None:
        return verdict(False, "no number in the answer")
    reach = max(rule.absolute, rule.relative * abs(wanted))
    return verdict(abs(found - wanted) <= reach + 1e-12 * abs(wanted), f"answered {found:g}")


def _length(rule: scorers.Length, _: Case, answer: Answer, __: Price | None) -> Score:
    chars, words = len(answer.text), len(answer.text.split())
    good = rule.min_chars <= chars and (not rule.max_chars or chars <= rule.max_chars)
    return verdict(good and (not rule.max_words or words <= rule.max_words), f"{chars} characters, {words} words")


def _refusal(rule: scorers.Refusal, _: Case, answer: Answer, __: Price | None) -> Score:
    return verdict(is_refusal(answer) == rule.wanted, "answered" if rule.wanted else f"refused: {_short(answer.text)}")


def is_refusal(answer: Answer) -> bool:
    """Whether the provider marks it as refused, it ended by a content filter, or begins in the words of refusals."""
    return answer.refused or answer.finish == "content_filter" or _REFUSALS.match(answer.text[:400]) is not None


def _latency(rule: scorers.Latency, _: Case, answer: Answer, __: Price | None) -> Score:
    return verdict(answer.latency_ms <= rule.at_most_s * 1000, f"{answer.latency_ms:.0f} ms")


def _tokens(rule: scorers.Tokens, _: Case, answer: Answer, __: Price | None) -> Score:
    if answer.tokens_out < 0:
        return unscored("the provider told no token counts")
    return verdict(answer.tokens_out <= rule.at_most, f"{answer.tokens_out} tokens")


def _cost(rule: scorers.Cost, _: Case, answer: Answer, price: Price | None) -> Score:
    if price is None:
        return unscored("the suite has no price for this model")
    if answer.tokens_out < 0 or answer.tokens_in < 0:
        return unscored("the provider told no token counts")
    nano = price.cost_nano(answer.tokens_in, answer.tokens_out)
    return verdict(nano <= rule.at_most_usd * 1e9, f"${nano / 1e9:.6f}")


def _assertions(_: scorers.Assertions, case: Case, answer: Answer, price: Price | None) -> Score:
    for number, rule in enumerate(case.assert_, 1):
        one = score(rule, case, answer, price)
        kind = type(rule).__struct_config__.tag
        if one.value is None:
            return unscored(f"assertion {number} ({kind}): {one.reason}")
        if one.value < 1:
            return verdict(False, f"assertion {number} ({kind}): {one.evidence}")
    return passed() if case.assert_ else unscored("the case has no assertion")


_BY_KIND: dict[type, Callable[[Any, Case, Answer, Price | None], Score]] = {
    scorers.Exact: _exact,
    scorers.Contains: _contains,
    scorers.Keywords: _keywords,
    scorers.Regex: _regex,
    scorers.JsonSchema: _json_schema,
    scorers.JsonKeys: _json_keys,
    scorers.Field: _field,
    scorers.Number: _number,
    scorers.Length: _length,
    scorers.Refusal: _refusal,
    scorers.Latency: _latency,
    scorers.Tokens: _tokens,
    scorers.Cost: _cost,
    scorers.Assertions: _assertions,
}


def check_schema(schema: dict[str, Any]) -> None:
    """InvalidInput when it is not a JSON schema, or refers to anything outside itself: nothing is ever fetched."""
    try:
        validator = _validator(orjson.dumps(schema))
        validator.check_schema(schema)
        next(iter(validator.iter_errors(None)), None)
    except jsonschema.SchemaError as error:
        raise InvalidInput(f"not a JSON schema: {error.message}", where="schema", mend="see json-schema.org") from None
    except referencing.exceptions.Unresolvable as error:
        raise InvalidInput(
            f"reference {error.ref!r} leads out of the schema", where="schema", mend="put it under $defs"
        ) from None


def schema_fault(schema: dict[str, Any], value: Any) -> str:
    """What of a value is not as the schema says, with its place; empty: nothing. No fault of what is no schema."""
    try:
        found = next(iter(_validator(orjson.dumps(schema)).iter_errors(value)), None)
    except (jsonschema.SchemaError, referencing.exceptions.Unresolvable):
        return ""
    return f"{found.json_path}: {found.message}" if found else ""


@functools.lru_cache(maxsize=64)
def _validator(raw: bytes) -> Any:
    schema = orjson.loads(raw)
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    # An empty registry resolves what is inside the schema and refuses the rest; the default one would ask the network.
    return kind(schema, registry=referencing.Registry())


@functools.lru_cache(maxsize=256)
def _pattern(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(pattern, re.I if ignore_case else 0)


@functools.lru_cache(maxsize=1024)
def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.I)


def _json(text: str) -> Any:
    """The JSON value, or UNSET. What stands around it is not forgiven: callers of the app would not be either."""
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        return UNSET


def _same(found: Any, wanted: Any) -> bool:
    """JSON equality: 1 and 1.0 are the same number, true is not 1."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(_same(found[key], wanted[key]) for key in found)
    if isinstance(found, list) and isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(_same(a, b) for a, b in zip(found, wanted, strict=True))
    return bool(found == wanted)


def _texts(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple) and value and all(isinstance(part, str) for part in value):
        return tuple(value)
    return None


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return _last_number(value) if isinstance(value, str) else None


def _number_in(text: str, field: str) -> float | None:
    if not field:
        return _last_number(text)
    found = _json(text)
    return _as_number(found.get(field)) if isinstance(found, dict) else None


def _last_number(text: str) -> float | None:
    found = _NUMBER.findall(text)
    number = float(found[-1].replace(",", "")) if found else math.nan
    return number if math.isfinite(number) else None


def _listed(word: str, items: Iterable[str]) -> str:
    texts: Sequence[str] = list(items)
    return f"{word} {', '.join(map(_short, texts[:5]))}" if texts else ""


def _short(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
