"""What a simulated model answers: a pure function of the seed and the request."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import orjson

from serinus.sim.answers import CATEGORIES, REFUSALS, answer_text, category_of, json_text, pieces_of
from serinus.sim.chance import Draws
from serinus.sim.chat import ChatRequest, bad_request, text_of
from serinus.sim.judge import MODEL as JUDGE
from serinus.sim.judge import judge
from serinus.sim.rates import Flaw, instructions_in, length_factor, model_named, rates_of

_JSON = re.compile(r"\bjson\b", re.I)
_TIMELESS = ("stream", "stream_options", "n", "max_tokens", "max_completion_tokens")
_PROMPTS_KEPT = 1024


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One drawn answer. `pieces` are its simulated tokens; a refusal carries them in place of an answer.

    `category` is the one the answer names. Times are those of the model, before any speed-up.
    """

    flaws: frozenset[Flaw]
    category: str
    pieces: tuple[str, ...]
    finish_reason: str
    first_token_ms: float
    per_token_ms: float

    @property
    def refused(self) -> bool:
        """Whether the pieces are a refusal."""
        return Flaw.REFUSAL in self.flaws

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)

    @property
    def total_ms(self) -> float:
        """Time to the last token."""
        return self.first_token_ms + self.per_token_ms * max(0, len(self.pieces) - 1)


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What the models see in a system prompt."""

    present: frozenset[str]
    says_json: bool


def canonical_request(request: ChatRequest) -> bytes:
    """The bytes that an answer is drawn from: sorted JSON of the body without how it is to be delivered.

    Streamed or not, one choice or several, cut by a length limit or not: the same answer. WireError (400) for a body
    nested deeper than can be written.
    """
    kept = {name: value for name, value in request.body.items() if name not in _TIMELESS}
    try:
        return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise bad_request("The body is nested too deeply.") from error


class Behaviour:
    """The simulated models under one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._prompts: dict[str, Prompt] = {}

    def outcomes(self, request: ChatRequest) -> list[Outcome]:
        """One outcome for each of the `n` choices asked for."""
        canonical = canonical_request(request)
        return [self._outcome(request, Draws(self.seed, index, canonical)) for index in range(request.n)]

    def _outcome(self, request: ChatRequest, draws: Draws) -> Outcome:
        if request.model.startswith(JUDGE):
            return _judged(request, draws)
        model = model_named(request.model)
        prompt = self._prompt(request.system)
        wants_json = prompt.says_json or _json_format(request.body)
        rates = rates_of(model, prompt.present, request.temperature, wants_json)
        flaws = _draw_flaws(rates, draws)
        first_token_ms = draws.log_normal(model.first_token_median_ms, model.first_token_sigma)
        per_token_ms = 1000.0 / draws.log_normal(model.tokens_per_s, model.tokens_per_s_sigma)
        tokens = int(draws.log_normal(model.tokens_median * length_factor(prompt.present), model.tokens_sigma))
        category = _category(request.query, flaws, draws)
        text = _text(category, flaws, tokens, wants_json, draws)
        pieces = pieces_of(text)
        limit = request.max_tokens
        cut = limit is not None and len(pieces) > limit
        return Outcome(
            flaws=flaws,
            category=category,
            pieces=tuple(pieces[:limit] if cut else pieces),
            finish_reason="length" if cut else "stop",
            first_token_ms=first_token_ms,
            per_token_ms=per_token_ms,
        )

    def _prompt(self, text: str) -> Prompt:
        prompt = self._prompts.get(text)
        if prompt is None:
            prompt = Prompt(present=instructions_in(text), says_json=bool(_JSON.search(text)))
            if len(self._prompts) >= _PROMPTS_KEPT:
                self._prompts.clear()
            self._prompts[text] = prompt
        return prompt


def _judged(request: ChatRequest, draws: Draws) -> Outcome:
    said = judge(request, draws)
    return Outcome(
        flaws=frozenset(),
        category="",
        pieces=tuple(pieces_of(said.text)),
        finish_reason="stop",
        first_token_ms=said.first_token_ms,
        per_token_ms=said.per_token_ms,
    )


def _draw_flaws(rates: dict[Flaw, float], draws: Draws) -> frozenset[Flaw]:
    if draws.uniform() < rates[Flaw.REFUSAL]:
        return frozenset((Flaw.REFUSAL,))
    # A number is taken for every flaw, so that one flaw's rate does not move the draws of the others.
    return frozenset(flaw for flaw, rate in rates.items() if draws.uniform() < rate and flaw is not Flaw.REFUSAL)


def _category(query: str, flaws: frozenset[Flaw], draws: Draws) -> str:
    right = category_of(query)
    if Flaw.WRONG_ANSWER not in flaws:
        return right
    return draws.pick([category for category in CATEGORIES if category != right])


def _text(category: str, flaws: frozenset[Flaw], tokens: int, wants_json: bool, draws: Draws) -> str:
    if Flaw.REFUSAL in flaws:
        return draws.pick(REFUSALS)
    answer = answer_text(category, flaws, tokens, draws)
    return json_text(answer, category, Flaw.BROKEN_FORMAT in flaws, draws) if wants_json else answer


def _json_format(body: dict[str, Any]) -> bool:
    wanted = body.get("response_format")
    return isinstance(wanted, dict) and text_of(wanted.get("type")) in ("json_object", "json_schema")
