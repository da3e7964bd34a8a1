"""Faults on demand: which kinds there are, how a rule is written, and which rule strikes a request."""

from __future__ import annotations

from typing import Any

import msgspec

from serinus.core.errors import InvalidInput
from serinus.sim.chance import Draws


class FaultKind(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which the provider can fail; `value` is the default of the kind's number."""

    name: str
    effect: str
    value: float = 0.0


KINDS: dict[str, FaultKind] = {
    kind.name: kind
    for kind in (
        FaultKind(name="429", effect="429 rate_limit_error; value: seconds in `retry-after`", value=1.0),
        FaultKind(name="500", effect="500 server_error"),
        FaultKind(name="503", effect="503 overloaded; value: seconds in `retry-after`, 0 for none"),
        FaultKind(name="slow", effect="the first byte comes later; value: seconds, divided by the speed", value=8.0),
        FaultKind(name="hang", effect="never answers, the connection stays open"),
        FaultKind(name="cut", effect="the connection is closed (FIN) after `value` chunks or half the body", value=3.0),
        FaultKind(
            name="reset", effect="the connection is reset (RST) after `value` chunks or half the body", value=3.0
        ),
        FaultKind(name="garbage", effect="a good head, then `value` bytes that are neither JSON nor events", value=512),
        FaultKind(name="garbage_head", effect="bytes that are not HTTP, then FIN"),
        FaultKind(name="gzip", effect="the body is gzip-compressed, asked for or not"),
        FaultKind(name="http10", effect="an HTTP/1.0 answer without length, ended by FIN"),
        FaultKind(name="content_type", effect="the right body as `text/html`"),
        FaultKind(name="huge", effect="the answer is `value` MiB longer", value=64.0),
    )
}


class FaultRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kind` strikes a `share` in [0, 1] of the requests that fit. `value` None takes the kind's own.

    Those fit whose model begins with `model` and whose system prompt contains `prompt`; empty ones fit all.
    """

    kind: str
    share: float = 1.0
    model: str = ""
    prompt: str = ""
    value: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidInput(f"unknown fault {self.kind!r}", where="kind", mend=f"known: {', '.join(KINDS)}")
        if not 0.0 <= self.share <= 1.0:
            raise InvalidInput(f"share {self.share} is not in [0, 1]", where="share", mend="0.01 is one per cent")
        if self.value is not None and not 0.0 <= self.value < float("inf"):
            raise InvalidInput(f"value {self.value} is not a number ≥ 0", where="value", mend="leave it out")

    @property
    def number(self) -> float:
        """The rule's value, or its kind's."""
        return KINDS[self.kind].value if self.value is None else self.value

    def fits(self, model: str, prompt: str) -> bool:
        """Whether the rule is about this model and system prompt."""
        return model.startswith(self.model) and self.prompt in prompt


def parse_rule(text: str) -> FaultRule:
    """A rule written `kind`, `kind:share` or `kind:share:value`; InvalidInput says what is wrong with it."""
    kind, *numbers = text.strip().split(":")
    if len(numbers) > 2:
        raise InvalidInput(
            f"{text!r} has too many parts", where="fault", mend="write kind:share:value, as in cut:0.02:3"
        )
    try:
        parsed = [float(number) for number in numbers]
    except ValueError as error:
        raise InvalidInput(
            f"{text!r}: {error}", where="fault", mend="write kind:share:value, as in 500:0.01"
        ) from error
    share = parsed[0] if parsed else 1.0
    return FaultRule(kind=kind, share=share, value=parsed[1] if len(parsed) > 1 else None)


def parse_demand(text: str) -> FaultRule:
    """A fault demanded for one request, written `kind` or `kind:value`."""
    kind, _, value = text.strip().partition(":")
    return parse_rule(f"{kind}:1:{value}" if value else kind)


def rules_of(document: Any) -> tuple[FaultRule, ...]:
    """The rules of a JSON document `{"rules": [{"kind", "share", "model", "prompt", "value"}, …]}` or its bare list."""
    listed = document.get("rules") if isinstance(document, dict) else document
    if not isinstance(listed, list):
        raise InvalidInput("no list of rules", where="rules", mend='send {"rules": [{"kind": "500", "share": 0.01}]}')
    try:
        return tuple(msgspec.convert(listed, list[FaultRule]))
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error), where="rules", mend="fields: kind, share, model, prompt, value") from error


def split_model(model: str) -> tuple[str, FaultRule | None]:
    """The model's own name, and the fault its suffix demands: `sim-large+hang`, `sim-large+cut:5`."""
    name, plus, demand = model.partition("+")
    return name, parse_demand(demand) if plus else None


def strike(rules: tuple[FaultRule, ...], model: str, prompt: str, draws: Draws) -> FaultRule | None:
    """The first rule that fits and whose share holds the drawn number; None when none strikes."""
    for rule in rules:
        if rule.fits(model, prompt) and draws.uniform() < rule.share:
            return rule
    return None
