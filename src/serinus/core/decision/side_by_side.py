"""Each metric offline, in shadow and live beside each other, and the gaps between these places (E3).

Candidate and baseline meet other requests in each place, so that what is compared between two places is the ratio of
candidate to baseline. In a place it lies inside its interval at all times with 1 − α; two places are a gap apart when
their intervals are further apart than the metric's margin: falsely so in at most 2α of all releases, for a metric and
two places. A gap accuses nobody: it says that one place does not show what the other sees.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import permutations
from types import MappingProxyType

import msgspec

from serinus.core.decision import ratios
from serinus.core.decision.offline_seen import offline_seen
from serinus.core.decision.ratios import UnitSpread
from serinus.core.decision.seen import Seen, from_arms, from_pairs, over
from serinus.core.decision.shadow_standing import ShadowStanding
from serinus.core.decision.standing import EvidenceStanding, Standing
from serinus.core.metrics import REGISTRY
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.pipeline.shadow import MARGINS, TITLES, Measure
from serinus.core.pipeline.stages import StageResult
from serinus.core.release.release import Release
from serinus.core.routing.assignment import Arm
from serinus.core.stats import estimate

Values = Mapping[str, tuple[float | None, float | None]]
NO_VALUES: Values = MappingProxyType({})
USUAL_MARGIN = Guardrail(metric="call.error").max_ratio
"""Of an event that no guardrail compares."""
_MEASURES: dict[str, Measure] = {
    "latency.p50": "latency",
    "ttft.p50": "ttft",
    "cost.per_call": "cost",
    "tokens.per_call": "tokens_out",
}
"""Metrics whose ratio a shadow measures too, as the geometric mean over pairs."""
_TITLES = {str(measure): title for measure, title in TITLES.items()}
_MARGINS = {str(measure): margin for measure, margin in MARGINS.items()}
_PLACES = ("offline", "shadow", "live")
_WHERE = {"offline": "offline", "shadow": "in shadow", "live": "live"}


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """One metric, or one criterion of a suite (`unit` is `score`: higher is better), in each place that has seen it.
    `gap` is a sentence; empty: none is seen."""

    metric: str
    title: str
    unit: str
    margin: float | None = None
    offline: Seen | None = None
    shadow: Seen | None = None
    live: Seen | None = None
    gap: str = ""

    @property
    def places(self) -> int:
        """How many places have seen it."""
        return sum(self.at(place) is not None for place in _PLACES)

    def at(self, place: str) -> Seen | None:
        """What a place has seen."""
        return {"offline": self.offline, "shadow": self.shadow, "live": self.live}[place]


def side_by_side(
    release: Release,
    now: Standing,
    results: Sequence[StageResult] = (),
    spreads: Sequence[UnitSpread] = (),
    recent: Values = NO_VALUES,
) -> tuple[Beside, ...]:
    """Every metric that at least one place has seen, those with a gap first, then in the order of the registry.

    `results` are those of the release's stages, whole; `spreads` as `standing` judged them; `recent` what candidate
    and control showed live of metrics that are not counted by unit, in the metric's unit.
    """
    alpha = release.plan.alpha
    found: dict[str, dict[str, Seen]] = {}
    for place, seen in (
        ("offline", offline_seen(release, results, alpha)),
        ("shadow", _shadow(now.shadow, alpha)),
        ("live", _live(release, now, spreads, recent, alpha)),
    ):
        for name, one in seen.items():
            found.setdefault(name, {})[place] = one
    order = {name: i for i, name in enumerate(REGISTRY)}
    names = sorted(found, key=lambda name: (order.get(name, len(order)), name))
    return tuple(sorted((_row(release, name, found[name]) for name in names), key=lambda row: not row.gap))


def _row(release: Release, name: str, seen: Mapping[str, Seen]) -> Beside:
    known = REGISTRY.get(name)
    row = Beside(
        metric=name,
        title=known.title if known else _TITLES.get(name, name),
        unit=known.unit if known else ("ratio" if name in _TITLES else "score"),
        margin=_margin(release, name),
        offline=seen.get("offline"),
        shadow=seen.get("shadow"),
        live=seen.get("live"),
    )
    return msgspec.structs.replace(row, gap=gap_of(row))


def _margin(release: Release, name: str) -> float | None:
    """What is tolerated of a ratio; None of what is not compared by one."""
    rail = next((one for one in release.plan.guardrails if one.metric == name), None)
    if rail is not None and rail.kind != "score":
        return rail.max_ratio
    if name in REGISTRY and REGISTRY[name].event:
        return USUAL_MARGIN
    return _MARGINS.get(_MEASURES.get(name, name))


def gap_of(row: Beside) -> str:
    """The two places that are furthest apart, where that is beyond the margin, in a sentence; else empty."""
    if row.margin is None:
        return ""
    distance, text = max(_apart(row, less, more) for less, more in permutations(_PLACES, 2))
    return text if distance > math.log(row.margin) else ""


def _apart(row: Beside, less: str, more: str) -> tuple[float, str]:
    """By how much the ratio is higher in one place than in another at least, as a logarithm, and in a sentence."""
    a, b = row.at(less), row.at(more)
    if a is None or b is None or not a.high or not b.low:
        return -math.inf, ""
    text = (
        f"{row.title}: at least {b.low:.3g} times the baseline's {_WHERE[more]}, but at most {a.high:.3g} times "
        f"{_WHERE[less]}; up to {row.margin:g} times may lie between them"
    )
    return math.log(b.low / a.high), text


def _shadow(standing: ShadowStanding | None, alpha: float) -> dict[str, Seen]:
    if standing is None:
        return {}
    found: dict[str, Seen] = {}
    for one in standing.events:
        pairs = one.pairs
        if pairs.units:
            seen = Seen(n=pairs.units, candidate=one.candidate_rate, baseline=one.baseline_rate)
            found[pairs.metric] = from_pairs(seen, pairs.both, pairs.candidate_only, pairs.baseline_only, alpha)
    metric_of = {measure: name for name, measure in _MEASURES.items()}
    for measured in standing.measures:
        name = metric_of.get(measured.measure, measured.measure)
        found[name] = Seen(n=measured.units, ratio=measured.ratio, low=measured.low, high=measured.high)
    return found


def _live(
    release: Release, now: Standing, spreads: Sequence[UnitSpread], recent: Values, alpha: float
) -> dict[str, Seen]:
    if not release.exposed:
        return {}
    arms = {one.arm: one for one in now.arms}
    candidate, control = arms[Arm.CANDIDATE.label], arms[Arm.CONTROL.label]
    if not candidate.units:
        return {}
    found = {
        name: Seen(n=candidate.units, candidate=one, baseline=zero, ratio=over(one, zero))
        for name, (one, zero) in recent.items()
        if one is not None
    }
    for one in candidate.events:
        other = control.event(one.metric)
        if other is not None and one.metric in REGISTRY and REGISTRY[one.metric].event:
            seen = Seen(n=candidate.units, candidate=one.rate, baseline=other.rate)
            found[one.metric] = from_arms(seen, one.units, other.units, alpha)
    rails = {rail.metric: rail for rail in release.plan.guardrails}
    for valued in now.evidence:
        if valued.candidate_value is not None:
            found[valued.metric] = _valued(valued, rails[valued.metric], spreads, alpha)
    return found


def _valued(one: EvidenceStanding, rail: Guardrail, spreads: Sequence[UnitSpread], alpha: float) -> Seen:
    seen = Seen(n=one.candidate, candidate=one.candidate_value, baseline=one.control_value)
    if one.kind != "ratio":
        return seen
    seen = msgspec.structs.replace(seen, ratio=over(one.candidate_value, one.control_value))
    effect = ratios.compare(rail, spreads).effect
    if not isinstance(effect, estimate.Effect):
        return seen
    low, high = estimate.interval(effect, ratios.tau(rail), alpha)
    return msgspec.structs.replace(seen, low=math.exp(low), high=math.exp(high))
