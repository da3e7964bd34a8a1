"""The metric registry: what is counted, in which unit and direction, at which level, and when it is ripe."""

from __future__ import annotations

import difflib
import hashlib
from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.records.record import Event

LABEL_S = 900
"""How long after a user was first exposed a label is waited for, unless the guardrail says otherwise."""

Kind = Literal["events", "quantile", "ratio", "score"]
"""First bad events (statistics 4.1), a latency's quantile (4.4), a ratio of sums over units (4.2), or a bounded score
of each unit (4.3)."""


class Quantile(msgspec.Struct, frozen=True, kw_only=True, tag="quantile"):
    """The value that a share `q` of calls does not exceed, from the rollups' histogram `of`."""

    of: Literal["latency", "ttft"]
    q: float


class Ratio(msgspec.Struct, frozen=True, kw_only=True, tag="ratio", omit_defaults=True):
    """A quotient of two sums of the rollups: `over` / `under`, over the calls that `calls` counts. So many of each make
    one in the metric's unit: `over_one` and `under_one`."""

    over: Literal["stream_tokens", "cost_nano", "tokens_out"]
    under: Literal["stream_us", "priced", "requests"]
    calls: Literal["streams", "priced", "requests"]
    over_one: int = 1
    under_one: int = 1_000_000

    def value(self, over: int, under: int) -> float | None:
        """The quotient in the metric's unit; None when there is none."""
        return over * self.under_one / (under * self.over_one) if under else None


class Bounded(msgspec.Struct, frozen=True, kw_only=True, tag="score"):
    """A score that somebody gives an answer, from `low` to `high`."""

    low: float = 0.0
    high: float = 1.0

    def share(self, value: float) -> float | None:
        """Where a value stands on its scale, in [0, 1]; None for what is not on it, NaN too."""
        return (value - self.low) / (self.high - self.low) if self.low <= value <= self.high else None


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One metric. `event` is the bit of the record that carries it; a metric without one is read from rollups, as
    `measure` says, and only absolute limits look at it.

    `maturation_s` is how long after a call its label is final. `scale` is the integer scale of stored sums.
    `per_unit` names what of a call is added up by unit, so that a guardrail can compare the arms' ratios of it.
    `revision` is raised when the same name begins to count something else. `title` and `description` are for people.
    """

    name: str
    title: str
    unit: Literal["share", "ms", "s", "tokens", "tokens/s", "usd", "score", "count"]
    direction: Literal["lower", "higher"]
    level: Literal["unit", "request"]
    event: int = 0
    maturation_s: int = 0
    scale: int = 1
    revision: int = 1
    description: str = ""
    measure: Quantile | Ratio | Bounded | None = None
    per_unit: Literal["", "cost", "tokens"] = ""

    @property
    def kind(self) -> Kind | None:
        """How a guardrail on it is judged; None: none can be."""
        if self.event:
            return "events"
        if isinstance(self.measure, Quantile):
            return "quantile"
        if isinstance(self.measure, Bounded):
            return "score"
        return "ratio" if self.per_unit else None

    @property
    def definition(self) -> bytes:
        """What is counted, as compact JSON with sorted keys: all fields but the words for people. An event metric's
        has no `measure`, so that it is what it was before there were measures."""
        fields = msgspec.structs.asdict(self)
        words = ("title", "description", "per_unit") + (() if self.measure else ("measure",))
        counted = {name: value for name, value in fields.items() if name not in words}
        return msgspec.json.encode(counted, order="sorted")

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the definition: a changed one restarts the metric's evidence, better words for it do not."""
        return hashlib.sha256(self.definition).hexdigest()


def _event(name: str, title: str, event: Event, description: str) -> Metric:
    return Metric(
        name=name, title=title, unit="share", direction="lower", level="unit", event=int(event), description=description
    )


def _score(
    name: str,
    title: str,
    description: str,
    scale: Bounded | None = None,
    direction: Literal["lower", "higher"] = "higher",
) -> Metric:
    return Metric(
        name=name,
        title=title,
        unit="score",
        direction=direction,
        level="unit",
        maturation_s=LABEL_S,
        scale=1_000_000,
        description=description,
        measure=scale or Bounded(),
    )


def _quantile(name: str, title: str, of: Literal["latency", "ttft"], q: float, description: str) -> Metric:
    return Metric(
        name=name,
        title=title,
        unit="ms",
        direction="lower",
        level="request",
        description=description,
        measure=Quantile(of=of, q=q),
    )


REGISTRY: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _event("call.error", "errors", Event.ERROR, "the call failed by the upstream's fault (5xx, time-out, cut)"),
        _event("call.refusal", "refusals", Event.REFUSAL, "the model declined to answer"),
        _event("call.invalid_format", "broken formats", Event.INVALID_FORMAT, "the answer breaks the format rule"),
        _event("call.overdue", "overdue calls", Event.OVERDUE, "no first byte within the app's `overdue` limit"),
        _event("call.left", "callers who left unanswered", Event.LEFT, "the caller left before the first byte"),
        _event("call.policy_violation", "policy violations", Event.POLICY_VIOLATION, "a deterministic rule matched"),
        _event(
            "call.zero_tolerance",
            "violations without tolerance",
            Event.ZERO_TOLERANCE,
            "a deterministic rule with zero tolerance matched",
        ),
        _event("feedback.thumbs_down", "thumbs down", Event.THUMBS_DOWN, "the user rated the answer as bad"),
        _event("feedback.escalated", "hand-offs to people", Event.ESCALATED, "the user was handed over to a person"),
        _event("feedback.abandoned", "abandoned conversations", Event.ABANDONED, "the user gave up"),
        _event("feedback.recontact", "re-contacts", Event.RECONTACT, "the user came back with what was resolved"),
        _quantile("latency.p50", "p50 latency", "latency", 0.5, "half of the calls take longer"),
        _quantile("latency.p95", "p95 latency", "latency", 0.95, "5 of 100 calls take longer"),
        _quantile("latency.p99", "p99 latency", "latency", 0.99, "1 of 100 calls takes longer"),
        _quantile("ttft.p50", "p50 time to first byte", "ttft", 0.5, "half of the answers begin later"),
        _quantile("ttft.p95", "p95 time to first byte", "ttft", 0.95, "5 of 100 answers begin later"),
        _quantile("ttft.p99", "p99 time to first byte", "ttft", 0.99, "1 of 100 answers begins later"),
        Metric(
            name="speed.tokens_per_s",
            title="generation speed",
            unit="tokens/s",
            direction="higher",
            level="request",
            description="tokens after the first byte of whole streams over the time that they took",
            measure=Ratio(over="stream_tokens", under="stream_us", calls="streams"),
        ),
        Metric(
            name="cost.per_call",
            title="cost per call",
            unit="usd",
            direction="lower",
            level="request",
            description="what the provider's list prices make of the tokens, over the calls whose price is known",
            measure=Ratio(over="cost_nano", under="priced", calls="priced", over_one=1_000_000_000, under_one=1),
            per_unit="cost",
        ),
        Metric(
            name="tokens.per_call",
            title="tokens per call",
            unit="tokens",
            direction="lower",
            level="request",
            description="tokens that the model wrote, over all calls; one that failed wrote none",
            measure=Ratio(over="tokens_out", under="requests", calls="requests", under_one=1),
            per_unit="tokens",
        ),
        _score("judge.correctness", "correctness", "how right a judge finds the answer"),
        _score("judge.faithfulness", "faithfulness", "how well the answer keeps to its sources, by a judge"),
        _score(
            "judge.hallucination",
            "hallucination",
            "whether the answer claims what nothing supports, by a judge: 1 it does, 0 it does not",
            direction="lower",
        ),
        _score("judge.coherence", "coherence", "how well the answer hangs together, by a judge"),
        _score("judge.policy", "policy", "how well the answer keeps to the policy, by a judge"),
        _score("feedback.rating", "rating", "what the user gave the answer, of 5", Bounded(low=1.0, high=5.0)),
        _score("feedback.outcome", "outcome", "how well what the user came for went, as the app reports it"),
    )
}


def event_metric(name: str) -> Metric:
    """The event metric of this name; InvalidInput with the known names when there is none."""
    found = REGISTRY.get(name)
    if found is None or not found.event:
        known = sorted(metric.name for metric in REGISTRY.values() if metric.event)
        raise InvalidInput(f"{name!r} is no event of a call", where="metric", mend=f"known: {', '.join(known)}")
    return found


def metric(name: str) -> Metric:
    """The metric of this name; InvalidInput with the known names when there is none."""
    found = REGISTRY.get(name)
    if found is None:
        near = difflib.get_close_matches(name, REGISTRY, n=1, cutoff=0.8)
        mend = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(sorted(REGISTRY))}"
        raise InvalidInput(f"unknown metric {name!r}", where="metric", mend=mend)
    return found
